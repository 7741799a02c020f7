"""The simulator on a socket, in a thread of its own or in the foreground."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Self

import uvicorn

from soundstage_server.http.access_guard import ControlGuard
from soundstage_server.http.application import Simulator
from soundstage_server.http.health import package_version
from soundstage_server.http.listeners import BACKLOG, listen
from soundstage_server.http.middleware import TrustedProxy, check_origins, with_cors
from soundstage_server.http.protocol import protocol
from soundstage_server.http.protocol.deadlines import Deadlines, end_unfinished
from soundstage_server.http.request_body import MAX_BODY
from soundstage_server.world.world import World

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from ssl import SSLContext

    from soundstage_server.http.middleware import App

_GC_FIRST: Final = 50_000
_TICKS: Final = 10
_GRACE_SECONDS: Final = 0.8


class Server:
    """A world on a socket.

    Args:
        world: The world to serve; by default a new one, which the server closes when it stops.
        host: The address to listen on. On an address that is not loopback, only *control_token* keeps others out of the
            control API. ``localhost`` listens on 127.0.0.1 and ::1.
        port: The port; 0 takes a free one, which is part of `url`.
        control_token: What every call of the control API must carry; None requires none.
        max_body: The most bytes that the body of a request to a vendor may have.
        trust_proxy: Whether X-Forwarded-Proto and X-Forwarded-Host name the address that a client has used; only right
            behind a proxy that sets both.
        page: Whether ``/`` is the inspector, a page that shows every task; if not, it redirects to the API pages.
        cors: The origins (``http://localhost:3000``, or ``*``) whose web pages may use the vendors' routes and read
            results; the control API stays closed to them.
        tls: The certificate to serve with, for https addresses; None serves http.
        listeners: Sockets of *host* that listen already, which the server closes when it stops; none opens new ones.

    Raises:
        ValueError: *max_body* is below 1, *control_token* is empty, or *cors* contains no origin.
        ServeError: The port is in use, or the address is not this machine's.

    Used as a context manager it serves inside the block, in a thread of its own; `run` serves in the foreground. A
    stopped server cannot be started again.

    Attributes:
        world: The world that is served.
        port: The port that it listens on.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        control_token: str | None = None,
        max_body: int = MAX_BODY,
        trust_proxy: bool = False,
        page: bool = True,
        cors: Iterable[str] = (),
        tls: SSLContext | None = None,
        listeners: Sequence[socket.socket] = (),
    ) -> None:
        if max_body < 1:
            raise ValueError(f"max_body must be 1 or more; got {max_body!r}")
        if control_token == "":
            raise ValueError("control_token must not be empty")
        origins = check_origins(cors)
        self._owns_world = world is None
        self.world = World() if world is None else world
        self._sockets = list(listeners) or listen(host, port)
        self.port = int(self._sockets[0].getsockname()[1])
        self._host = host
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        guard = ControlGuard(self.world, bound_to=host, token=control_token)
        app: App = Simulator(
            self.world, guard=guard, max_body=max_body, page=page, stopping=lambda: self._server.should_exit
        )
        if trust_proxy:
            app = TrustedProxy(app)
        if origins:
            app = with_cors(app, origins)
        self._scheme = "http" if tls is None else "https"
        self._server = _Uvicorn(_config(app, tls), self._ready.set)

    @property
    def url(self) -> str:
        """The address of the server, without a slug."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{self._scheme}://{host}:{self.port}"

    def base_url(self, vendor: str) -> str:
        """Return the address that replaces ``https://<the vendor's host>``."""
        return f"{self.url}/{vendor}"

    def __enter__(self) -> Self:
        """Start serving in a thread, and return once the server is ready."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving and free the port."""
        self.stop()

    def start(self) -> None:
        """Start serving in a daemon thread, and return once the server is ready.

        Raises:
            RuntimeError: It was started before.
        """
        if self._thread is not None or self._server.should_exit:
            raise RuntimeError("a server starts once; create another one")
        self._thread = threading.Thread(target=self._serve, name="soundstage-server", daemon=True)
        self._thread.start()
        # Also set when the server ends before it is ready: a failed start must not block the caller.
        self._ready.wait()

    def stop_soon(self) -> None:
        """Let the server begin to stop, without waiting for it: several servers stop at the same time."""
        self._server.should_exit = True

    def stop(self) -> None:
        """Stop serving, free the port and wait for the thread. Safe to call twice."""
        self.stop_soon()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        for listener in self._sockets:
            listener.close()
        if self._owns_world:
            self.world.close()

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Serve in the foreground until Ctrl-C or SIGTERM; *on_ready* is called once the server is ready."""
        self._server.on_ready = on_ready
        thresholds = gc.get_threshold()
        # A million waiting tasks are not garbage, but each collection would visit them: collect less often.
        gc.set_threshold(_GC_FIRST, 20, 50)
        try:
            # uvicorn raises the signal again after a clean stop.
            with suppress(KeyboardInterrupt), _sigterm_as_interrupt():
                self._server.run(sockets=self._sockets)
        finally:
            gc.set_threshold(*thresholds)
            self.stop()

    def _serve(self) -> None:
        self._server.run(sockets=self._sockets)
        self._ready.set()


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, so that temporary files are removed.

    Only the main thread can install a signal handler; in another thread this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Uvicorn(uvicorn.Server):
    """uvicorn's server with a callback when it is ready."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.on_ready = on_ready
        self._deadlines = Deadlines(self.server_state.connections)

    async def on_tick(self, counter: int) -> bool:
        """Do what uvicorn does ten times a second, and check the deadlines once."""
        if counter % _TICKS == 0:
            self._deadlines.check(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop as uvicorn does; what is held for longer, such as a late response, is closed and not reported."""
        state = self.server_state
        ending = asyncio.ensure_future(end_unfinished(state.connections, state.tasks, _GRACE_SECONDS))
        try:
            await super().shutdown(sockets)
        finally:
            ending.cancel()
            with suppress(asyncio.CancelledError):
                await ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then call `on_ready`."""
        await super().startup(sockets)
        self.on_ready()
        # In a thread, after the ready line: the first health check shall not wait for the package's metadata.
        asyncio.get_running_loop().run_in_executor(None, package_version)


def _config(app: App, tls: SSLContext | None = None) -> uvicorn.Config:
    """Return a configuration without what the simulator does not need: dates, access logs, websockets."""
    config = uvicorn.Config(
        app,
        loop="uvloop" if find_spec("uvloop") else "asyncio",
        http=protocol(),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=4 * _GRACE_SECONDS,  # type: ignore[arg-type] # any number of seconds works
    )
    # uvicorn's options name files, but the key of a certificate that is made for one run is in no file. What `load`
    # would set is set after it.
    config.load()
    config.ssl = tls
    return config
