"""What happened in one cell, step by step: stays, first completions, what was rolled back.

The steps are completions and undeployments in the order in which they took effect. Each takes
constant time for each instance that has one of its own, so that replay asks at any step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["CellTimeline"]


class _Course:
    """What happened on one instance, or where no event names an instance.

    `version` is what runs, "" for nothing, `since` when its unbroken stay began. `ended` is when
    the course as such ended, and with it the stay, None while it goes on.
    """

    __slots__ = ("ended", "firsts", "longest", "since", "taken", "version")

    def __init__(self) -> None:
        self.version = ""
        self.since = 0
        self.firsts: dict[str, int] = {}  # by version: the position of its first completion
        self.longest: dict[str, int] = {}  # by version: the longest stay that ended, in seconds
        self.taken: set[str] = set()  # versions that a rollback took away since they completed
        self.ended: int | None = None

    def copy(self) -> _Course:
        """Return a course that goes its own way from here on."""
        other = _Course()
        other.version, other.since = self.version, self.since
        other.firsts, other.longest = dict(self.firsts), dict(self.longest)
        other.taken = set(self.taken)
        return other

    def complete(self, version: str, at: int, position: int) -> None:
        """Set the version that runs from a moment on."""
        first = self.firsts.setdefault(version, position)
        self.taken.discard(version)
        if version == self.version and self.ended is None:
            return
        if self.version and version != self.version and first < self.firsts[self.version]:
            self.taken.add(self.version)
        self.stop(at)
        self.version, self.since = version, at
        self.ended = None

    def stop(self, at: int) -> None:
        """End what runs."""
        if self.version:
            end = at if self.ended is None else min(at, self.ended)
            stay = end - self.since
            self.longest[self.version] = max(stay, self.longest.get(self.version, 0))
        self.version = ""

    def stay(self, version: str, now: int) -> int | None:
        """Return the longest unbroken stay of a version, None where it never completed."""
        found = self.longest.get(version)
        if version == self.version:
            end = now if self.ended is None else self.ended
            return max(end - self.since, found or 0)
        return found


class CellTimeline:
    """The steps of one cell; `listed` are the instances that the environment's file lists."""

    def __init__(self, listed: Sequence[str] = ()) -> None:
        self._listed = frozenset(listed)
        self._whole = _Course()
        self._own: dict[str, _Course] = {}
        self._apart: set[str] = set()  # the listed instances with a step since the whole's last
        self._position = 0
        self.first_completions: dict[str, int] = {}  # by version, anywhere in the cell
        self.last_completions: dict[str, int] = {}

    def complete(self, instance: str, version: str, at: int) -> None:
        """Add a completion on an instance, "" for the whole."""
        self._position += 1
        self.first_completions.setdefault(version, at)
        self.last_completions[version] = at
        if instance:
            self._course(instance).complete(version, at, self._position)
            self._set_apart(instance, at)
            return
        for course in (self._whole, *self._own.values()):
            course.complete(version, at, self._position)
        self._apart.clear()

    def remove(self, instance: str, version: str, at: int) -> None:
        """Add an undeployment; one that names a version ends that version alone."""
        self._position += 1
        if instance:
            course = self._course(instance)
            if not version or course.version == version:
                course.stop(at)
                self._set_apart(instance, at)
            return
        for course in (self._whole, *self._own.values()):
            if not version or course.version == version:
                course.stop(at)
        if not version:
            self._apart.clear()

    def _course(self, instance: str) -> _Course:
        found = self._own.get(instance)
        if found is None:
            found = self._own[instance] = self._whole.copy()
        return found

    def _set_apart(self, instance: str, at: int) -> None:
        if instance in self._listed:
            self._apart.add(instance)
            if self._whole.ended is None and len(self._apart) == len(self._listed):
                self._whole.ended = at

    # ---- questions ---------------------------------------------------------------------------

    def _courses(self) -> Iterator[_Course]:
        yield from self._own.values()
        if self._whole.ended is None:
            yield self._whole

    def _course_on(self, instance: str) -> _Course | None:
        found = self._own.get(instance)
        return found or (self._whole if self._whole.ended is None else None)

    def is_running(self, version: str) -> bool:
        """Return whether a version runs on some instance."""
        return any(course.version == version for course in self._courses())

    def is_taken_away(self, version: str) -> bool:
        """Return whether a rollback took a version away after it last completed, somewhere."""
        return any(version in course.taken for course in self._courses())

    def longest_stay(self, version: str, now: int) -> int:
        """Return the longest unbroken stay of a version over all instances, in seconds."""
        # The stays of the unnamed instance count also after it ended.
        stays = (each.stay(version, now) for each in (self._whole, *self._own.values()))
        return max((stay for stay in stays if stay is not None), default=0)

    def running_since(self, version: str) -> int | None:
        """Return when the oldest stay of a version that goes on began, None where it runs not."""
        found = [each.since for each in self._courses() if each.version == version]
        return min(found, default=None)

    def is_rollback(self, version: str, instance: str) -> bool:
        """Return whether a version goes back: to what first completed before what runs now did.

        Asked of the whole, so it must be on every instance where something runs.
        """
        if instance:
            course = self._course_on(instance)
            running = [course] if course is not None and course.version else []
        else:
            running = [course for course in self._courses() if course.version]
        return bool(running) and all(_goes_back(course, version) for course in running)


def _goes_back(course: _Course, version: str) -> bool:
    first = course.firsts.get(version)
    return version != course.version and first is not None and first < course.firsts[course.version]
