"""The contracts of EdrawMax's diagrams and of their download: trusted hosts, file names, complete files."""

# ruff: noqa: RUF001 - prompts are in several scripts

from __future__ import annotations

import re
import ssl
import time
from contextlib import nullcontext
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from soundstage import EdrawMax, InvalidArgument, SkippingClock, errors
from soundstage_contracts import load_facts, proves
from soundstage_contracts.vendors.edrawmax import CONTRACT, reading
from soundstage_contracts.vendors.edrawmax.arguments import KINDS, LANGUAGES, START, points
from soundstage_contracts.vendors.edrawmax.raw_client import RawClient

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage_contracts.simulators.target import Target

PNG, SVG = b"\x89PNG\r\n\x1a\n" + bytes(64), b'<svg xmlns="http://www.w3.org/2000/svg"/>'
NAME = "diagram_20260312_143000"
PROMPTS = {
    "flowchart": "Tea: boil water, is it hot? pour it, otherwise wait. Drink, is the cup empty? wash up",
    "infographic": "水: 海洋 97%、氷河 2%、川と湖（飲み水）",
    "gantt": "Запуск\n- Анализ: опрос 5 дней, отчёт\n- Сборка: код 3 недели",
    "mindmap": "여행: 준비 (여권, 가방), 이동, 숙소 (호텔, 캠핑)",
}
kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return a raw client with a new user."""
    return RawClient(target)


@proves("edrawmax:answer.content", "edrawmax:answer.flowchart", side="server")
@given(words=points(), cut=st.sampled_from([", ", "; ", "\n", " -> ", "，", "、", "。", ". "]))
def test_flowchart_has_the_points_of_its_prompt(target: Target, words: list[str], cut: str) -> None:
    """A prompt's points become the flowchart's steps, in order and linked, whichever separator divides them."""
    chart = reading.flowchart(RawClient(target).code("flowchart", cut.join(words), lang="en"))
    assert [text.casefold() for text in chart.nodes.values()] == ["start", *map(str.casefold, words), "end"]
    names = list(chart.nodes)
    assert [(one, other) for one, _, other in chart.edges] == list(pairwise(names))


@proves("edrawmax:answer.content", side="server")
def test_question_is_a_decision_with_two_branches(raw: RawClient) -> None:
    """A question is a decision: yes leads to the next step, no to the stated alternative or back to the step before."""
    chart = reading.flowchart(raw.code("flowchart", PROMPTS["flowchart"], lang="en"))
    texts = chart.nodes
    assert [texts[name] for name in texts if name in chart.questions] == ["Is it hot?", "Is the cup empty?"]
    ways = {(texts[one], label, texts[other]) for one, label, other in chart.edges if one in chart.questions}
    assert ways == {
        ("Is it hot?", "Yes", "Pour it"),
        ("Is it hot?", "No", "Wait"),
        ("Is the cup empty?", "Yes", "Wash up"),
        ("Is the cup empty?", "No", "Drink"),
    }
    assert {(texts[one], texts[other]) for one, _, other in chart.edges} >= {("Pour it", "Drink"), ("Wait", "Drink")}


@proves("edrawmax:answer.content", "edrawmax:lang.enum", side="server")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_added_words_are_in_the_requested_language(raw: RawClient, lang: str) -> None:
    """The first step of a flowchart is in the requested language, in the code and in the SVG."""
    data = raw.draw("flowchart", "A fox", lang=lang)
    first, *_ = reading.flowchart(data["mermaid_code"]).nodes.values()
    assert first == START[lang]
    assert START[lang] in reading.drawing(raw.get(data["svg_url"])).words


@proves("edrawmax:answer.source_code", "edrawmax:answer.content", "edrawmax:answer.others", side="server")
def test_other_kinds_have_the_structure_of_the_prompt(raw: RawClient) -> None:
    """A mind map has the prompt's levels, a Gantt chart its tasks one after another, an infographic its shares."""
    assert reading.mindmap(raw.code("mindmap", PROMPTS["mindmap"])) == [
        (0, "여행"), (1, "준비"), (2, "여권"), (2, "가방"), (1, "이동"), (1, "숙소"), (2, "호텔"), (2, "캠핑"),
    ]  # fmt: skip
    tasks = reading.gantt(raw.code("gantt", f"2026-03-02\n{PROMPTS['gantt']}", lang="ru"))
    assert [(text, days) for text, _, days in tasks if text in ("Опрос", "Код")] == [("Опрос", 5), ("Код", 21)]
    assert [text for text, _, _ in tasks][-3:] == ["Опрос", "Отчёт", "Код"]
    days = [day for _, day, _ in tasks]
    assert (days, days[0]) == (sorted(set(days)), "2026-03-02")
    shares = reading.timeline(raw.code("infographic", PROMPTS["infographic"], lang="jp"))
    assert shares == [["海洋", "97%"], ["氷河", "2%"], ["川と湖", "飲み水"]]


