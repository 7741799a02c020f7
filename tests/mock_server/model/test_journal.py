"""The journal keeps the last exchanges, and shows none of their secrets."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server.model.journal import BODY_BYTES, ENTRIES, Excerpt, Journal, JournalEntry
from soundstage_server.model.journal.redaction import REDACTED
from soundstage_server.world.verification import RequestPattern, verify

SECRET_HEADERS = ["authorization", "x-app-key", "x-api-key", "x-goog-api-key", "cookie", "proxy-authorization"]
SECRET_NAMES = [
    "password",
    "secret",
    "authToken",
    "accessToken",
    "refreshToken",
    "access_token",
    "primary_api_key",
    "otpCode",
]
SECRET_QUERY = ["key", "secret", "access_key", "token", "Signature", "password"]
# What a secret may be made of, with all that JSON escapes; it begins with a word that nothing else here contains.
secrets = st.text(st.characters(codec="utf-8"), max_size=12).map(lambda tail: f"planted{tail}planted")


def entry(**changes: Any) -> JournalEntry:
    """Make an exchange."""
    plain = {
        "number": 1, "at": 0.0, "method": "POST", "path": "/p", "query": b"", "headers": [], "body": b"", "status": 200,
        "response": b"", "fact": None,
    }  # fmt: skip
    return JournalEntry(**{**plain, **changes})


@given(st.integers(0, 40), st.integers(1, 20))
def test_journal_keeps_the_newest_entries(total: int, size: int) -> None:
    """It is bounded and in order, and drops the oldest first."""
    journal = Journal(size)
    for number in range(total):
        journal.add(*entry(number=number))
    assert [kept.number for kept in journal] == list(range(max(0, total - size), total))
    assert len(journal) == min(total, size)
    journal.clear()
    assert list(journal) == []


def test_journal_is_bounded_by_default() -> None:
    """No account's journal grows without limit."""
    journal = Journal()
    for number in range(ENTRIES + 5):
        journal.add(*entry(number=number))
    assert len(journal) == ENTRIES


@given(
    st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 40_000), st.integers(0, 20)), max_size=30),
    st.integers(1, 30),
)
def test_journal_is_bounded_in_bytes(sizes: list[tuple[int, int, int]], most: int) -> None:
    """Bodies and headers of any size: the journal keeps the newest, and its bytes are the sum of what it keeps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("soundstage_server.model.journal.BYTES", 100_000)
        journal = Journal(most)
        for number, (body, response, headers) in enumerate(sizes):
            many = [(b"x-%d" % index, b"v" * 3000) for index in range(headers)]
            journal.add(*entry(number=number, body=b"b" * body, response=b"r" * response, headers=many))
            kept = list(journal)
            measured = [
                500 + len(one.body) + len(one.response) + sum(len(name) + len(value) for name, value in one.headers)
                for one in kept
            ]
            assert journal.bytes == sum(measured) <= 100_000
            assert [one.number for one in kept] == list(range(number + 1 - len(kept), number + 1))
        journal.clear()
        assert (journal.bytes, journal.latest, journal.latest_at) == (0, 0, 0.0)


def test_repeated_headers_are_stored_once() -> None:
    """A client that polls a thousand times costs one copy of its headers."""
    journal = Journal()
    for number, value in enumerate([b"a", b"a", b"b", b"a"]):
        journal.add(*entry(number=number, headers=[(b"x", value)]))
    headers = [kept.headers for kept in journal]
    assert headers[0] is headers[1]
    assert [value for pairs in headers for _, value in pairs] == [b"a", b"a", b"b", b"a"]


@pytest.mark.parametrize("name", SECRET_HEADERS)
def test_secret_header_is_redacted(name: str) -> None:
    """The header's name stays, its value does not."""
    shown = entry(headers=[(name.encode(), b"planted"), (b"x-other", b"kept")]).redacted()
    assert shown["headers"] == {name: REDACTED, "x-other": "kept"}


@given(st.sampled_from(SECRET_QUERY), st.sampled_from(["", "a=1&"]), st.sampled_from(["", "&b=2"]))
def test_secret_in_the_query_is_redacted(name: str, before: str, after: str) -> None:
    """Wherever it is among the parameters, and nothing else with it."""
    shown = entry(query=f"{before}{name}=pl%61nted+planted{after}".encode()).redacted()
    assert shown["query"] == f"{before}{name}={REDACTED}{after}"


@given(st.sampled_from(SECRET_NAMES), secrets, st.booleans(), st.sampled_from([None, 2]))
def test_secret_in_json_is_redacted(name: str, secret: str, ascii_only: bool, indent: int | None) -> None:  # noqa: FBT001 - Hypothesis passes it
    """Whatever it is made of, quotes and backslashes too, in what was asked and in what was answered."""
    body = json.dumps({"a": 1, "deep": [{name: secret}], "z": "kept"}, ensure_ascii=ascii_only, indent=indent).encode()
    shown = entry(body=body, response=body).redacted()
    for text in (shown["body"], shown["answer"]):
        assert "planted" not in text
        assert json.loads(text) == {"a": 1, "deep": [{name: REDACTED}], "z": "kept"}


def test_truncated_secret_is_redacted() -> None:
    """The limit on a body's length reveals nothing."""
    shown = entry(body=b'{"password": "' + b"planted" * BODY_BYTES + b'"}').redacted()
    assert "planted" not in shown["body"]


