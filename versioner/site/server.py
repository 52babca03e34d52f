"""Serve a built site to this machine alone, and build it again when what it shows changes."""

from __future__ import annotations

import contextlib
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
    "SCRIPT",
    "SCRIPT_PATH",
    "Announcer",
    "SiteServer",
    "open_server",
    "serve",
    "with_script",
]

_LOOPBACK: Final = "127.0.0.1"

# A stream says so often that it lives, and so learns whether the browser still does.
_BEAT_SECONDS: Final = 10.0


class SiteServer(ThreadingHTTPServer):
    """Answer for one folder, on the loopback address only.

    A request whose Host header names another host is refused, so that no page from elsewhere
    can read the site through a name that it makes lead here (DNS rebinding). With `reloads`
    pages are served with a script that loads them again once `builds` announces a build.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, directory: Path, port: int, *, reloads: bool = False) -> None:
        self.directory = directory.resolve()
        self.builds = Announcer(secrets.token_hex(8)) if reloads else None
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
    # Python knows neither feeds nor, on every system, what the others are.
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
        """Answer with a file, or with the stream that says when to load it again."""
        if self.server.builds is not None and self.path == EVENTS:
            self._stream(self.server.builds)
        else:
            super().do_GET()

    def send_head(self) -> Any:
        if self.server.builds is not None and self.path == SCRIPT_PATH:
            return self._send(HTTPStatus.OK, "text/javascript; charset=utf-8", SCRIPT)
        if not self._is_inside():
            return self._send_lost()
        page = self._page() if self.server.builds is not None else None
        return super().send_head() if page is None else self._send_page(HTTPStatus.OK, page)

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

    def _page(self) -> Path | None:
        """Return the page that is asked for, or None where it is another kind of file."""
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            if not self.path.partition("?")[0].endswith("/"):
                return None
            path = path / "index.html"
        return path if path.suffix == ".html" and path.is_file() else None

    def _send_lost(self) -> BytesIO | None:
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
        told = ""
        while not builds.is_closed:
            state = builds.wait(told, _BEAT_SECONDS)
            # A line that begins with a colon says nothing, and is lost where nobody listens.
            self.wfile.write(b":\n\n" if state == told else f"data: {state}\n\n".encode("ascii"))
            told = state


@contextlib.contextmanager
def open_server(directory: Path, port: int = 0, *, reloads: bool = False) -> Iterator[SiteServer]:
    """Serve a folder while the context lasts; port 0 takes a free one. Raises Failure."""
    try:
        server = SiteServer(directory, port, reloads=reloads)
    except (OSError, OverflowError) as error:
        raise OperationFailed(
            f"cannot listen on port {port}: {error}", hint="give another one with --port"
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
    on_problem: Callable[[VersionerError], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Serve a built site until interrupted, or until `stop` is set.

    `refresh` is called every `interval` seconds, in the calling thread: it looks whether
    something changed, builds again if so and tells whether it did, which the browser then
    shows. An error of it goes to `on_problem`, and the site stays as it is. `on_ready` is told
    the address.
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

# The browser connects again by itself: after a restart of the server too, whose count of builds
# begins with its own start.
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
    """Return a page that also loads the script, in its head, where it has one."""
    before, head, after = page.partition(b"</head>")
    return before + _TAG + head + after if head else page


class Announcer:
    """Tell the streams that wait on it that there is another build; `start` names the server."""

    def __init__(self, start: str) -> None:
        self._start = start
        self._builds = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def state(self) -> str:
        """Return a word that changes with each build."""
        return f"{self._start}-{self._builds}"

    @property
    def is_closed(self) -> bool:
        """Tell whether the server stops."""
        return self._closed

    def announce(self) -> None:
        """Say that the site was built again."""
        with self._changed:
            self._builds += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Let every stream end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait(self, known: str, seconds: float) -> str:
        """Wait until the state is another than the known one, or some seconds; return it."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self.state != known, seconds)
            return self.state
