"""Writes docs/errors.md: every code of every vendor, what it means, what the client raises, and how to provoke it.

Nothing below its head is typed in: codes, HTTP statuses, meanings and facts come from the simulator's refusals, and
what is raised is observed by provoking each error as the page describes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstage_contracts import VENDORS, load_facts
from soundstage_server import Fault
from tools.docs_site.markdown import table
from tools.docs_site.provocation import CREDENTIALS, WORDS, Provoker, Raised, client_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UNSENT: Final = {
    "UNAUTHENTICATED": (401, "the credential is not valid"),
    "FAILED_PRECONDITION": (400, "the request cannot be executed in this state, such as without billing"),
}
"""Codes of Google's documents that the client knows and the simulator never sends: HTTP status and meaning."""

HEAD: Final = Path(__file__).with_name("errors_head.md").read_text(encoding="utf-8")


def error_catalog() -> str:
    """Return the whole page."""
    parts = [HEAD, network_section(), *(vendor_section(vendor) for vendor in VENDORS)]
    return "\n".join(parts)


def network_section() -> str:
    """Return the section about faults of the network, with Tomoviee's client as the example."""
    faults = (
        ("a reset before the service has done anything", Fault("reset_before")),
        ("a reset after the work, so that its response is lost", Fault("reset_after")),
        ("no response within the time-out", Fault("hang")),
        ("a response that ends too early", Fault("truncate")),
        ("half of a JSON body", Fault("malformed")),
        ("a gateway's HTTP 503 without a body", Fault("status", status=503)),
        ("a redirect", Fault("redirect")),
        ("HTTP 403 for the address of a result", Fault("expired")),
    )
    rows = []
    with Provoker("tomoviee") as provoker:
        for meaning, fault in faults:
            order = f"`{fault.kind}`" if fault.status is None else f"`{fault.kind}`, `status`: {fault.status}"
            raised = [_raised(_fault(provoker, fault, saving=saving)) for saving in (False, True)]
            rows.append((meaning, order, *raised))
    head = (
        "## Faults of the network\n\n"
        "What the client raises while the fault lasts, here Tomoviee's: every request to create, or every download, "
        "has it.\n[Fault injection](simulator.md#fault-injection) describes the kinds and their options. Infrai's "
        "client sends a lost\nsubmission again with its idempotency key, and Cloudsway's finds the job by its name.\n\n"
    )
    return head + table(("What happens", "Fault", "Creating raises", "Saving raises"), rows)


def _fault(provoker: Provoker, fault: Fault, *, saving: bool) -> Raised:
    method, path = ("GET", "/_files/") if saving else ("POST", None)
    injected = Fault(fault.kind, vendor="tomoviee", status=fault.status, method=method, path=path)
    return provoker.fault(injected, saving=saving)


def vendor_section(vendor: str) -> str:
    """Return the section of *vendor*: its codes, and the ends of its jobs."""
    title = _title(vendor)
    with Provoker(vendor) as provoker:
        codes = table(("Code", "HTTP", "Meaning", "Fact", "The client raises", "Provoke it by"), code_rows(provoker))
        ends = table(("Word", "The client raises", "Its code"), end_rows(provoker))
    return (
        f"## {title}\n\n{codes}\n### {title}: how a call ends\n\n"
        f"`result()` of a call with the word in its prompt; see [the vendor's page](vendors/{vendor}.md).\n\n{ends}"
    )


def code_rows(provoker: Provoker) -> Iterator[Sequence[str]]:
    """Yield a row for every code, in the order of the simulator's table."""
    facts = load_facts(provoker.vendor)
    by_credential = {word: provoker.credential(word) for word in CREDENTIALS}
    for code, refusal in provoker.codes.items():
        raised = provoker.order(code)
        words = [f"`{word}`" for word, seen in by_credential.items() if code in {str(seen.code), _code_by_status(seen)}]
        ways = "order" + (f", or a credential {' or '.join(words)}" if words else "")
        fact = facts[f"{provoker.vendor}:{refusal.fact}"]
        about = f"`{fact.key}`, {fact.certainty}"
        meaning = refusal.message if refusal.message.isascii() else fact.statement
        yield f"`{code}`", str(refusal.status), meaning, about, _raised(raised, code), ways
    for code in sorted(client_table(provoker.vendor).keys() - provoker.codes.keys()):
        status, meaning = UNSENT[code]
        raised = provoker.response(status, {"error": {"code": status, "status": code, "message": meaning}})
        yield f"`{code}`", str(status), meaning, "", _raised(raised, code), "only the service sends it"


def end_rows(provoker: Provoker) -> Iterator[Sequence[str]]:
    """Yield a row for every word of a prompt."""
    for word in WORDS:
        raised = provoker.word(word)
        code = "" if raised.code is None else f"`{raised.code}`"
        yield f"`soundstage:{word}`", _raised(raised), code


def _code_by_status(raised: Raised) -> str | None:
    """Return the code of an error whose vendor has no codes but HTTP statuses."""
    return str(raised.status) if raised.name and raised.code is None else None


def _raised(raised: Raised, code: str | None = None) -> str:
    if not raised.name:
        return "nothing: it succeeds"
    known = {str(raised.code), _code_by_status(raised)}
    other = f", `code` {raised.code!r}" if code is not None and code not in known else ""
    return f"`{raised.name}`{other}"


def _title(vendor: str) -> str:
    from soundstage_server import World

    with World() as world:
        return str(world.services[vendor].title)