def test_long_body_is_truncated_with_its_length() -> None:
    """The full length is shown after the truncated text."""
    assert entry(body=b"x" * BODY_BYTES).redacted()["body"] == "x" * BODY_BYTES
    longer = entry(response=b"x" * (BODY_BYTES + 1)).redacted()
    assert longer["answer"] == f"{'x' * BODY_BYTES}... ({BODY_BYTES + 1} bytes)"


@given(st.binary(), st.binary())
def test_any_bytes_can_be_shown(body: bytes, query: bytes) -> None:
    """Bytes that are no text are shown as well as possible, and always as JSON."""
    json.dumps(entry(body=body, query=query, headers=[(b"x", body)]).redacted()).encode()


def test_repr_of_an_entry_has_no_secrets() -> None:
    """A failing test that shows entries shows neither headers nor bodies."""
    planted = entry(headers=[(b"authorization", b"planted")], body=b"planted", response=b"planted", query=b"planted")
    assert f"{planted!r} {planted}" == "<Entry 1: POST /p 200> <Entry 1: POST /p 200>"


@given(secrets, st.sampled_from(SECRET_NAMES), st.integers(0, 5))
def test_secret_with_an_escaped_name_is_redacted(secret: str, name: str, at: int) -> None:
    """JSON may write any character of a name as an escape."""
    escaped = f"{name[:at]}\\u{ord(name[at]):04x}{name[at + 1 :]}"
    text = '{"list": ["a", ":"], "' + escaped + '" : ' + json.dumps(secret) + ', "z": "kept"}'
    shown = entry(body=text.encode()).redacted()["body"]
    assert "planted" not in shown
    assert json.loads(shown)["z"] == "kept"


@given(st.sampled_from(SECRET_QUERY), st.integers(0, 2))
def test_secret_with_an_encoded_name_is_redacted(name: str, at: int) -> None:
    """A query may write any character of a name as a percent escape, and so may a form."""
    encoded = f"{name[:at]}%{ord(name[at]):02x}{name[at + 1 :]}"
    shown = entry(
        query=f"a=1&{encoded}=planted;planted&b=2".encode(), body=f"{encoded}=planted&b=2".encode()
    ).redacted()
    assert shown["query"] == f"a=1&{encoded}={REDACTED}&b=2"
    assert shown["body"] == f"{encoded}={REDACTED}&b=2"


@pytest.mark.parametrize("name", ["callback", "callback_url", "anything"])
@pytest.mark.parametrize(
    "url",
    [
        "https://user:planted@hooks.example/done?x=1",
        "http://hooks.example/done?token=planted&x=1",
        "http://hooks.example/done?x=1&acc%65ss_token=planted",
        "HTTP://planted@hooks.example/done?x=1#part",
    ],
)
@pytest.mark.parametrize("escape", [False, True], ids=["plain", "escaped"])
def test_secret_in_a_callback_address_is_redacted(name: str, url: str, escape: bool) -> None:  # noqa: FBT001 - parametrized
    """Its password, and the tokens in its query; the address itself stays readable."""
    body = json.dumps({name: url, "list": [url]})
    if escape:
        body = body.replace("/", "\\/").replace("&", "\\u0026").replace("?", "\\u003f")
    shown = entry(body=body.encode()).redacted()["body"]
    assert "planted" not in shown
    assert "hooks.example/done?" in json.loads(shown)[name]
    assert "x=1" in json.loads(shown)["list"][0]


@pytest.mark.parametrize("value", ["123456", "1e5", "true"])
def test_secret_that_is_no_string_is_redacted(value: str) -> None:
    """A code of six digits may be a number."""
    shown = entry(body=f'{{"otpCode": {value}, "a": 1}}'.encode()).redacted()["body"]
    assert json.loads(shown) == {"otpCode": REDACTED, "a": 1}


@given(st.binary(max_size=200).map(lambda tail: b'{"password": "planted' + tail))
def test_redaction_takes_any_bytes(body: bytes) -> None:
    """Text that is no JSON, or is cut off anywhere, is shown without the beginning of a secret."""
    assert "planted" not in entry(body=body).redacted()["body"][:40]


def test_long_bodies_are_cut_when_they_are_kept() -> None:
    """The journal keeps what it shows: the short members of JSON, or the beginning; always length and hash."""
    journal = Journal()
    image = "x" * 1_000_000
    whole = json.dumps({"prompt": "A fox", "image": image}).encode()
    journal.add(*entry(body=whole, response=b"y" * 1_000_000, query=b"q" * 1_000_000, headers=[(b"x", b"z" * 60_000)]))
    (kept,) = journal
    assert isinstance(kept.body, Excerpt)
    assert (kept.body.length, kept.body.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert json.loads(bytes(kept.body))["prompt"] == "A fox"
    assert kept.response == b"y" * BODY_BYTES
    sizes = [len(kept.body), len(kept.response), len(kept.query), sum(len(value) for _, value in kept.headers)]
    assert max(sizes) <= BODY_BYTES
    assert kept.redacted()["body"].endswith(f"... ({len(whole)} bytes)")


def test_long_body_can_be_verified() -> None:
    """Its members are compared as if nothing was cut: equal long strings are equal, others are not."""
    journal = Journal()
    journal.add(*entry(body=json.dumps({"prompt": "A fox", "image": "x" * 50_000}).encode()))
    entries = list(journal)
    assert verify(RequestPattern(body={"prompt": "A fox", "image": "x" * 50_000}), entries, 1)
    assert verify(RequestPattern(body={"image": "x" * 49_999 + "y"}), entries, 0) == []
