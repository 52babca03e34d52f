"""Which rules, requests and templates differ between two states of a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from versioner.registry.records import Registry

__all__ = ["FileChange", "governance_changes"]


class FileChange(NamedTuple):
    """A rule, request or template that was added, changed or removed; `detail` says how."""

    what: Literal["rule", "request", "template"]
    name: str
    kind: Literal["added", "changed", "removed"]
    detail: str = ""


def governance_changes(
    old: Registry, new: Registry, unread: Collection[str]
) -> Iterator[FileChange]:
    """Yield the differences by name; files with errors, in `unread`, are not compared."""
    before, after = old.governance, new.governance
    paths = {*unread, *(each.path for each in (*before.unreadable, *after.unreadable))}
    yield from _changes("rule", before.rules, after.rules, paths)
    yield from _changes("request", before.requests, after.requests, paths)
    yield from _changes("template", before.templates, after.templates, paths)


def _changes(
    what: Literal["rule", "request", "template"],
    before: Iterable[Any],
    after: Iterable[Any],
    unread: Collection[str],
) -> Iterator[FileChange]:
    old = {each.name: each for each in before}
    new = {each.name: each for each in after}
    for name in sorted({*old, *new}):
        if (old.get(name) or new[name]).path in unread:
            continue
        if name not in old:
            yield FileChange(what, name, "added")
        elif name not in new:
            yield FileChange(what, name, "removed")
        elif _content(old[name]) != _content(new[name]):
            yield FileChange(what, name, "changed", _detail(old[name], new[name]))


def _content(each: Any) -> Any:
    # A decision about a request is no change of the request.
    return getattr(each, "document", each)


def _detail(old: Any, new: Any) -> str:
    words = (getattr(old, "enforcement", ""), getattr(new, "enforcement", ""))
    return f"from {words[0]} to {words[1]}" if words[0] != words[1] else ""
