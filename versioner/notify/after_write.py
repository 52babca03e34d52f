"""What a server calls after each commit: notifications in the background, one run at a time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from versioner.errors import VersionerError
from versioner.notify.notices import Notice
from versioner.notify.run import NotifyContext, NotifyResult, notify

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.notify.place import Target
    from versioner.rules.gate.question import Question, Verdict


__all__ = ["AfterWrite", "context_of"]

_PAUSE_SECONDS: Final = 0.5
# As many refused starts are kept while the ref cannot be moved.
_MOST_OTHERS: Final = 100


class AfterWrite:
    """The notifications of one registry, made by one thread whenever something was written.

        after = AfterWrite(lambda: repository, context, branch="main", report=log)
        after.wrote()     # after each commit; returns at once
        after.close()     # at the end of the server

    `target` returns an open repository, a mirror or a remote, as it is now. `report` is called with
    the result of each run, or with the error that ended it. Commits during a run are one more run.
    A run also looks for what other writers pushed, so a server may call `wrote` at any time.
    """

    def __init__(
        self,
        target: Callable[[], Target],
        context: NotifyContext,
        *,
        branch: str = "",
        report: Callable[[NotifyResult | VersionerError], None] | None = None,
    ) -> None:
        self._target = target
        self._context = context
        self._branch = branch
        self._report = report
        self._others: list[Notice] = []
        self._wanted = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def wrote(self) -> None:
        """Ask for a run; return at once."""
        self._wanted.set()
        with self._lock:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(
                    target=self._work, name="versioner-notify", daemon=True
                )
                self._thread.start()

    def refused(self, event_id: str, question: Question, refusals: Sequence[Verdict]) -> None:
        """Notify a start that rules refused, which git does not have; return at once."""
        names = (f"{each.rule or each.type} ({each.code})" for each in refusals)
        notice = Notice(
            f"refused-{event_id}",
            "deployment.preflight_failed",
            question.at,
            products=(question.product,),
            environments=(question.environment,),
            version=question.version,
            instance=question.instance,
            words=tuple(names),
        )
        with self._lock:
            self._others.append(notice)
        self.wrote()

    def close(self, seconds: float = 10.0) -> None:
        """End after the present run, for which some seconds are waited."""
        with self._lock:
            self._closed.set()
            thread = self._thread
        self._wanted.set()
        if thread is not None:
            thread.join(seconds)

    def _work(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._closed.is_set():
                return
            self._run()
            # Many commits a second are one run.
            self._closed.wait(_PAUSE_SECONDS)

    def _run(self) -> None:
        found: NotifyResult | VersionerError
        with self._lock:
            others, self._others = self._others, []
        try:
            found = notify(self._target(), self._context, branch=self._branch, also=others)
        except VersionerError as error:
            found = error
            with self._lock:
                self._others = others[-_MOST_OTHERS:] + self._others
        if self._report is not None:
            self._report(found)


def context_of(
    variables: Mapping[str, str], now: Callable[[], str], entropy: Callable[[], tuple[int, bytes]]
) -> NotifyContext:
    """Return the context of the runs of this process."""
    from versioner.notify.sender_process import this_sender

    return NotifyContext(variables, now, this_sender(entropy))
