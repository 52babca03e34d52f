"""Reports of notifications: what was sent, what waits, and what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.reporting.terminal import as_json, clean
from versioner.reporting.text import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.notify.dead_letters import Notifications
    from versioner.notify.run import Delivery, NotifyResult

__all__ = ["notifications_json", "notifications_text", "notified_json", "notified_text"]

# The tip of the branch is read, not the files of a work tree.
_NO_CHANNEL: Final = (
    "No channel is configured: `notify` in registry.yaml, as it is committed, names them."
)


def notified_text(result: NotifyResult) -> str:
    """Return what a run sent, what failed and what waits."""
    return clean_join(_notified(result))


def clean_join(lines: Iterator[str]) -> str:
    """Return lines without control characters."""
    return "\n".join(clean(each) for each in lines)


def _notified(result: NotifyResult) -> Iterator[str]:
    would = "would be " if result.is_dry_run else ""
    if not result.channels and not result.is_first and not result.sent:
        yield _NO_CHANNEL
        return
    if result.is_first:
        taken = "would take" if result.is_dry_run else "took"
        yield (
            f"The first run {taken} what is there as notified, up to commit "
            f"{result.commit[:12]}; what happens from now on is sent."
        )
        if not (result.sent or result.failed or result.waiting):
            return
    if result.is_rewritten:
        yield (
            "The commit that was notified last no longer exists: events up to its time count as "
            "notified."
        )
    for each in result.sent:
        word = "would send" if result.is_dry_run else "sent"
        yield f"{word} to {each.channel}: {each.title} ({each.notice.key})"
    for each in result.failed:
        yield f"failed to {each.channel}: {each.title} ({each.notice.key}): {each.error}"
    for each in result.in_doubt:
        yield f"in doubt to {each.channel}: {each.notice.key}: {each.error}"
    for name, number in result.waiting.items():
        lacks = result.unset.get(name)
        why = f"the variable {lacks[0]} is not set here" if lacks else "the channel does not answer"
        yield f"{count(number, 'notification')} to {name} {would}waiting: {why}"
    if not (result.sent or result.failed or result.in_doubt or result.waiting):
        yield "Nothing new to send."
    if result.failed or result.in_doubt:
        yield (
            "`versioner notify retry` sends again what failed; name what is in doubt: "
            "`versioner notify retry ID`"
        )


def notified_json(result: NotifyResult) -> str:
    """Return the same as JSON with stable keys."""
    return as_json(
        {
            "commit": result.commit,
            "first_run": result.is_first,
            "dry_run": result.is_dry_run,
            "sent": [_delivery(each) for each in result.sent],
            "failed": [_delivery(each) for each in result.failed],
            "in_doubt": [_delivery(each) for each in result.in_doubt],
            "waiting": dict(result.waiting),
            "unset_variables": {name: list(names) for name, names in result.unset.items()},
        }
    )


def _delivery(each: Delivery) -> dict[str, Any]:
    return {
        "channel": each.channel,
        "id": each.notice.key,
        "type": each.notice.type,
        "title": each.title,
        "error": each.error,
    }


def notifications_text(found: Notifications) -> str:
    """Return the channels, what waits, and the dead letters."""
    return clean_join(_listed(found))


def _listed(found: Notifications) -> Iterator[str]:
    if not found.channels:
        yield _NO_CHANNEL
    for channel, missing in found.channels:
        lacks = f", {', '.join(missing)} not set here" if missing else ""
        yield f"{channel.name}: {channel.to}{lacks}"
    if not found.commit:
        yield "No run yet: the first one takes what is there as notified."
    else:
        yield f"notified up to commit {found.commit[:12]} of {found.at}"
    if found.sending:
        yield f"{count(found.sending, 'notification')} being sent"
    for name, notice, title in found.waiting:
        yield f"waiting for {name}: {title} ({notice.key})"
    for each in found.dead:
        word = "in doubt" if each.in_doubt else "failed"
        yield f"{word} to {each.channel}, {each.at}: {each.title} ({each.notice.key}): {each.error}"
    if found.dead:
        yield (
            "`versioner notify retry` sends again what failed, `versioner notify retry ID` one, "
            "`versioner notify discard ID` removes it"
        )


def notifications_json(found: Notifications) -> str:
    """Return the same as JSON with stable keys."""
    return as_json(
        {
            "commit": found.commit,
            "at": found.at,
            "channels": [
                {"name": channel.name, "to": channel.to, "unset_variables": list(missing)}
                for channel, missing in found.channels
            ],
            "waiting": [
                {"channel": name, "id": notice.key, "type": notice.type, "title": title}
                for name, notice, title in found.waiting
            ],
            "sending": found.sending,
            "failed": [
                {
                    "channel": each.channel,
                    "id": each.notice.key,
                    "type": each.notice.type,
                    "title": each.title,
                    "error": each.error,
                    "at": each.at,
                    "in_doubt": each.in_doubt,
                }
                for each in found.dead
            ],
        }
    )
