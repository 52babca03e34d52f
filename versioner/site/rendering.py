"""Render the pages of a site that are not there yet, in several processes where that is faster."""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from versioner.site.files import read_file
from versioner.site.remembered import digest_of
from versioner.site.render import Renderer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from io import BufferedReader
    from pathlib import Path

    from versioner.site.pages import Page
    from versioner.site.remembered import RenderMemory
    from versioner.site.templates import Templates

__all__ = ["Rendered", "render_pages"]

# With fewer pages a second process costs more than it saves.
_SHARE_LEAST: Final = 150


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

    def __len__(self) -> int:
        return len(self.fresh) + len(self.standing)


def render_pages(
    pages: Sequence[Page],
    templates: Templates,
    memory: RenderMemory,
    out: Path,
    *,
    jobs: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Rendered:
    """Render pages, but for those that stand in `out` already as they would be rendered.

    `jobs` is how many processes may share the work, where the system can fork a process and
    there are pages enough. Raises what a template raises.
    """
    work = _Work(templates, memory, out)
    jobs = min(jobs, len(pages) // _SHARE_LEAST) if _can_fork() else 1
    if jobs <= 1:
        return work.do(pages, Rendered(), progress)
    # Dealt out like cards, so that each hand has its part of the large pages.
    shares = [pages[start::jobs] for start in range(jobs)]
    helpers = [_start(work, share) for share in shares[1:]]
    told = progress and (lambda done: progress(done * jobs))
    try:
        rendered = work.do(shares[0], Rendered(), told)
    except BaseException:
        for process, answer in helpers:
            answer.close()
            os.waitpid(process, 0)
        raise
    for (process, answer), share in zip(helpers, shares[1:], strict=True):
        if not _collect(process, answer, rendered):
            # Whatever went wrong over there goes wrong here too, and is raised; or it does not.
            work.do(share, rendered, None)
    return rendered


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


def _start(work: _Work, share: Sequence[Page]) -> tuple[int, BufferedReader]:
    """Start a process that renders a share, and return it with the end of a pipe to read from."""
    answer, report = os.pipe()
    process = os.fork()
    if process:
        os.close(report)
        return process, os.fdopen(answer, "rb")
    # From here on in the new process, which must never come back.
    try:
        os.close(answer)
        with os.fdopen(report, "wb") as pipe:
            rendered = work.do(share, Rendered(), None)
            sizes = {path: len(content) for path, content in rendered.fresh.items()}
            parts = [sizes, sorted(rendered.standing), rendered.digests]
            pipe.write(json.dumps(parts).encode("ascii") + b"\n")
            pipe.writelines(rendered.fresh.values())
    except BaseException:
        os._exit(1)
    os._exit(0)


def _collect(process: int, answer: BufferedReader, rendered: Rendered) -> bool:
    """Add what a process rendered; tell whether it did."""
    with answer:
        head = answer.readline()
        fresh: dict[str, bytes] = {}
        if head.endswith(b"\n"):
            sizes, standing, digests = json.loads(head)
            fresh = {path: answer.read(size) for path, size in sizes.items()}
    _, status = os.waitpid(process, 0)
    if status != 0 or not head.endswith(b"\n"):
        return False
    rendered.fresh.update(fresh)
    rendered.standing.update(standing)
    rendered.digests.update(digests)
    return True
