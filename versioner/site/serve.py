"""Serve a built site to this machine alone, and build it again when what it shows changes."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from versioner.errors import Failure, VersionerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedReader

__all__ = ["SiteServer", "open_server", "serve"]

_LOOPBACK: Final = "127.0.0.1"


class SiteServer(ThreadingHTTPServer):
    """Answer for one folder, on the loopback address only.

    A request whose Host header names another host is refused, so that no page from elsewhere
    can read the site through a name that it makes lead here (DNS rebinding).
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory.resolve()
        super().__init__((_LOOPBACK, port), partial(_Handler, directory=str(self.directory)))

    @property
    def url(self) -> str:
        """Return where the site is."""
        return f"http://{_LOOPBACK}:{self.server_port}/"

    def knows(self, host: str) -> bool:
        """Tell whether a Host header names this server."""
        names = (_LOOPBACK, "localhost", "[::1]")
        own = {f"{name}:{self.server_port}" for name in names}
        return host.lower() in (own | set(names) if self.server_port == 80 else own)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave a request alone that the browser broke off."""


class _Handler(SimpleHTTPRequestHandler):
    server: SiteServer
    server_version = "versioner"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        if len(self.headers.get_all("Host", ())) == 1 and self.server.knows(self.headers["Host"]):
            return True
        self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "This server answers to localhost only")
        return False

    def send_head(self) -> Any:
        if self._is_inside():
            return super().send_head()
        return self._send_lost()

    def list_directory(self, path: Any) -> Any:
        return self._send_lost()

    def end_headers(self) -> None:
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing: the library never does."""

    def _is_inside(self) -> bool:
        # Links are followed on the way, so one that leads outside is not served.
        path = Path(self.translate_path(self.path)).resolve()
        return path.exists() and path.is_relative_to(self.server.directory)

    def _send_lost(self) -> BufferedReader | None:
        try:
            page = (self.server.directory / "404.html").open("rb")
        except OSError:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        self.send_response(HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(page.seek(0, 2)))
        self.end_headers()
        page.seek(0)
        return page


@contextlib.contextmanager
def open_server(directory: Path, port: int = 0) -> Iterator[SiteServer]:
    """Serve a folder while the context lasts; port 0 takes a free one. Raises Failure."""
    try:
        server = SiteServer(directory, port)
    except (OSError, OverflowError) as error:
        raise Failure(
            f"cannot listen on port {port}: {error}", hint="give another one with --port"
        ) from error
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def serve(
    directory: Path,
    port: int = 0,
    *,
    refresh: Callable[[], object] | None = None,
    interval: float = 1.0,
    on_ready: Callable[[str], None] | None = None,
    on_problem: Callable[[VersionerError], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Serve a built site until interrupted, or until `stop` is set.

    `refresh` is called every `interval` seconds, in the calling thread: it looks whether
    something changed and builds again if so. An error of it goes to `on_problem`, and the site
    stays as it is. `on_ready` is told the address.
    """
    halt = stop or threading.Event()
    with open_server(directory, port) as server, contextlib.suppress(KeyboardInterrupt):
        if on_ready is not None:
            on_ready(server.url)
        while not halt.wait(interval):
            if refresh is None:
                continue
            try:
                refresh()
            except VersionerError as error:
                if on_problem is not None:
                    on_problem(error)
