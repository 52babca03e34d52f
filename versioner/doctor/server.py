"""Check a bare repository on a server: which pushes and fetches its settings and hooks allow."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from versioner.doctor.checks import guarded, note, ok, warning
from versioner.doctor.inbox import check_inbox
from versioner.git.config import settings, values_of
from versioner.remote.filters import FILTERS
from versioner.remote.inbox_refs import read_inbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.doctor.checks import Check
    from versioner.git.repository import Repository

__all__ = ["check_server", "filters_check"]

_ASKED: Final = (
    r"^(uploadpack\.allowfilter|uploadpackfilter\..*|(receive|transfer)\.hiderefs"
    r"|receive\.advertiseatomic)$"
)

_HOOKS: Final = ("pre-receive", "update", "proc-receive")
_FALSE: Final = ("false", "no", "off", "0")


def check_server(repository: Repository, now: str) -> list[Check]:
    """Check the settings and hooks that apply to a push to this repository."""
    settings = _settings(repository)
    found = guarded("push", lambda: _push(repository))
    found += guarded("atomic", lambda: _atomic(settings))
    found += guarded("inbox-refs", lambda: _hidden(settings))
    taken = [filter_ for filter_ in FILTERS[:-1] if _accepts(settings, filter_)]
    found += guarded("filters", lambda: [filters_check(taken)])
    return found + guarded("waiting", lambda: check_inbox(read_inbox(repository), now))


def _settings(repository: Repository) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for setting in settings(repository.top, _ASKED):
        found.setdefault(setting.key, []).append(setting.value)
    return found


def _is_on(settings: dict[str, list[str]], key: str, *, usual: bool) -> bool:
    values = settings.get(key)
    return usual if not values else values[-1].lower() not in _FALSE


def _push(repository: Repository) -> Iterator[Check]:
    folder = repository.common_dir / "hooks"
    named = values_of(repository.top, "core.hooksPath")
    own = [setting.value for setting in named if setting.scope == "local" and setting.value]
    if own:
        folder = repository.top / own[-1]
    there = [name for name in _HOOKS if os.access(folder / name, os.X_OK)]
    if there:
        yield note(
            "push",
            f"{', '.join(there)} in {folder} check{'s' * (len(there) == 1)} each push",
            "let them accept refs/versioner/ and the registry's branch",
        )
    else:
        yield ok("push", "everybody who may write to this folder may push: no hook checks pushes")


def _atomic(settings: dict[str, list[str]]) -> Iterator[Check]:
    if _is_on(settings, "receive.advertiseatomic", usual=True):
        yield ok("atomic", "several refs can be updated in one step")
    else:
        yield warning(
            "atomic",
            "receive.advertiseAtomic is off: events in the inbox are recorded and removed in two "
            "steps",
            "git config receive.advertiseAtomic true",
        )


def _hidden(settings: dict[str, list[str]]) -> Iterator[Check]:
    for key in ("receive.hiderefs", "transfer.hiderefs"):
        for value in settings.get(key, ()):
            ref = value.lstrip("^").rstrip("/")
            if not value.startswith("!") and "refs/versioner/inbox/".startswith(f"{ref}/"):
                yield warning(
                    "inbox-refs",
                    f"{key} = {value}: refs/versioner/* cannot be pushed, so there is no inbox",
                    f"git config --unset-all {key} '^{value}$'",
                )
                return
    yield ok("inbox-refs", "no setting hides refs/versioner/*")


def _accepts(settings: dict[str, list[str]], filter_: str) -> bool:
    if not _is_on(settings, "uploadpack.allowfilter", usual=False):
        return False
    return all(_allows(settings, part) for part in _parts(filter_))


def _parts(filter_: str) -> list[str]:
    kind, _, rest = filter_.partition(":")
    return ["combine", *rest.split("+")] if kind == "combine" else [filter_]


def _allows(settings: dict[str, list[str]], part: str) -> bool:
    name, _, depth = part.partition(":") if part.startswith("tree:") else (part, "", "")
    usual = _is_on(settings, "uploadpackfilter.allow", usual=True)
    allowed = _is_on(settings, f"uploadpackfilter.{name}.allow", usual=usual)
    deepest = settings.get("uploadpackfilter.tree.maxdepth")
    if name == "tree" and deepest and deepest[-1].isdecimal():
        return allowed and int(depth) <= int(deepest[-1])
    return allowed


def filters_check(taken: Sequence[str]) -> Check:
    """Report which filters a fetch may use."""
    best = FILTERS[0]
    if best in taken:
        return ok("filters", ", ".join(taken))
    if taken:
        return note(
            "filters",
            f"{', '.join(taken)}, but not {best}: recording through the URL needs more requests",
            "on your own server: git config uploadpackfilter.allow true",
        )
    return warning(
        "filters",
        "none: recording through the URL fetches all files of the registry each time",
        "on your own server: git config uploadpack.allowFilter true",
    )
