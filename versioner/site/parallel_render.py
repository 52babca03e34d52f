"""Rendering of all pages that changed, in several processes where that is faster."""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from versioner.site.output import read_file
from versioner.site.render import Renderer
from versioner.site.render_cache import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from io import BufferedReader
    from pathlib import Path

    from versioner.site.pages import Page
    from versioner.site.render import Templates
    from versioner.site.render_cache import RenderCache

__all__ = ["Rendered", "render_pages"]

# For fewer pages, starting a process costs more than it saves.
_SHARED_LEAST: Final = 300


@dataclass(slots=True)
class Rendered:
    """The result of rendering: the bytes of new pages, and the paths of unchanged ones.

    `digests` has the digest of every page by its key in the render cache.
    """

    fresh: dict[str, bytes] = field(default_factory=dict)
    unchanged: set[str] = field(default_factory=set)
    digests: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, key: str, digest: str, content: bytes | None) -> None:
        """Add a page; one without content is unchanged."""
        self.digests[key] = digest
        if content is None:
            self.unchanged.add(path)
        else:
            self.fresh[path] = content

    def has(self, path: str) -> bool:
        """Return whether a page is done."""
        return path in self.fresh or path in self.unchanged

    def __len__(self) -> int:
        return len(self.fresh) + len(self.unchanged)


def render_pages(
    pages: Sequence[Page],
    templates: Templates,
    cache: RenderCache,
    out: Path,
    *,
    jobs: int = 1,
    meanwhile: Callable[[], Sequence[Page]] = tuple,
    progress: Callable[[int], None] | None = None,
) -> Rendered:
    """Render the pages that are not in `out` yet as they would be rendered.

    `jobs` is how many processes share the work, where the system can fork and there are enough
    pages. `meanwhile` is other work for this process while the other ones start; the pages that
    it returns are rendered last. Raises what the Renderer raises.
    """
    work = _Work(templates, cache, out)
    rendered = Rendered()
    if jobs <= 1 or len(pages) < _SHARED_LEAST or not _can_fork():
        late = meanwhile()
        return work.do([*pages, *late], rendered, progress)
    batches = _queue(len(pages))
    workers = [_start(work, pages, batches) for _ in range(jobs - 1)]
    report = progress and (lambda done: progress(min(done * jobs, len(pages))))
    try:
        late = meanwhile()
        for first in _next_batches(batches):
            work.do(pages[first : first + _batch_size(len(pages))], rendered, report)
    except BaseException:
        for process, results in workers:
            results.close()
            os.waitpid(process, 0)
        raise
    finally:
        os.close(batches)
    for process, results in workers:
        _collect(process, results, rendered)
    # The pages of a process that failed are rendered here, where an error is raised as usual.
    left = [page for page in pages if not rendered.has(page.path)]
    return work.do([*left, *late], rendered, progress)


def _queue(number: int) -> int:
    """Return a pipe that the processes share, with the number of each batch's first page."""
    reading, writing = os.pipe()
    for first in range(0, number, _batch_size(number)):
        os.write(writing, first.to_bytes(4, "big"))
    os.close(writing)
    return reading


def _batch_size(number: int) -> int:
    # A pipe has room for 64 KiB, or 16 KiB where memory is short; all must fit before any is read.
    return max(8, -(-number // 1000))


def _next_batches(batches: int) -> Iterator[int]:
    while first := os.read(batches, 4):
        yield int.from_bytes(first, "big")


class _Work:
    """What every process needs to render pages: templates, cache and output folder."""

    def __init__(self, templates: Templates, cache: RenderCache, out: Path) -> None:
        self._templates = templates
        self._cache = cache
        self._out = out
        self._renderer = Renderer(templates)

    def do(
        self, pages: Sequence[Page], rendered: Rendered, progress: Callable[[int], None] | None
    ) -> Rendered:
        for page in pages:
            view = page.view
            key = self._cache.key(self._templates, page.template, view)
            known = self._cache.digest(key)
            if known is not None and self._is_unchanged(page.path, known):
                rendered.add(page.path, key, known, None)
            else:
                content = self._renderer.render(page.template, view)
                rendered.add(page.path, key, digest_of(content), content)
            if progress is not None:
                progress(len(rendered))
        return rendered

    def _is_unchanged(self, path: str, digest: str) -> bool:
        content = read_file(self._out, path)
        return content is not None and digest_of(content) == digest


def _can_fork() -> bool:
    # Only Linux forks safely with libraries loaded; and a forked process has no other threads.
    return sys.platform == "linux" and threading.active_count() == 1


def _start(work: _Work, pages: Sequence[Page], batches: int) -> tuple[int, BufferedReader]:
    """Start a process that renders batches; return its id and the pipe of its results."""
    results, sending = os.pipe()
    process = os.fork()
    if process:
        os.close(sending)
        return process, os.fdopen(results, "rb")
    # The new process runs from here, and must never return.
    try:
        os.close(results)
        rendered = Rendered()
        for first in _next_batches(batches):
            work.do(pages[first : first + _batch_size(len(pages))], rendered, None)
        with os.fdopen(sending, "wb") as pipe:
            sizes = {path: len(content) for path, content in rendered.fresh.items()}
            parts = [sizes, sorted(rendered.unchanged), rendered.digests]
            pipe.write(json.dumps(parts).encode("ascii") + b"\n")
            pipe.writelines(rendered.fresh.values())
    except BaseException:
        os._exit(1)
    os._exit(0)


def _collect(process: int, results: BufferedReader, rendered: Rendered) -> None:
    """Add the pages that a process rendered, unless it failed."""
    with results:
        head = results.readline()
        fresh: dict[str, bytes] = {}
        if head.endswith(b"\n"):
            sizes, unchanged, digests = json.loads(head)
            fresh = {path: results.read(size) for path, size in sizes.items()}
    _, status = os.waitpid(process, 0)
    if status == 0 and head.endswith(b"\n"):
        rendered.fresh.update(fresh)
        rendered.unchanged.update(unchanged)
        rendered.digests.update(digests)
