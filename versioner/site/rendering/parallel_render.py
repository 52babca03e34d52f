"""The making of a site's units, in several processes where that is faster.

Each process takes unit after unit, renders the pages that changed, and keeps what it made as
drafts. When all units are made, each process writes its own drafts. So no process has the whole
site in memory, and nothing is written where a page cannot be rendered.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import TYPE_CHECKING, Final, Self

from versioner.errors import OperationFailed
from versioner.site.drafts import Drafts
from versioner.site.output import read_file
from versioner.site.rendering.processes import SHARES_MOST, can_fork, next_shares, queue_of
from versioner.site.rendering.render import Renderer
from versioner.site.rendering.render_cache import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from io import BufferedReader
    from pathlib import Path

    from versioner.site.pages import Page
    from versioner.site.rendering.render import Templates
    from versioner.site.rendering.render_cache import RenderCache
    from versioner.site.units import Unit

__all__ = ["Made", "UnitMaker"]

# For fewer pages, starting a process costs more than it saves.
_SHARED_LEAST: Final = 300
# The templates that each process needs.
_TEMPLATES: Final = ("product.html", "month.html", "deployments.html", "environment_month.html")


@dataclass(slots=True)
class Made:
    """What was made: the paths of the files of each unit, and the digests of pages by their keys.

    `changed` are the paths of the files that are to be written. `rendered` of the `pages` were
    rendered; the others are unchanged.
    """

    paths: dict[str, list[str]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    pages: int = 0
    rendered: int = 0

    def add(self, other: Made) -> None:
        """Add what another process made."""
        self.paths.update(other.paths)
        self.changed += other.changed
        self.digests.update(other.digests)
        self.pages += other.pages
        self.rendered += other.rendered


class UnitMaker:
    """The processes that make units and write them; a context that ends them.

    `jobs` is how many processes share the work, where the system can fork and there are enough
    pages. With `keeps_units`, the next build knows units by their keys. `progress` is called with
    the number of pages done.
    """

    def __init__(
        self,
        templates: Templates,
        cache: RenderCache,
        out: Path,
        *,
        jobs: int = 1,
        keeps_units: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.made = Made()
        self._work = _Work(templates, cache, out, is_first=keeps_units and cache.is_empty)
        self._out = out
        self._jobs = jobs
        self._progress = progress
        self._children: list[_Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.end()
        self._work.drafts.close()

    def make(
        self, units: Sequence[Unit], pages: int, meanwhile: Callable[[], Sequence[Unit]]
    ) -> None:
        """Make units, which have so many pages, and at last those that `meanwhile` returns.

        `meanwhile` is other work for this process while other ones start. Raises what the
        Renderer raises.
        """
        if self._jobs <= 1 or pages < _SHARED_LEAST or not can_fork():
            late = meanwhile()
            self._make([*units, *late], 1)
            return
        shares = _shares(units)
        self._work.prepare(_TEMPLATES)
        queue = queue_of(len(shares))
        try:
            for _ in range(self._jobs - 1):
                self._children.append(_Child(self._work, shares, queue))
            late = meanwhile()
            for number in next_shares(queue):
                self._make(shares[number], self._jobs)
        finally:
            os.close(queue)
        for child in self._children:
            self.made.add(child.made())
        # The units of a process that failed are made here, where an error is raised as usual.
        left = [unit for unit in units if unit.name not in self.made.paths]
        self._make([*left, *late], 1)

    def write(self) -> int:
        """Write what was made; return the number of files that differed. Raises OSError."""
        for child in self._children:
            child.start_writing()
        written = self._work.drafts.write(self._out)
        return written + sum(child.written() for child in self._children)

    def _make(self, units: Sequence[Unit], shares: int) -> None:
        progress = self._progress

        def report() -> None:
            if progress is not None:
                progress(self.made.pages * shares)

        for unit in units:
            self._work.make(unit, self.made, report)


class _Work:
    """What a process needs to make units: templates, cache, output folder, and its drafts."""

    def __init__(
        self, templates: Templates, cache: RenderCache, out: Path, *, is_first: bool
    ) -> None:
        self.drafts = Drafts()
        self._templates = templates
        self._cache = cache
        self.out = out
        self._renderer = Renderer(templates)
        self._is_first = is_first

    def prepare(self, templates: Iterable[str]) -> None:
        """Compile templates, so that processes that are forked later need not do it."""
        self._renderer.prepare(templates)

    def make(self, unit: Unit, made: Made, report: Callable[[], None]) -> None:
        paths: list[str] = []
        # In a first build, the key of a unit is enough: the keys of its pages cost more than they
        # save in the one build that would read them.
        has_keys = not (unit.key and self._is_first)
        for page in unit.pages():
            self._make_page(page, made, has_keys=has_keys)
            paths.append(page.path)
            report()
        for path, content in unit.files():
            self.drafts.add(path, content)
            made.changed.append(path)
            paths.append(path)
        unit.done()
        made.paths[unit.name] = paths

    def _make_page(self, page: Page, made: Made, *, has_keys: bool) -> None:
        view = page.view
        key = self._cache.key(self._templates, page.template, view) if has_keys else ""
        known = self._cache.digest(key)
        if known is None or not self._is_unchanged(page.path, known):
            content = self._renderer.render(page.template, view)
            self.drafts.add(page.path, content)
            made.changed.append(page.path)
            made.rendered += 1
            known = digest_of(content) if has_keys else ""
        if has_keys:
            made.digests[key] = known
        made.pages += 1

    def _is_unchanged(self, path: str, digest: str) -> bool:
        content = read_file(self.out, path)
        return content is not None and digest_of(content) == digest


class _Child:
    """A process that makes shares of units, and writes them when it is told to."""

    def __init__(self, work: _Work, shares: Sequence[Sequence[Unit]], queue: int) -> None:
        results, sending = os.pipe()
        waiting, self._telling = os.pipe()
        self._process = os.fork()
        if self._process:
            os.close(sending)
            os.close(waiting)
            self._results: BufferedReader = os.fdopen(results, "rb")
            self._is_sound = False
            return
        # The new process runs from here, and must never return.
        try:
            os.close(results)
            os.close(self._telling)
            _serve(work, shares, queue, sending, waiting)
        except BaseException:
            os._exit(1)
        os._exit(0)

    def made(self) -> Made:
        """Return what the process made: nothing where it failed."""
        line = self._results.readline()
        self._is_sound = line.endswith(b"\n")
        return Made(*json.loads(line)) if self._is_sound else Made()

    def start_writing(self) -> None:
        """Send the process the order to write its drafts."""
        if self._is_sound:
            os.write(self._telling, b"w")

    def written(self) -> int:
        """Return the number of files that it wrote; raise OperationFailed where it could not."""
        if not self._is_sound:
            return 0
        line = self._results.readline()
        if not line.endswith(b"\n"):
            raise OperationFailed("cannot write the site: a process of this build was ended")
        number, wrong = json.loads(line)
        if wrong:
            raise OperationFailed(f"cannot write {wrong}")
        return int(number)

    def end(self) -> None:
        """End the process, and wait for it."""
        os.close(self._telling)
        self._results.close()
        os.waitpid(self._process, 0)


def _serve(
    work: _Work, shares: Sequence[Sequence[Unit]], queue: int, sending: int, waiting: int
) -> None:
    # The drafts so far belong to the first process.
    work.drafts = Drafts()
    made = Made()
    for number in next_shares(queue):
        for unit in shares[number]:
            work.make(unit, made, lambda: None)
    parts = [made.paths, made.changed, made.digests, made.pages, made.rendered]
    with os.fdopen(sending, "wb") as pipe:
        pipe.write(json.dumps(parts).encode("ascii") + b"\n")
        pipe.flush()
        if os.read(waiting, 1):
            answer: list[object] = [0, ""]
            try:
                answer[0] = work.drafts.write(work.out)
            except OSError as error:
                answer[1] = f"{error.filename or work.out}: {error.strerror}"
            pipe.write(json.dumps(answer).encode("ascii") + b"\n")


def _shares(units: Sequence[Unit]) -> list[list[Unit]]:
    """Return units in the parts that processes take; one part has whole groups of units."""
    groups = [[*own] for _, own in groupby(units, key=lambda each: each.group or each.name)]
    size = max(1, -(-len(groups) // SHARES_MOST))
    return [
        [*chain.from_iterable(groups[start : start + size])]
        for start in range(0, len(groups), size)
    ]
