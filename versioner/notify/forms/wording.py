"""A notice in plain words: a title of one line, a text, and the link to the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.git.process import printable
from versioner.query.derived.running_versions import place_text
from versioner.secret_scanning import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from versioner.notify.notice_details import NoticeDetails
    from versioner.notify.notices import Notice

__all__ = ["Message", "message_of"]

_LONGEST_TITLE: Final = 200
_LONGEST_LINE: Final = 1000


class Message(NamedTuple):
    """What people read: a title of one line, and the lines of the text, the link last."""

    title: str
    lines: tuple[str, ...]
    url: str = ""

    @property
    def text(self) -> str:
        """Return the lines and the link."""
        return "\n".join([*self.lines, *([self.url] if self.url else [])])


def message_of(details: NoticeDetails) -> Message:
    """Return the message about a notice."""
    notice = details.notice
    if details.digest is not None:
        from versioner.notify.digests.words import digest_lines, digest_title

        # The last line is the link, where there is one.
        return Message(digest_title(details.digest), tuple(digest_lines(details.digest)))
    title = _line(_TITLES.get(notice.type.partition(".")[0], _other)(details), _LONGEST_TITLE)
    if details.is_void:
        title += " (declared a mistake since)"
    return Message(title, tuple(_line(each) for each in _lines(details) if each), details.url)


def _line(text: str, longest: int = _LONGEST_LINE) -> str:
    """Return a text on one line, without control characters, in a bounded length."""
    line = " ".join(printable(without_secrets(text)).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _product(details: NoticeDetails) -> str:
    return details.product_title or details.notice.product


def _place(details: NoticeDetails) -> str:
    notice = details.notice
    return place_text(details.environment_title or notice.environment, notice.instance)


def _deployment(details: NoticeDetails) -> str:
    notice = details.notice
    what = f"{_product(details)} {notice.version}".strip()
    where = _place(details)
    word = notice.type.partition(".")[2]
    if word == "completed":
        if "deployment.rollback" in notice.also:
            return f"{_product(details)} rolled back to {notice.version} in {where}"
        if "deployment.redeployment" in notice.also:
            return f"{what} deployed again to {where}"
        return f"{what} deployed to {where}"
    return {
        "pending": f"Deployment of {what} to {where} waits",
        "started": f"Deployment of {what} to {where} started",
        "failed": f"Deployment of {what} to {where} failed",
        "aborted": f"Deployment of {what} to {where} was cancelled",
        "undeployed": f"{what} removed from {where}",
        "voided": f"Recorded deployment of {what} to {where} was a mistake",
        "preflight_failed": f"Deployment of {what} to {where} was refused",
    }.get(word, f"{what} to {where}: {word}")


def _build(details: NoticeDetails) -> str:
    what = f"{_product(details)} {details.notice.version}"
    return {
        "pending": f"Build of {what} waits",
        "started": f"Build of {what} started",
        "completed": f"{what} was built",
        "failed": f"Build of {what} failed",
        "aborted": f"Build of {what} was cancelled",
    }[details.notice.type.partition(".")[2]]


def _version(details: NoticeDetails) -> str:
    notice = details.notice
    what, kind = f"{_product(details)} {notice.version}", notice.name
    return {
        "approved": f"{what}: {kind} approved",
        "rejected": f"{what}: {kind} rejected",
        "revoked": f"{what}: {kind} decision taken back",
        "blocked": f"{what} is blocked: it may not be deployed anywhere",
        "unblocked": f"{what} is no longer blocked",
        "stuck": f"{what} is stuck: not in {_place(details)} for {_days(notice.count)}",
    }[notice.type.partition(".")[2]]


def _days(number: int) -> str:
    return f"{number:,} {'day' if number == 1 else 'days'}"


def _product_change(details: NoticeDetails) -> str:
    notice = details.notice
    word = notice.type.partition(".")[2]
    if word == "renamed":
        return f"Product {notice.old_name} is called {notice.product} now"
    if word == "merged":
        return f"Product {notice.old_name} was merged into {notice.product}"
    words = {"created": "is new", "changed": "was edited", "deleted": "was deleted"}
    return f"Product {notice.product} {words.get(word, 'was restored')}"


def _environment(details: NoticeDetails) -> str:
    notice = details.notice
    word = notice.type.partition(".")[2]
    if word == "renamed":
        return f"Environment {notice.old_name} is called {notice.name} now"
    if word == "merged":
        return f"Environment {notice.old_name} was merged into {notice.environment}"
    words = {"created": "is new", "changed": "was edited"}
    return f"Environment {notice.name} {words.get(word, 'was deleted')}"


def _rule(details: NoticeDetails) -> str:
    title = details.rule.title if details.rule is not None else ""
    word = details.notice.type.partition(".")[2]
    name = f"{details.notice.name} ({title})" if title else details.notice.name
    return f"Rule {name} was {word}"


def _freeze(details: NoticeDetails) -> str:
    places = ", ".join(details.notice.environments or ()) or "All environments"
    some = ", ".join(details.notice.products or ())
    what = f"{places} (for {some})" if some else places
    if details.notice.type == "freeze.ended":
        return f"Freeze of {what} was ended"
    return f"{what} is frozen"


def _request(details: NoticeDetails) -> str:
    notice, request = details.notice, details.request
    name = (request.title if request is not None else "") or notice.name
    word = notice.type.partition(".")[2]
    kind = notice.words[0] if notice.words else ""
    if word in ("approved", "rejected"):
        return f"Deployment request {name}: {kind} {word}"
    if word == "step":
        done = "is to be done again" if notice.words[-1:] == ("undone",) else "is done"
        return f"Deployment request {name}: step {kind} {done}"
    return f"Deployment request {name} " + {
        "created": "was created",
        "activated": "is open for approval",
        "deactivated": "is a draft again",
        "changed": "was changed: approvals of what it was before do not count",
        "completed": "is completed",
        "cancelled": "was cancelled",
    }.get(word, "was deleted")


def _other(details: NoticeDetails) -> str:
    notice = details.notice
    if notice.type == "event.redacted":
        return f"A value of an event of {_product(details)} was removed: {', '.join(notice.words)}"
    if notice.type == "override.reviewed":
        return f"Override of a rule for {_product(details)} {notice.version} was reviewed"
    if notice.type == "registry.imported":
        return f"{notice.count:,} old events of {_many(notice)} were recorded"
    return f"Settings of the registry changed: {', '.join(notice.words)}"


def _many(notice: Notice) -> str:
    number = len(notice.products or ())
    return f"{number:,} products" if number != 1 else notice.product


_TITLES: Final[dict[str, Callable[[NoticeDetails], str]]] = {
    "deployment": _deployment,
    "build": _build,
    "version": _version,
    "product": _product_change,
    "environment": _environment,
    "rule": _rule,
    "freeze": _freeze,
    "dr": _request,
}


def _lines(details: NoticeDetails) -> Iterator[str]:
    notice, event = details.notice, details.event
    when = f"{notice.at[:10]} {notice.at[11:16]} UTC" if notice.at else ""
    yield f"{when} by {details.actor}" if details.actor else when
    if notice.type == "deployment.completed" and notice.previous not in ("", notice.version):
        yield f"Before: {notice.previous}"
    if details.commits:
        yield f"{details.commits[0].upper()}{details.commits[1:]}"
    if notice.type == "version.stuck":
        runs = f", which runs {notice.previous}" if notice.previous else ", where nothing runs"
        yield f"It is in {notice.name} and not in {_place(details)}{runs}"
    if details.team:
        yield f"Team: {details.team}"
    for key, label in (("reason", "Reason"), ("comment", "Comment"), ("notes", "Notes")):
        if event.get(key):
            yield f"{label}: {event[key]}"
    for each in event.get("overrides") or ():
        yield f"Overrides rule {each.get('rule')}: {each.get('reason', '')}"
    if details.rule is not None and details.rule.reason:
        yield f"Reason: {details.rule.reason}"
    for window in getattr(details.rule.block, "windows", ()) if details.rule is not None else ():
        if notice.type.startswith("freeze.") and hasattr(window, "end"):
            yield f"Until: {str(window.end).replace('T', ' ')} {details.rule.block.time_zone}"  # type: ignore[union-attr]
    if details.request is not None:
        for product, version in details.request.versions.items():
            yield f"{product} {version} to {', '.join(details.request.environments)}"
    if notice.type == "deployment.preflight_failed" and notice.words:
        yield f"Refused by {', '.join(notice.words)}"
    if notice.type == "product.deleted":
        yield f"`versioner product restore {notice.product}` restores it."
    if notice.words and notice.type.endswith(".changed") and not notice.type.startswith("registry"):
        yield f"Changed: {', '.join(notice.words)}"
