"""The built site of a server: built again after each commit, and served with its state.

A build runs in a process of its own and makes what changed. While it runs, or where it failed,
each page says that it is behind the branch, and why.

    site.respond(request, "products/index.html")    # a response, from any route
"""

from __future__ import annotations

import logging
import re
import stat
import threading
import zlib
from html import escape
from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse, Response

from versioner.errors import VersionerError
from versioner.git.state import read_regular
from versioner.server.pages.links import with_links
from versioner.server.problems import HttpProblem, is_known, wants_page
from versioner.server.site.site_process import BuildTask, Built, SiteProcess
from versioner.server.tokens import private_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from versioner.server.public_texts import PublicTexts
    from versioner.server.reader import RegistryReader
    from versioner.server.settings import ServerSettings

__all__ = ["LiveSite"]

Links = list[tuple[str, str]]

_LOG: Final = logging.getLogger("versioner.server")

# Each path that a build may write: no dot in front, no link upwards, no other character.
_PATH: Final = r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*"
_LONGEST_PATH: Final = 1000
_TYPES: Final = {
    ".atom": "application/atom+xml",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ics": "text/calendar; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Pictures and feeds of an open site are shown elsewhere, such as a badge in a README.
_SHARED: Final = (".svg", ".atom", ".ics")

# A registry that changes all the time is not built all the time.
_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.5
# A build that failed for another reason than the registry, such as a full disk, is tried again.
_RETRY_SECONDS: Final = 30.0
_IDLE_SECONDS: Final = 60.0
_WAITING: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">
<title>The site is being built</title></head>
<body><main><h1>The site is being built</h1><p>{}</p></main></body></html>
"""


class LiveSite:
    """The site in the state folder, at the commit `built` ("" before the first build)."""

    def __init__(
        self, settings: ServerSettings, reader: RegistryReader, texts: PublicTexts
    ) -> None:
        self._settings = settings
        self._texts = texts
        self._reader = reader
        self.folder = settings.state_dir / "sites" / reader.key / "site"
        self.built = ""
        self.problem = ""
        self._failed, self._failed_at = "", 0.0
        self._is_stale = False
        self._process = SiteProcess()
        self._wake = threading.Event()
        self._halt = threading.Event()
        self._thread: threading.Thread | None = None
        reader.on_move(self._wake.set)

    def start(self) -> None:
        """Begin to build in a thread, now and after each commit."""
        private_folder(self.folder.parent)
        self._thread = threading.Thread(target=self._keep_built, name="site", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and a build that runs."""
        self._halt.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def rebuild(self) -> None:
        """Build again although the branch has not moved: what is beside it has changed."""
        self._is_stale = True
        self._wake.set()

    def wait_until_built(self, commit: str, seconds: float) -> bool:
        """Return whether the site of a commit is there within some seconds."""
        pause = threading.Event()
        for _ in range(max(1, int(seconds / 0.05))):
            if self.built == commit:
                return True
            pause.wait(0.05)
        return self.built == commit

    def respond(
        self, request: Request, path: str, links_of: Callable[[str], Links] = lambda _: []
    ) -> Response:
        """Return the response for a path of the site: a file, a redirect, 304, 404 or 503.

        `links_of` returns the links to forms that a page shows to who asked for it.
        """
        if _is_safe(path) and self._is_folder(path):
            # Such a path begins with a letter: no other host can be in it.
            return RedirectResponse(f"/{path}/", 308)
        name = f"{path}index.html" if not path or path.endswith("/") else path
        found = self._read(name) if _is_safe(name) else None
        if found is not None:
            return self._of_file(request, name, *found, links_of(name))
        return self._nothing(request)

    def notice(self) -> str:
        """Return why pages are behind the branch, in words, "" where they are not."""
        try:
            tip = self._reader.tip
        except VersionerError:
            return "The registry cannot be read now: this page may be out of date."
        if self._reader.is_behind:
            return "The remote cannot be reached now: this page may be out of date."
        if self.built == tip:
            return ""
        if self._failed == tip:
            return "This page is out of date: the site of the latest commit could not be built."
        return "A newer commit is being published: this page is out of date for some seconds."

    def _is_folder(self, path: str) -> bool:
        try:
            return (self.folder / path).is_dir()
        except OSError:
            return False

    def _read(self, name: str) -> tuple[bytes, str] | None:
        path = self.folder / name
        try:
            if not path.resolve().is_relative_to(self.folder.resolve()):
                return None
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                return None
            return read_regular(path)[0], f"{found.st_mtime_ns:x}-{found.st_size:x}"
        except (OSError, VersionerError):
            return None

    def _of_file(
        self, request: Request, name: str, content: bytes, tag: str, links: Links
    ) -> Response:
        suffix = name[name.rindex(".") :] if "." in name else ""
        headers = {"Content-Security-Policy": _POLICY}
        if suffix in _SHARED and self._settings.public_read:
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if suffix == ".html":
            notice = self.notice()
            content = with_notice(with_links(content, links), notice)
            tag += f"-{len(notice):x}" if notice else ""
            tag += f"-{zlib.crc32(repr(links).encode()):x}" if links else ""
        headers["ETag"] = f'"{tag}"'
        if is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return Response(
            content, headers=headers, media_type=_TYPES.get(suffix, "application/octet-stream")
        )

    def _nothing(self, request: Request) -> Response:
        html, headers = _TYPES[".html"], {"Content-Security-Policy": _POLICY}
        if not self.built and self._read("index.html") is None:
            why = self.problem or "the site is being built"
            if not wants_page(request):
                raise HttpProblem("unavailable", why, headers={"Retry-After": "2"})
            text = self._texts.of(self.problem) or "Please wait: this page loads again by itself."
            return Response(_WAITING.format(escape(text)), 503, {"Retry-After": "2"}, html)
        page = self._read("404.html") if wants_page(request) else None
        if page is None:
            raise HttpProblem("not_found", "there is no such page or file")
        # The page may be one of a commit that is being published.
        return Response(with_notice(page[0], self.notice()), 404, headers, html)

    def _keep_built(self) -> None:
        while not self._halt.is_set():
            self._wake.clear()
            seconds = self._build_if_moved()
            self._wake.wait(seconds)
        self._process.stop()

    def _build_if_moved(self) -> float:
        """Build where the branch has moved; return the seconds until the next look."""
        try:
            repository = self._reader.repository()
        except VersionerError as error:
            self.problem = error.message
            return _RETRY_SECONDS
        now, monotonic = self._settings.clock.now, self._settings.clock.monotonic
        began = monotonic()
        waited = began - self._failed_at
        if repository.tip == self.built and not self._is_stale:
            return _IDLE_SECONDS
        if repository.tip == self._failed and waited < _RETRY_SECONDS:
            return _RETRY_SECONDS - waited
        self._is_stale = False
        task = BuildTask(
            repository.top, repository.branch or "", self.folder, self._settings.base_url, now()
        )
        built = self._run(task)
        if built is not None and not built.is_busy:
            self._note(built, repository.tip or "")
            took = monotonic() - began
            self._halt.wait(min(max(_PAUSE_SECONDS, took / 2), _LONGEST_PAUSE_SECONDS))
            self._wake.set()
            return 0.0
        return _PAUSE_SECONDS

    def _run(self, task: BuildTask) -> Built | None:
        self._process.begin(task)
        while not self._halt.is_set():
            built = self._process.wait(_LOOK_SECONDS)
            if built is not None:
                return built
        return None

    def _note(self, built: Built, tip: str) -> None:
        self.problem = built.problem
        if built.problem:
            self._failed, self._failed_at = tip, self._settings.clock.monotonic()
            _LOG.warning("the site was not built: %s", built.problem)
        else:
            self.built, self._failed = built.commit, ""


def with_notice(page: bytes, notice: str) -> bytes:
    """Return a page with a notice at the beginning of its content."""
    found = re.search(rb"<main[^>]*>", page) if notice else None
    if found is None:
        return page
    text = f'\n<p class="notice" role="status">{escape(notice)}</p>'.encode()
    return page[: found.end()] + text + page[found.end() :]


def _is_safe(name: str) -> bool:
    return len(name) <= _LONGEST_PATH and re.fullmatch(_PATH, name) is not None
