"""Send spooled events to their registry: those on this machine, or lines of a log."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from versioner.delivery.direct import Destination, record_remotely
from versioner.errors import InvalidInput, OperationFailed, VersionerError
from versioner.recording.envelope import draft_of, submission_of
from versioner.remote.url import address_of
from versioner.spool.batch import drain, queued, settle
from versioner.spool.codec import MARK, parse_line
from versioner.spool.outcome import SendOutcome, outcome_of
from versioner.spool.store import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from versioner.delivery.direct import Via
    from versioner.recording.context import EventDraft
    from versioner.recording.record import RecordResult
    from versioner.remote.url import Remote
    from versioner.spool.codec import SpoolEntry

    Entropy = Callable[[], tuple[int, bytes]]

__all__ = [
    "Sent",
    "document_of",
    "send_entries",
    "send_lines",
    "send_spooled",
    "token_for_host",
]

_STALE_SECONDS: Final = 3600


class Sent(NamedTuple):
    """An event that was sent, the URL of its registry, and the outcome."""

    entry: SpoolEntry
    repo: str
    outcome: SendOutcome


def document_of(destination: Destination, draft: EventDraft) -> dict[str, Any]:
    """Return an event with its destination, as a spool line has them."""
    return {
        **submission_of(draft),
        "repo": destination.remote.url,
        "branch": destination.branch,
        "via": destination.via,
        "create": destination.create,
    }


def send_entries(
    remote: Remote,
    entries: Sequence[SpoolEntry],
    *,
    first: Sequence[tuple[Destination, EventDraft]] = (),
    now: str,
    entropy: Entropy,
    judged: bool = False,
) -> list[RecordResult | VersionerError]:
    """Send this process's own events, if any, and spooled ones to the remote they are for.

    Events with the same destination are pushed together. With `judged`, the starts of deployments
    among the spooled ones are judged: they are those of processes that had no answer yet.
    Returns the result of each, in order.
    """
    results: dict[int, RecordResult | VersionerError] = {}
    # All are for one remote, so the rest of the destination tells them apart.
    groups: dict[tuple[object, ...], list[tuple[int, Destination, EventDraft]]] = {}
    for number, (to, draft) in enumerate(first):
        groups.setdefault(to[1:], []).append((number, to, draft))
    for number, entry in enumerate(entries, len(first)):
        document = entry.document
        to = _destination(remote, document)._replace(judged=judged)
        try:
            draft = draft_of(document)
        except InvalidInput as error:
            results[number] = error
            continue
        groups.setdefault(to[1:], []).append((number, to, draft))
    for group in groups.values():
        drafts = [draft for _, _, draft in group]
        found = record_remotely(group[0][1], drafts, now=now, entropy=entropy)
        results |= {number: each for (number, _, _), each in zip(group, found, strict=True)}
    return [results[number] for number in sorted(results)]


def send_spooled(
    folder: Path, repo: str | None, *, token: str, named: str, now: str, entropy: Entropy
) -> list[Sent]:
    """Send the events in a spool folder, and those that killed processes left in its queues.

    With `repo`, only those for the registry at this URL. `named` is the URL, if any, of the
    registry that the user has named, for whose host `token` is.
    """
    spool = Spool(folder)
    spool.sweep(entropy()[0] / 1000 - _STALE_SECONDS)
    spooled, left = (_by_registry(each) for each in (spool.entries(), queued(folder)))
    urls = {*spooled, *left}
    sent = []
    for url in sorted(urls if repo is None else urls & {repo}):
        own_token = token if token_for_host(url, named, urls) else ""
        send = partial(_send_to, url, own_token, now=now, entropy=entropy)
        entries = spooled.get(url, [])
        for entry, outcome in zip(entries, send(entries), strict=True):
            settle(spool, entry, outcome)
            sent.append(Sent(entry, url, outcome))
        if url in left:
            # Nobody had an answer to these: their starts are judged, those in the spool are facts.
            judge = partial(send, judged=True)
            sent += [Sent(entry, url, outcome) for entry, outcome in drain(folder, url, judge)]
    return sent


def send_lines(
    text: str, url: str, *, token: str, now: str, entropy: Entropy
) -> tuple[list[Sent], list[InvalidInput]]:
    """Send the spool lines in a log to one registry, never to the one that a line names.

    The second value lists what is wrong with lines that are not whole. Raises InvalidInput where
    there is no whole line, and UsageFault for a URL that is none.
    """
    address_of(url, token)
    entries, broken = _read_lines(text)
    outcomes = _send_to(url, token, entries, now=now, entropy=entropy)
    found = zip(entries, outcomes, strict=True)
    return [Sent(entry, _public_url(entry, url), outcome) for entry, outcome in found], broken


def token_for_host(url: str, named: str, urls: Iterable[str]) -> bool:
    """Return whether VERSIONER_TOKEN is for this registry's host.

    It is for the host of the registry that is `named`, else for the only host of all `urls`.
    """
    hosts = {_host(each) for each in ([named] if named else urls)}
    return hosts == {_host(url)}


def _send_to(
    url: str,
    token: str,
    entries: Sequence[SpoolEntry],
    *,
    now: str,
    entropy: Entropy,
    judged: bool = False,
) -> list[SendOutcome]:
    """Send to one registry; a failure that stops the sending is the outcome of every event."""
    if not entries:
        return []
    try:
        results = send_entries(
            address_of(url, token), entries, now=now, entropy=entropy, judged=judged
        )
    except VersionerError as error:
        return [outcome_of(error, for_all=True)] * len(entries)
    except OSError as error:
        failure = OperationFailed(error.strerror or str(error))
        return [outcome_of(failure, for_all=True)] * len(entries)
    return [outcome_of(result) for result in results]


def _destination(remote: Remote, document: dict[str, Any]) -> Destination:
    via = document["via"] if document["via"] in ("auto", "direct", "inbox") else ""
    return Destination(remote, document["branch"], cast("Via", via), document["create"])


def _by_registry(entries: Iterable[SpoolEntry]) -> dict[str, list[SpoolEntry]]:
    found: dict[str, list[SpoolEntry]] = {}
    for entry in entries:
        found.setdefault(entry.repo, []).append(entry)
    return found


def _read_lines(text: str) -> tuple[list[SpoolEntry], list[InvalidInput]]:
    """Return the spool lines in a log, and the errors of those that are not whole."""
    found, broken = {}, []
    for number, line in enumerate(text.split("\n"), 1):
        if f"{MARK}{{" not in line and not line.lstrip().startswith("{"):
            continue
        try:
            entry = parse_line(line)
        except InvalidInput as error:
            broken.append(InvalidInput(f"line {number}: {error.message}", hint=error.hint))
        else:
            found[entry.key] = entry
    if not found:
        raise next(iter(broken), _no_event())
    return list(found.values()), broken


def _no_event() -> InvalidInput:
    return InvalidInput(
        "the input has no event", hint=f"give the lines that begin with `{MARK.strip()}`"
    )


def _public_url(entry: SpoolEntry, url: str) -> str:
    """Return a URL that may be printed: without a secret."""
    try:
        return address_of(url).url
    except VersionerError:
        return entry.repo


def _host(url: str) -> str:
    try:
        return address_of(url).host
    except VersionerError:
        return ""
