"""The commits of a version since the one before it, on the first event that knows them.

The version before is the one that was seen last, among those whose commit the registry knows and
that is an ancestor of this one's. It is looked for in the logs of the event's month and the one
before and, where these name no commit, in the newest log before them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from versioner import layout
from versioner.git.objects import reading, tip_view
from versioner.git.source.log import LogFailure, commits_since
from versioner.models.events import UNDEPLOYED, RecordedChanges, RecordedCommit
from versioner.recording.commit_texts import (
    MOST_KEYS,
    CommitText,
    recorded_commits,
    without_people,
)
from versioner.recording.context import TipFiles
from versioner.recording.event_warnings import EventWarning
from versioner.rules.event_decision import same_sha
from versioner.validation.commit_keys import keys_in, patterns_of
from versioner.validation.events import check_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.git.repository import Repository
    from versioner.models import Event, EventKind
    from versioner.recording.context import EventDraft, RecordContext

__all__ = ["with_commits"]

_KINDS: Final[tuple[EventKind, ...]] = ("build", "deployment")
# Lines of a log that are searched for the commits of earlier versions, the newest ones.
_MOST_LINES: Final = 5000
# A line in canonical form; no other writer's log tells anything here. Compiled at their first use.
_BEGIN: Final = (
    rb'- \{at: "([0-9TZ:-]+)", (?:environment: "[a-z0-9-]+", )?(?:instance: "[a-z0-9._-]+", )?'
    rb'version: "([^"\\]+)"'
)
_COMMIT: Final = rb', scm_sha: "([0-9a-f]{7,64})"'
_MOST_EARLIER: Final = 200
_NO_WARNINGS: Final[tuple[EventWarning, ...]] = ()
_SECRET: Final = EventWarning(
    "commits",
    "the message of a commit looks like it holds a secret key, and is not recorded",
    "revoke that key: everybody who can read the source can read it",
)


def with_commits(
    repository: Repository,
    kind: EventKind,
    pending: Mapping[str, bytes | None],
    draft: EventDraft,
    context: RecordContext,
    event: Event,
) -> tuple[Event, tuple[EventWarning, ...]]:
    """Return an event with the commits of its version, where no event of the version has them.

    They are those that the draft has, else those of its checkout. A failure to read these changes
    nothing. Nothing is recorded with `record: never` in registry.yaml.
    """
    given: RecordedChanges | None = event.get("changes")
    if given is not None:
        # Anybody may have written it.
        check_event(kind, event)
    event = {key: value for key, value in event.items() if key != "changes"}
    version = event.get("version", "")
    is_off = (context.config.get("changes") or {}).get("record") == "never"
    if not version or is_off or "voids" in event or event["status"] == UNDEPLOYED:
        return event, ()
    visible = context.visible()
    own: list[Event] = []
    for one in _KINDS:
        own += visible.find(one, "version", version)
    known = _known(own)
    if known == "whole" or (known and given is not None and "partial" in given):
        return event, ()
    with reading(repository) as reader:
        tip = TipFiles(reader, tip_view(repository, reader), pending)
        earlier = _earlier(tip, context, event)
        if given is not None:
            return {**event, "changes": _completed(given, earlier, context)}, ()
        paths = _source_paths(tip, context)
    sha = event.get("scm_sha") or max(
        (each.get("scm_sha", "") for each in own), key=len, default=""
    )
    if not sha:
        return event, ()
    if draft.recent and not draft.checkout:
        found, warnings = _of_recent(draft, sha, earlier, paths, context), _NO_WARNINGS
    else:
        found, warnings = _read(draft.checkout, sha, earlier, paths, context)
    if found is None or ("partial" in found and known):
        return event, warnings if found is None else ()
    return {**event, "changes": found}, warnings


def _known(events: Sequence[Event]) -> Literal["", "partial", "whole"]:
    """Return what the events of a version have of its commits; a removed list stays removed."""
    lists = [each["changes"] for each in events if "changes" in each]
    is_removed = any("changes" in each.get("redacted", ()) for each in events)
    if is_removed or any("partial" not in each for each in lists):
        return "whole"
    return "partial" if lists else ""


def _completed(
    given: RecordedChanges, earlier: Mapping[str, str], context: RecordContext
) -> RecordedChanges:
    """Return given commits with their keys and the version before: it is the one seen last."""
    patterns = patterns_of(context.config)
    commits: list[RecordedCommit] = []
    for each in given["commits"]:
        keys = dict.fromkeys((*each.get("keys", ()), *keys_in(each.get("subject", ""), patterns)))
        values: Any = {**each, "keys": [*keys][:MOST_KEYS]} if keys else each
        commits.append(_in_order(values, RecordedCommit))
    latest = "" if "partial" in given else next(iter(earlier), "")
    whole = {**({"since": latest} if latest else {}), **given, "commits": commits}
    found: RecordedChanges = _in_order(whole, RecordedChanges)
    return found


def _in_order(values: Mapping[str, Any], kind: type) -> Any:
    """Return values in the order of a log's line; the inbox has them in another one."""
    return {key: values[key] for key in kind.__annotations__ if key in values}