@proves("edrawmax:answer.content", side="server")
@kinds
@given(prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300).filter(str.strip))
@example(prompt='say "hi" <b>; `x`, #1, section a: b, 50% (c) [d] {e} \\ end')
def test_any_prompt_makes_a_readable_diagram(target: Target, kind: str, prompt: str) -> None:
    """The code of any prompt can be parsed, with every character that Mermaid reserves escaped."""
    raw = RawClient(target)
    data = raw.draw(kind, prompt.replace("soundstage:", "") or "x")
    readers = {"flowchart": reading.flowchart, "mindmap": reading.mindmap, "gantt": reading.gantt}
    readers.get(kind, reading.timeline)(data["mermaid_code" if kind == "flowchart" else "source_code"])
    assert reading.drawing(raw.get(data["svg_url"])).areas


@proves("edrawmax:answer.content", side="server")
@kinds
def test_png_svg_and_code_agree(full_target: Target, kind: str) -> None:
    """The PNG has the SVG's shapes in the SVG's colors at more than 600 points, and the SVG the words of the code."""
    raw = RawClient(full_target)
    data = raw.draw(kind, PROMPTS[kind], lang="jp")
    svg = reading.drawing(raw.get(data["svg_url"]))
    assert reading.shows_the_same(svg, raw.get(data["png_url"])) > 600
    code = data["mermaid_code" if kind == "flowchart" else "source_code"]
    texts = {
        "flowchart": lambda: list(reading.flowchart(code).nodes.values()),
        "mindmap": lambda: [text for _, text in reading.mindmap(code)],
        "gantt": lambda: [text for text, _, _ in reading.gantt(code)],
        "infographic": lambda: [text for point in reading.timeline(code) for text in point],
    }[kind]()
    assert texts
    for text in texts:
        assert text in " ".join(svg.words), f"{text!r} is in the code but not in the SVG"


@proves("edrawmax:answer.content", side="server")
@pytest.mark.parametrize("letters", ["水火山川", "あいうえ", "한국어말", "Жяыю", "ąßçñ"])
def test_every_script_is_legible(full_target: Target, letters: str) -> None:
    """In the PNG, words of different letters look different, so that none is an empty box; the SVG contains them."""
    looks = set()
    for letter in letters:
        data = RawClient(full_target).draw("mindmap", f"{letter}{letter}, X")
        svg = reading.drawing(RawClient(full_target).get(data["svg_url"]))
        assert [word for word in svg.words if word.casefold() == letter.casefold() * 2]
        looks.add(reading.crop_of(svg, RawClient(full_target).get(data["png_url"]), letter))
    assert len(looks) == len(letters)


@proves("edrawmax:result.address", side="server")
def test_result_url_needs_no_user_and_expires(raw: RawClient) -> None:
    """Both files can be fetched without a user for 30 days, and not later."""
    data = raw.draw("gantt")
    anonymous = raw.target.http()
    for name, kind in (("png_url", "image/png"), ("svg_url", "image/svg+xml")):
        response = anonymous.get(data[name])
        assert (response.status_code, response.headers["content-type"].partition(";")[0]) == (200, kind)
    raw.target.control.advance(30 * 24 * 3600 + 60, raw.name)
    assert anonymous.get(data["png_url"]).status_code == 403


