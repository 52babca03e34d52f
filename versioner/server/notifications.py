"""Notifications of a server: sent in the background after each commit, also those of others."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from versioner.errors import VersionerError
from versioner.notify.after_write import AfterWrite, context_of
from versioner.notify.place import Mirror

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.git.repository import Repository
    from versioner.notify.run import NotifyResult
    from versioner.server.reader import RegistryReader
    from versioner.server.settings import ServerSettings
    from versioner.server.writer import RegistryWriter

__all__ = ["notifications_of"]

_log = logging.getLogger("versioner.server.notify")


def notifications_of(
    settings: ServerSettings,
    reader: RegistryReader,
    writer: RegistryWriter,
    unsent: Callable[[], None] = lambda: None,
) -> AfterWrite:
    """Return what sends the notifications of a registry, whenever its tip moves.

    Starts that rules refuse, of which git has nothing, are notified too. `unsent` is called after
    a run in which some failed: the site lists them.
    """

    def report(found: NotifyResult | VersionerError) -> None:
        _report(found)
        if not isinstance(found, VersionerError) and (found.failed or found.in_doubt):
            unsent()

    def target() -> Repository | Mirror:
        repository, client = reader.repository(), reader.client
        return repository if client is None else Mirror(repository, client)

    branch = (reader.repository().branch or "").removeprefix("refs/heads/")
    clock = settings.clock
    context = context_of(settings.variables, clock.now, clock.entropy)
    after = AfterWrite(target, context, branch=branch, report=report)
    reader.on_move(after.wrote)
    writer.on_refusal(lambda name, answer: after.refused(name, answer.question, answer.refusals))
    return after


def _report(found: NotifyResult | VersionerError) -> None:
    """Log what failed, by channel and id: texts and addresses are in no log."""
    if isinstance(found, VersionerError):
        _log.warning("notifications were not sent: %s", found.message)
        return
    if found.sent:
        _log.info("%d notifications sent", len(found.sent))
    for each in found.failed:
        _log.warning("notification %s to %s failed: %s", each.notice.key, each.channel, each.error)
    for each in found.in_doubt:
        _log.warning("notification %s to %s is in doubt", each.notice.key, each.channel)
    for name, number in found.waiting.items():
        _log.warning("%d notifications to %s wait", number, name)
