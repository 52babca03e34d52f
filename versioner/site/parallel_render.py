"""Render the pages of a site that are not there yet, in several processes where that is faster."""

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
    from versioner.site.render_cache import RenderMemory

__all__ = ["Rendered", "render_pages"]

# With fewer pages another process costs more than it saves.
_SHARED_LEAST: Final = 300


@dataclass(slots=True)
class Rendered:
    """Hold what rendering gave: new pages' bytes, the pages that stand already, what to remember.

    `digests` are those of all pages, by key.
    """

    fresh: dict[str, bytes] = field(default_factory=dict)
    standing: set[str] = field(default_factory=set)
    digests: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, key: str, digest: str, content: bytes | None) -> None:
        """Add a page; one without content stands already."""
        self.digests[key] = digest
        if content is None:
            self.standing.add(path)
        else:
            self.fresh[path] = content

    def has(self, path: str) -> bool:
        """Tell whether a page is done."""
        return path in self.fresh or path in self.standing

    def __len__(self) -> int:
        return len(self.fresh) + len(self.standing)


def render_pages(
    pages: Sequence[Page],
    templates: Templates,
    memory: RenderMemory,
    out: Path,
    *,
    jobs: int = 1,
    meanwhile: Callable[[], Sequence[Page]] = tuple,
    progress: Callable[[int], None] | None = None,
) -> Rendered:
    """Render pages, but for those that stand in `out` already as they would be rendered.

    `jobs` is how many processes may share the work, where the system can fork a process and
    there are pages enough. `meanwhile` is other work, done in this process while the others
    begin; the pages that it returns are rendered last. Raises what a template raises.
    """
    work = _Work(templates, memory, out)
    rendered = Rendered()
    if jobs <= 1 or len(pages) < _SHARED_LEAST or not _can_fork():
        late = meanwhile()
        return work.do([*pages, *late], rendered, progress)
    hands = _deal(len(pages))
    helpers = [_start(work, pages, hands) for _ in range(jobs - 1)]
    told = progress and (lambda done: progress(min(done * jobs, len(pages))))
    try:
        late = meanwhile()
        for first in _taken(hands):
            work.do(pages[first : first + _hand_size(len(pages))], rendered, told)
    except BaseException:
        for process, answer in helpers:
            answer.close()
            os.waitpid(process, 0)
        raise
    finally:
        os.close(hands)
    for process, answer in helpers:
        _collect(process, answer, rendered)
    # Whatever went wrong in another process goes wrong here too, and is raised; or it does not.
    left = [page for page in pages if not rendered.has(page.path)]
    return work.do([*left, *late], rendered, progress)


def _deal(number: int) -> int:
    """Return the end of a pipe that holds each hand's first page, for whoever reads it next."""
    taking, giving = os.pipe()
    for first in range(0, number, _hand_size(number)):
        os.write(giving, first.to_bytes(4, "big"))
    os.close(giving)
    return taking


def _hand_size(number: int) -> int:
    # A pipe holds 64 KiB, or 16 in a system short of memory: all must go in before one is taken.
    return max(8, -(-number // 1000))


def _taken(hands: int) -> Iterator[int]:
    while first := os.read(hands, 4):
        yield int.from_bytes(first, "big")


class _Work:
    def __init__(self, templates: Templates, memory: RenderMemory, out: Path) -> None:
        self._templates = templates
        self._memory = memory
        self._out = out
        self._renderer = Renderer(templates)

    def do(
        self, pages: Sequence[Page], rendered: Rendered, progress: Callable[[int], None] | None
    ) -> Rendered:
        for page in pages:
            view = page.view
            key = self._memory.key(self._templates, page.template, view)
            known = self._memory.digest(key)
            if known is not None and self._stands(page.path, known):
                rendered.add(page.path, key, known, None)
            else:
                content = self._renderer.render(page.template, view)
                rendered.add(page.path, key, digest_of(content), content)
            if progress is not None:
                progress(len(rendered))
        return rendered

    def _stands(self, path: str, digest: str) -> bool:
        content = read_file(self._out, path)
        return content is not None and digest_of(content) == digest


def _can_fork() -> bool:
    # Only Linux forks a process with libraries loaded without regret; and threads do not survive.
    return sys.platform == "linux" and threading.active_count() == 1


def _start(work: _Work, pages: Sequence[Page], hands: int) -> tuple[int, BufferedReader]:
    """Start a process that takes its part of the pages; return it, and where to read from."""
    answer, report = os.pipe()
    process = os.fork()
    if process:
        os.close(report)
        return process, os.fdopen(answer, "rb")
    # From here on in the new process, which must never come back.
    try:
        os.close(answer)
        rendered = Rendered()
        for first in _taken(hands):
            work.do(pages[first : first + _hand_size(len(pages))], rendered, None)
        with os.fdopen(report, "wb") as pipe:
            sizes = {path: len(content) for path, content in rendered.fresh.items()}
            parts = [sizes, sorted(rendered.standing), rendered.digests]
            pipe.write(json.dumps(parts).encode("ascii") + b"\n")
            pipe.writelines(rendered.fresh.values())
    except BaseException:
        os._exit(1)
    os._exit(0)


def _collect(process: int, answer: BufferedReader, rendered: Rendered) -> None:
    """Add what a process rendered, if it lived to say so."""
    with answer:
        head = answer.readline()
        fresh: dict[str, bytes] = {}
        if head.endswith(b"\n"):
            sizes, standing, digests = json.loads(head)
            fresh = {path: answer.read(size) for path, size in sizes.items()}
    _, status = os.waitpid(process, 0)
    if status == 0 and head.endswith(b"\n"):
        rendered.fresh.update(fresh)
        rendered.standing.update(standing)
        rendered.digests.update(digests)