@proves("edrawmax:download.files", side="client")
@kinds
def test_both_files_are_saved_under_the_documented_names(
    target: Target, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PNG and an SVG are saved in edrawmax_output, named after the second in which they were saved."""
    monkeypatch.chdir(tmp_path)
    began = time.strftime("diagram_%Y%m%d_%H%M%S")
    saved = getattr(target.client(CONTRACT, target.new_account()), kind)(PROMPTS[kind]).save()
    png, svg = saved
    assert saved.problems == ()
    assert sorted(path.name for path in (tmp_path / "edrawmax_output").iterdir()) == [png.name, svg.name]
    assert re.fullmatch(r"diagram_\d{8}_\d{6}\.png", png.name)
    assert began <= png.stem == svg.stem <= time.strftime("diagram_%Y%m%d_%H%M%S")
    assert png.read_bytes().startswith(PNG[:8])
    reading.drawing(svg.read_bytes())


@proves("edrawmax:download.same_second", side="client")
@pytest.mark.parametrize("taken", [f"{NAME}.png", f"{NAME}.svg", f".{NAME}.saving"])
def test_diagram_of_the_same_second_replaces_no_file(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    """The second diagram within a second gets _2, the third _3, and files stay, also that of a save that goes on."""
    right = time.strftime
    monkeypatch.setattr(
        time, "strftime", lambda form, *when: NAME if form.startswith("diagram") else right(form, *when)
    )
    client = target.client(CONTRACT, target.new_account())
    folder = tmp_path / "new" / "folders"
    folder.mkdir(parents=True)
    (folder / taken).write_bytes(b"mine")
    names = [[path.name for path in client.gantt(f"fox {number}").save(folder)] for number in range(2)]
    assert names == [[f"{NAME}_{number}.png", f"{NAME}_{number}.svg"] for number in (2, 3)]
    assert (folder / taken).read_bytes() == b"mine"
    assert len(list(folder.iterdir())) == 5
    assert len(client.gantt("fox").save(tmp_path / "made" / "here")) == 2


def service(png: str, svg: str, *broken: str) -> tuple[httpx.MockTransport, list[str]]:
    """Return a service with a diagram at these URLs, of which the *broken* ones fail, and the list of fetched URLs."""
    fetched: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={"code": 0, "data": {"png_url": png, "svg_url": svg, "source_code": "x"}})
        fetched.append(str(request.url))
        if str(request.url) in broken:
            return httpx.Response(404)
        return httpx.Response(200, content=PNG if str(request.url) == png else SVG)

    return httpx.MockTransport(respond), fetched


@proves("edrawmax:download.files", side="client")
@pytest.mark.parametrize(("lost", "kept"), [(0, ".svg"), (1, ".png")])
def test_failed_download_of_one_file_keeps_the_other(tmp_path: Path, lost: int, kept: str) -> None:
    """If one file fails, the other is saved and the problem is listed; if both fail, an error is raised."""
    urls = ("https://a.aliyuncs.com/t.png", "https://a.aliyuncs.com/m.svg")
    transport, _ = service(*urls, urls[lost])
    with httpx.Client(transport=transport) as http:
        saved = EdrawMax(http=http, clock=SkippingClock()).gantt("A fox").save(tmp_path)
    assert [path.suffix for path in saved] == [kept]
    assert list(tmp_path.iterdir()) == saved
    (problem,) = saved.problems
    assert isinstance(problem, errors.DownloadRefused)
    assert urls[lost] in str(problem)
    transport, _ = service(*urls, *urls)
    with httpx.Client(transport=transport) as http, pytest.raises(errors.DownloadRefused) as failed:
        EdrawMax(http=http, clock=SkippingClock()).gantt("A fox").save(tmp_path / "none")
    assert urls[0] in str(failed.value)
    assert urls[1] in "".join(failed.value.__notes__)
    assert list((tmp_path / "none").iterdir()) == []


@proves("edrawmax:download.trusted_hosts", side="client")
@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        *[
            (f"https://bucket.{host}/t.png", True)
            for host in ("oss-cn.aliyuncs.com", "wondershare.com", "edrawsoft.com")
        ],
        ("https://edrawmax.com/t.png", True),
        ("http://bucket.aliyuncs.com/t.png", False),
        ("https://bucket.oss.com/t.png", False),
        ("https://aliyuncs.com.evil.example/t.png", False),
        ("https://evilaliyuncs.com/t.png", False),
        ("https://bucket.aliyuncs.com@evil.example/t.png", False),
        ("https://api.edrawmax.cn/t.png", False),
        ("http://127.0.0.1:8080/t.png", False),
        ("ftp://bucket.aliyuncs.com/t.png", False),
    ],
)
def test_files_are_fetched_from_trusted_hosts_only(tmp_path: Path, address: str, *, trusted: bool) -> None:
    """A file is fetched over https from the documented hosts; no request goes to another host."""
    transport, fetched = service(address, "https://a.aliyuncs.com/m.svg")
    with httpx.Client(transport=transport) as http:
        saved = EdrawMax(http=http, clock=SkippingClock()).gantt("A fox").save(tmp_path)
    assert (len(saved) == 2) is trusted
    assert (address in fetched) is trusted
    assert [type(problem) for problem in saved.problems] == ([] if trusted else [errors.DownloadUnsafe])
    hosts = load_facts()["edrawmax:download.trusted_hosts"].statement
    assert all(host in hosts for host in (".aliyuncs.com", ".wondershare.com", ".edrawsoft.com", ".edrawmax.com"))


@pytest.mark.parametrize(
    ("named", "address", "trusted"),
    [
        ("Files.Example.test", "https://files.example.test/t.png", True),
        ("files.example.test", "https://more.files.example.test/t.png", False),
        (".EXAMPLE.test", "https://files.example.test/t.png", True),
        (".example.test", "https://example.test/t.png", True),
        ("example.test", "http://example.test/t.png", False),
        ("http://example.test:81", "http://example.test:81/t.png", True),
        ("http://example.test:81", "http://example.test/t.png", False),
    ],
)
def test_hosts_that_a_user_trusts_replace_the_documented_ones(
    tmp_path: Path, named: str, address: str, *, trusted: bool
) -> None:
    """A name is trusted over https, with a dot before it for its subdomains; an address exactly as it is written."""
    transport, fetched = service(address, address)
    with httpx.Client(transport=transport) as http:
        diagram = EdrawMax(http=http, clock=SkippingClock(), trusted_hosts=[named]).gantt("A fox")
        with nullcontext() if trusted else pytest.raises(errors.DownloadUnsafe):
            diagram.save(tmp_path)
    assert (address in fetched) is trusted


@pytest.mark.parametrize("named", ["", "two hosts", "-example.test", "example.test/path", 5, None])
def test_trusted_host_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, named: Any) -> None:
    """What is neither a host's name nor an address is an InvalidArgument, whose text shows what is allowed."""
    with pytest.raises(InvalidArgument, match="host names such as") as refused:
        EdrawMax(trusted_hosts=[named])
    assert refused.value.field == "trusted_hosts"
    monkeypatch.setenv("EDRAWMAX_TRUSTED_HOSTS", "files.example.test, no_host!")
    with pytest.raises(InvalidArgument, match="no_host!") as refused:
        EdrawMax()
    assert refused.value.field == "EDRAWMAX_TRUSTED_HOSTS"


@proves("edrawmax:download.trusted_hosts", side="client")
def test_redirect_to_another_host_is_not_followed(tmp_path: Path) -> None:
    """A redirect from a trusted host to another host is refused."""
    sent: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            data = {"png_url": "https://a.aliyuncs.com/t.png", "svg_url": "https://a.aliyuncs.com/m.svg"}
            return httpx.Response(200, json={"code": 0, "data": data})
        sent.append(str(request.url.host))
        return httpx.Response(302, headers={"Location": "https://evil.example/t.png"})

    with httpx.Client(transport=httpx.MockTransport(respond)) as http, pytest.raises(errors.DownloadUnsafe):
        EdrawMax(http=http, clock=SkippingClock()).gantt("A fox").save(tmp_path)
    assert set(sent) == {"a.aliyuncs.com"}


@proves("edrawmax:download.trusted_hosts", side="client")
def test_certificates_are_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's own connections require a valid certificate of the host."""
    seen: list[Any] = []

    class Watched(httpx.Client):
        def __init__(self, **options: Any) -> None:
            seen.append(options["verify"])
            super().__init__(transport=service("https://a.aliyuncs.com/t.png", "https://a.aliyuncs.com/m.svg")[0])

    monkeypatch.setattr(httpx, "Client", Watched)
    with EdrawMax(clock=SkippingClock()) as client:
        client.gantt("A fox").png.save(tmp_path)
    assert seen
    for context in seen:
        assert isinstance(context, ssl.SSLContext)
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@proves("edrawmax:answer.url_host")
def test_simulator_is_trusted_only_on_request(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client trusts the simulator's own address if an argument or an environment variable names it."""
    monkeypatch.delenv("EDRAWMAX_TRUSTED_HOSTS", raising=False)
    account, base_url = target.new_account(), target.client_url("edrawmax")
    assert RawClient(target).draw("gantt")["png_url"].startswith(target.url)
    with pytest.raises(errors.DownloadUnsafe, match="not among the trusted hosts"):
        EdrawMax(account, base_url=base_url, http=target.http()).gantt("A fox").save(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".png", ".svg")]
    trusting = EdrawMax(account, base_url=base_url, http=target.http(), trusted_hosts=[target.url])
    assert len(trusting.gantt("A fox").save(tmp_path)) == 2
    monkeypatch.setenv("EDRAWMAX_TRUSTED_HOSTS", f"files.example.com, {base_url}")
    assert len(EdrawMax(account, base_url=base_url, http=target.http()).gantt("A fox").save(tmp_path)) == 2
