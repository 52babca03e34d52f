"""When a record at a remote is tried again, and for how long.

The tries themselves, also those after a lost race, are made by `direct.py`.
"""

from __future__ import annotations

from typing import Final

from versioner.backoff import Backoff
from versioner.remote.faults import RemoteFailure, too_many_races, too_many_ruled_races

__all__ = ["Retries"]

# Eight lost races in a row mean heavy contention; stop retrying.
_RACES: Final = 8
_RACE_PAUSE_SECONDS: Final = 0.1
# A start under a rule has no inbox to go to, so that it tries on for longer.
_RULED_SECONDS: Final = 120
_LONGEST_RULED_PAUSE_SECONDS: Final = 2
# After a failure of the server or the network there are two more tries: half a second later, and
# two seconds after that. Give up after 60 s: an unresponsive host already costs one full timeout.
_FAILURES: Final = 3
_FAILURE_PAUSE_SECONDS: Final = 0.5
_FAILURE_GROWTH: Final = 4.0
_LONGEST_SECONDS: Final = 60


class Retries:
    """The pauses of one record: after lost races, and after failures."""

    def __init__(self) -> None:
        self._after_races = Backoff(_RACE_PAUSE_SECONDS, tries=_RACES)
        self._after_ruled_races = Backoff(
            _RACE_PAUSE_SECONDS, longest=_LONGEST_RULED_PAUSE_SECONDS, limit=_RULED_SECONDS
        )
        self._after_failures = Backoff(
            _FAILURE_PAUSE_SECONDS,
            growth=_FAILURE_GROWTH,
            limit=_LONGEST_SECONDS,
            tries=_FAILURES,
        )

    def pauses_after(self, failure: RemoteFailure, *, is_ruled: bool) -> Backoff:
        """Return the pauses after a failure; `is_ruled` for a start to which a rule applies."""
        if failure.fault != "race":
            return self._after_failures
        return self._after_ruled_races if is_ruled else self._after_races

    def last_failure(self, failure: RemoteFailure, *, is_ruled: bool) -> RemoteFailure:
        """Return the failure to report after the last try."""
        if failure.fault != "race":
            return failure
        return too_many_ruled_races(_RULED_SECONDS) if is_ruled else too_many_races(_RACES)
