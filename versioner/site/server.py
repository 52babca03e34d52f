"""The local web server of a built site, with reload of pages after a new build."""

from __future__ import annotations

import contextlib
import errno
import secrets
import threading
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from versioner.errors import OperationFailed, VersionerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "EVENTS",
    "Announcer",
    "SiteServer",
    "open_server",
    "serve",
]

_LOOPBACK: Final = "127.0.0.1"

# Seconds between the keep-alive lines of a stream; writing one shows whether the browser is gone.
_KEEP_ALIVE_SECONDS: Final = 10.0


class SiteServer(ThreadingHTTPServer):
    """A web server of one folder, on the loopback address only.

    A request whose Host header names another host is refused, so that no other web page can
    read the site through a name that resolves to this machine (DNS rebinding). With `reloads`,
    pages are served with a script that reloads them when `builds` announces a build.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, directory: Path, port: int, *, reloads: bool = False) -> None:
        self.directory = directory.resolve()
        self.builds = Announcer(secrets.token_hex(8)) if reloads else None
        super().__init__((_LOOPBACK, port), partial(_Handler, directory=str(self.directory)))

    @property
    def url(self) -> str:
        """Return the address of the site."""
        return f"http://{_LOOPBACK}:{self.server_port}/"

    def knows(self, host: str) -> bool:
        """Return whether a Host header names this server."""
        names = (_LOOPBACK, "localhost", "[::1]")
        own = {f"{name}:{self.server_port}" for name in names}
        return host.lower() in (own | set(names) if self.server_port == 80 else own)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a request that the browser broke off."""


class _Handler(SimpleHTTPRequestHandler):
    server: SiteServer
    server_version = "versioner"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30
    # Python does not know feeds, and on some systems not the other types.
    extensions_map = {  # noqa: RUF012 -- the base class has it so
        **SimpleHTTPRequestHandler.extensions_map,
        ".atom": "application/atom+xml",
        ".csv": "text/csv",
        ".json": "application/json",
        ".svg": "image/svg+xml",
    }

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        if len(self.headers.get_all("Host", ())) == 1 and self.server.knows(self.headers["Host"]):
            return True
        self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "This server answers to localhost only")
        return False

    def do_GET(self) -> None:
        """Send a file, or the stream that announces builds."""
        if self.server.builds is not None and self.path == EVENTS:
            self._stream(self.server.builds)
        else:
            super().do_GET()

    def send_head(self) -> Any:
        if self.server.builds is not None and self.path == SCRIPT_PATH:
            return self._send(HTTPStatus.OK, "text/javascript; charset=utf-8", SCRIPT)
        if not self._is_inside():
            return self._send_not_found()
        page = self._page() if self.server.builds is not None else None
        return super().send_head() if page is None else self._send_page(HTTPStatus.OK, page)

    def list_directory(self, path: Any) -> Any:
        return self._send_not_found()

    def end_headers(self) -> None:
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing: the library never does."""

    def _is_inside(self) -> bool:
        # Symbolic links are resolved first, so that none leads out of the folder.
        path = Path(self.translate_path(self.path)).resolve()
        return path.exists() and path.is_relative_to(self.server.directory)

    def _page(self) -> Path | None:
        """Return the requested page, or None for another kind of file."""
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            if not self.path.partition("?")[0].endswith("/"):
                return None
            path = path / "index.html"
        return path if path.suffix == ".html" and path.is_file() else None

    def _send_not_found(self) -> BytesIO | None:
        page = self.server.directory / "404.html"
        if page.is_file():
            return self._send_page(HTTPStatus.NOT_FOUND, page)
        self.send_error(HTTPStatus.NOT_FOUND)
        return None

    def _send_page(self, status: HTTPStatus, page: Path) -> BytesIO | None:
        try:
            content = page.read_bytes()
        except OSError:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        if self.server.builds is not None:
            content = with_script(content)
        return self._send(status, "text/html; charset=utf-8", content)

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> BytesIO:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return BytesIO(content)

    def _stream(self, builds: Announcer) -> None:
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        known = ""
        while not builds.is_closed:
            state = builds.wait(known, _KEEP_ALIVE_SECONDS)
            # A line that begins with a colon is a comment; writing it fails if the browser is gone.
            self.wfile.write(b":\n\n" if state == known else f"data: {state}\n\n".encode("ascii"))
            known = state


def _reason(error: OSError | OverflowError) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "another program uses it"
    return (isinstance(error, OSError) and error.strerror) or str(error)


@contextlib.contextmanager
def open_server(directory: Path, port: int = 0, *, reloads: bool = False) -> Iterator[SiteServer]:
    """Serve a folder within the context; port 0 means any free port. Raises OperationFailed."""
    try:
        server = SiteServer(directory, port, reloads=reloads)
    except (OSError, OverflowError) as error:
        raise OperationFailed(
            f"cannot listen on port {port}: {_reason(error)}", hint="give another one with --port"
        ) from error
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        if server.builds is not None:
            server.builds.close()
        server.shutdown()
        server.server_close()
        thread.join()


def serve(
    directory: Path,
    port: int = 0,
    *,
    refresh: Callable[[], bool] | None = None,
    interval: float = 1.0,
    on_ready: Callable[[str], None] | None = None,
    on_problem: Callable[[VersionerError], object] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Serve a built site until interrupted, or until `stop` is set.

    `refresh` is called every `interval` seconds in the calling thread. It builds the site again
    if something changed, and returns whether it did; the browser then reloads its page. Its
    errors go to `on_problem`, and the site stays as it is. `on_ready` gets the address.
    """
    halt = stop or threading.Event()
    serving = open_server(directory, port, reloads=refresh is not None)
    with serving as server, contextlib.suppress(KeyboardInterrupt):
        if on_ready is not None:
            on_ready(server.url)
        while not halt.wait(interval):
            if refresh is None:
                continue
            try:
                if refresh() and server.builds is not None:
                    server.builds.announce()
            except VersionerError as error:
                if on_problem is not None:
                    on_problem(error)


SCRIPT_PATH: Final = "/_versioner/reload.js"
EVENTS: Final = "/_versioner/events"

# The browser reconnects by itself, also after a restart of the server. The state then begins with
# another id, so the page is reloaded.
SCRIPT: Final = b"""\
(function () {
  "use strict";
  var seen = null;
  new EventSource("/_versioner/events").onmessage = function (event) {
    if (seen !== null && event.data !== seen) { location.reload(); }
    seen = event.data;
  };
}());
"""

_TAG: Final = f'<script defer src="{SCRIPT_PATH}"></script>\n'.encode("ascii")


def with_script(page: bytes) -> bytes:
    """Return a page with the reload script in its head, if it has a head."""
    before, head, after = page.partition(b"</head>")
    return before + _TAG + head + after if head else page


class Announcer:
    """A count of builds that streams wait for; `start` is the id of this start of the server."""

    def __init__(self, start: str) -> None:
        self._start = start
        self._builds = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def state(self) -> str:
        """Return a text that changes with each build."""
        return f"{self._start}-{self._builds}"

    @property
    def is_closed(self) -> bool:
        """Return whether the server stops."""
        return self._closed

    def announce(self) -> None:
        """Wake the streams after a build."""
        with self._changed:
            self._builds += 1
            self._changed.notify_all()

    def close(self) -> None:
        """End every stream."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait(self, known: str, seconds: float) -> str:
        """Return the state once it differs from the known one, or after some seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self.state != known, seconds)
            return self.state