def _read(
    checkout: str,
    sha: str,
    earlier: Mapping[str, str],
    paths: list[str],
    context: RecordContext,
) -> tuple[RecordedChanges | None, tuple[EventWarning, ...]]:
    """Return the commits in a checkout since the version before, and what was left out and why."""
    known = {version: commit for version, commit in earlier.items() if commit}
    for version, commit in known.items():
        if same_sha(commit, sha):
            return {"since": version, "commits": []}, ()
    if not known or not checkout:
        return None, ()
    try:
        log = commits_since(checkout, sha, list(known.values()), paths)
    except LogFailure as error:
        return None, (
            EventWarning("commits", f"no commits are recorded: {error.message}", error.hint),
        )
    if log is None:
        return None, ()
    texts = [CommitText(each.id, each.message, each.name, each.email) for each in log.commits]
    commits, secrets = recorded_commits(texts, context.config)
    warnings = (_SECRET,) if secrets else ()
    if not log.since:
        doubts = (_shallow(log.visible),) if log.visible else ()
        return {"partial": True, "commits": commits}, (*warnings, *doubts)
    since = next(version for version, commit in known.items() if commit == log.since)
    more = len(texts) + log.more - len(commits)
    found: Any = {"since": since, **({"more": more} if more else {}), "commits": commits}
    return found, warnings


def _of_recent(
    draft: EventDraft,
    sha: str,
    earlier: Mapping[str, str],
    paths: list[str],
    context: RecordContext,
) -> RecordedChanges | None:
    """Return the commits since the version before, of those that came with the event.

    There are none for a product of some folders of its source: nobody here sees these.
    """
    from versioner.recording.recent_commits import changes_of_recent

    known = {version: commit for version, commit in earlier.items() if commit}
    if not known or paths:
        return None
    found = changes_of_recent(draft.recent, sha, known)
    if found is None:
        return None
    people = context.config.get("people", "login")
    allowed = found if people == "all" else without_people(found, people)
    return _completed(allowed, {}, context)


def _shallow(visible: int) -> EventWarning:
    """Return the warning about a shallow checkout that lacks the commits of earlier versions."""
    has = "only this commit" if visible == 1 else f"only {visible:,} commits"
    return EventWarning(
        "commits",
        f"the commits since the version before are not known: the checkout has {has}",
        "fetch the history: fetch-depth: 0 with actions/checkout, GIT_DEPTH: 0 in GitLab",
    )


def _earlier(tip: TipFiles, context: RecordContext, event: Event) -> dict[str, str]:
    """Return the commit of each version that was seen before an event, the latest first.

    A version whose commit is not known has "". The time of a version is that of its first event.
    """
    found = _seen(context.logs, event)
    if not any(found.values()):
        found = _seen(_logs_before(tip, context), event) | found
    return found


def _seen(logs: Mapping[str, bytes], event: Event) -> dict[str, str]:
    first: dict[str, str] = {}
    commits: dict[str, str] = {}
    for at, version, commit in _versions(logs):
        if at <= event["at"] and version != event["version"]:
            first[version] = min(at, first.get(version, at))
            commits[version] = max(commit, commits.get(version, ""), key=len)
    # Where two have the same second, the one that was recorded last comes first.
    latest = [*reversed(first)]
    latest.sort(key=first.__getitem__, reverse=True)
    return {version: commits[version] for version in latest[:_MOST_EARLIER]}


def _versions(logs: Mapping[str, bytes]) -> Iterator[tuple[str, str, str]]:
    """Yield the time, the version and the commit ("" for none) of each event of some logs.

    Only the beginning of a line is read: a log has the lists of many versions.
    """
    begin, commit = re.compile(_BEGIN), re.compile(_COMMIT)
    for path, data in logs.items():
        place = layout.place_of(path)
        if place is None or place.log_kind not in _KINDS:
            continue
        for line in data.split(b"\n")[-_MOST_LINES:]:
            found = begin.match(line)
            if found is not None:
                known = commit.search(line.partition(b", changes: {")[0], found.end())
                sha = known[1].decode() if known is not None else ""
                yield found[1].decode(), found[2].decode(), sha


def _logs_before(tip: TipFiles, context: RecordContext) -> dict[str, bytes]:
    """Return the newest log of each kind before the visible ones."""
    visible = [place.period for path in context.logs if (place := layout.place_of(path))]
    found: dict[str, bytes] = {}
    for kind in _KINDS:
        folder = layout.log_path(context.product, kind, "").rpartition("/")[0]
        periods = {*tip.names(folder)} - {*visible}
        before = [each for each in periods if not visible or each < min(visible)]
        if before:
            found |= tip.logs_of(context.product, (kind,), (max(before),))
    return found


def _source_paths(tip: TipFiles, context: RecordContext) -> list[str]:
    """Return the paths of the source that the product is built from; none for all of it."""
    path = layout.product_path(context.product)
    data = tip.read(path) if context.has_product else b""
    # Importing the YAML loader is slow, and few products have these paths.
    if b"source_paths" not in data:
        return []
    from versioner.validation.documents import validate_document

    document: Any = validate_document("product", data, path)[0] or {}
    return list(document.get("source_paths", ()))
