"""Let the browser load a served page again when the site was built again.

The script is told to pages as they are served, never written into a built one.
"""

from __future__ import annotations

import threading
from typing import Final

__all__ = ["EVENTS", "SCRIPT", "SCRIPT_PATH", "Announcer", "with_script"]

SCRIPT_PATH: Final = "/_versioner/reload.js"
EVENTS: Final = "/_versioner/events"

# The browser connects again by itself: after a restart of the server too, whose count of builds
# begins with its own start.
SCRIPT: Final = b"""\
(function () {
  "use strict";
  var seen = null;
  new EventSource("/_versioner/events").onmessage = function (event) {
    if (seen !== null && event.data !== seen) { location.reload(); }
    seen = event.data;
  };
}());
"""
_TAG: Final = f'<script defer src="{SCRIPT_PATH}"></script>\n'.encode("ascii")


def with_script(page: bytes) -> bytes:
    """Return a page that also loads the script, in its head, where it has one."""
    before, head, after = page.partition(b"</head>")
    return before + _TAG + head + after if head else page


class Announcer:
    """Tell the streams that wait on it that there is another build; `start` names the server."""

    def __init__(self, start: str) -> None:
        self._start = start
        self._builds = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def state(self) -> str:
        """Return a word that changes with each build."""
        return f"{self._start}-{self._builds}"

    @property
    def is_closed(self) -> bool:
        """Tell whether the server stops."""
        return self._closed

    def announce(self) -> None:
        """Say that the site was built again."""
        with self._changed:
            self._builds += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Let every stream end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait(self, known: str, seconds: float) -> str:
        """Wait until the state is another than the known one, or some seconds; return it."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self.state != known, seconds)
            return self.state
