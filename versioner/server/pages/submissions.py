"""Forms that are sent twice: a second click has no second effect."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from concurrent.futures import Future
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Submissions", "submission_key"]

# The hidden field with which each form that is shown differs from all others.
ONCE: Final = "once"
_KEPT: Final = 1000


def submission_key(who: str, path: str, values: Mapping[str, str]) -> str:
    """Return what two clicks on one button have in common, "" for a form without its mark."""
    if not values.get(ONCE):
        return ""
    whole = repr((who, path, sorted(values.items())))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


class Submissions:
    """The latest submissions that were carried out, with the address that each led to."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[str, Future[str]] = OrderedDict()

    def run(self, key: str, write: Callable[[], str]) -> str:
        """Return what `write` returns, or returned for the same submission; "" is always new.

        A submission that was refused may be sent again.
        """
        if not key:
            return write()
        mine: Future[str] = Future()
        with self._lock:
            known = self._known.setdefault(key, mine)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        if known is not mine:
            return known.result()
        try:
            mine.set_result(write())
        except BaseException as error:
            with self._lock:
                self._known.pop(key, None)
            mine.set_exception(error)
            raise
        return mine.result()
