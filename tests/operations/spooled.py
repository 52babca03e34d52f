"""Entries for the tests of spool and queue, and processes that share a send."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from versioner.spool.batch import Outcome, share
from versioner.spool.store import Entry, new_entry, write_line

URL = "https://forge.example.com/acme/registry.git"
KEPT_AT = "2026-11-22T10:15:00Z"


def document(**changes: Any) -> dict[str, Any]:
    event = {"at": KEPT_AT, "environment": "production", "version": "1.4.0", "status": "completed"}
    return {
        "format": 1,
        "kind": "deployment",
        "product": "user-service",
        "detected": False,
        "event_id": "",
        "event": event,
        "repo": URL,
        "branch": "",
        "via": "",
        "create": True,
        **changes,
    }


def entry(number: int = 0, reason: str = "", **changes: Any) -> Entry:
    line = write_line(document(**{"event_id": f"e{number}", **changes}))
    return new_entry(line, kept_at=KEPT_AT, reason=reason, now_ms=number)


def main(folder: Path, go: Path, log: Path, number: int, seconds: float) -> None:
    """Share one entry with others when `go` is there; a send takes some seconds and is logged."""

    def send(entries: list[Entry]) -> list[Outcome]:
        keys = " ".join(each.document["event_id"] for each in entries)
        with log.open("a", encoding="ascii") as file:
            file.write(f"{keys}\n")
        time.sleep(seconds)
        return [Outcome("recorded", {"id": each.document["event_id"]}) for each in entries]

    print("ready", flush=True)
    while not go.exists():
        time.sleep(0.002)
    outcome = share(folder, entry(number), send, wait_seconds=60, now=time.time())
    print(outcome.kind, outcome.details["id"], flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), int(sys.argv[4]), float(sys.argv[5]))
