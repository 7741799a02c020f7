"""Provokes every error of a vendor against an in-process simulator, and reports what the client raises."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import httpx

from soundstage import SkippingClock, SoundstageError
from soundstage_contracts import load_facts
from soundstage_server import Fault, InProcess, Scenario, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from soundstage_contracts.declarations.vendor import DemoCall, VendorContract
    from soundstage_server.model.messages import Refusal

CREDENTIALS: Final = ("invalid-", "expired-", "broke-", "limited-")
WORDS: Final = ("fail", "block", "block_later", "timeout", "cancel", "never")
WAIT_SECONDS: Final = 600
"""Seconds of virtual time after which the wait for a job that never ends stops."""


class Raised(NamedTuple):
    """What a call raised: the class, the code, and the HTTP status of the response; all empty if it succeeded."""

    name: str = ""
    code: int | str | None = None
    status: int | None = None


class Provoker:
    """One vendor's client before a simulator of its own.

    Args:
        vendor: The vendor's slug.

    Used as a context manager.
    """

    def __init__(self, vendor: str) -> None:
        module = import_module(f"soundstage_contracts.vendors.{vendor}")
        self.vendor = vendor
        self.contract: VendorContract = module.CONTRACT
        self._call: DemoCall = module.DEMO[0]
        self._closing = ExitStack()
        self._world = self._closing.enter_context(World(clock="auto", media="small"))
        self._simulator = self._closing.enter_context(InProcess(self._world))
        self._base = load_facts(vendor).vendors[vendor].base_url_at(self._simulator.url)
        self._accounts = 0

    def __enter__(self) -> Self:
        """Return the object itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the simulator."""
        self._closing.close()

    @property
    def codes(self) -> dict[str, Refusal]:
        """Every refusal that an order can name, by its code."""
        return dict(self._world.services[self.vendor].codes)

    @property
    def has_jobs(self) -> bool:
        """Whether a call starts a job, in contrast to one that returns the result itself."""
        return bool(self.contract.ends)

    def order(self, code: str) -> Raised:
        """Order the refusal *code* for the next call, and make it."""
        self._world.scenario(Scenario("refuse", code=code, vendor=self.vendor))
        try:
            return self._raised(self._credential(""), self._submit)
        finally:
            self._world.scenarios.clear()

    def credential(self, word: str) -> Raised:
        """Make a call, and a second one, with a credential that starts with *word*."""

        def calls(client: Any) -> None:
            self._submit(client)
            self._submit(client)

        return self._raised(self._credential(word), calls)

    def word(self, word: str) -> Raised:
        """Make a call with ``soundstage:`` and *word* in its text, and wait 600 virtual seconds for its result."""

        def call(client: Any) -> None:
            job = self._submit(client, f" soundstage:{word}")
            if self.has_jobs:
                job.result(timeout=WAIT_SECONDS)

        return self._raised(self._credential(""), call)

    def fault(self, fault: Fault, *, saving: bool) -> Raised:
        """Make a call with *fault* in every request to create, or in every download of the result."""
        with tempfile.TemporaryDirectory() as folder:

            def call(client: Any) -> None:
                job = self._submit(client)
                job.wait()
                if saving:
                    self._world.fault(fault)
                job.save(folder)

            if not saving:
                self._world.fault(fault)
            try:
                return self._raised(self._credential(""), call)
            finally:
                self._world.faults.clear()

    def response(self, status: int, body: object) -> Raised:
        """Make a call that gets *body* as the response, which the simulator never sends."""
        transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
        with httpx.Client(transport=transport) as http:
            return self._raised(self._credential(""), self._submit, http)

    def _submit(self, client: Any, text: str = "") -> Any:
        arguments = dict(self._call.arguments)
        name = self.contract.texts.get(self._call.method, "prompt")
        arguments[name] += text
        return getattr(client, self._call.method)(**arguments)

    def _credential(self, word: str) -> str:
        self._accounts += 1  # an account of its own, as the money of an earlier one may be used up
        return f"{word}account-{self._accounts}"

    def _raised(self, credential: str, call: Callable[[Any], object], http: httpx.Client | None = None) -> Raised:
        with self._client(credential, http) as client:
            try:
                call(client)
            except SoundstageError as error:
                return Raised(type(error).__name__, error.code, error.status)
        return Raised()

    @contextmanager
    def _client(self, credential: str, http: httpx.Client | None) -> Iterator[Any]:
        with ExitStack() as closing:
            options = dict(self.contract.options(self._base))
            options.setdefault("base_url", self._base)
            options["http"] = http or closing.enter_context(self._simulator.client())
            credentials = self.contract.credentials(credential)
            yield closing.enter_context(self.contract.client(**credentials, clock=SkippingClock(), **options))


def client_table(vendor: str) -> dict[str, str]:
    """Return the client's own table of codes of *vendor*, with the name of each error; empty where there is none."""
    profile = import_module(f"soundstage.vendors.{vendor}.profile")
    tables = (getattr(profile, name, {}) for name in ("REFUSALS", "PROXY_REFUSALS"))
    return {str(code): kind.__name__ for table in tables for code, kind in table.items()}
