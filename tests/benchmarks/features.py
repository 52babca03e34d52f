"""Events from rows, with builds, instances, failures and mistakes among them.

What is made of a row depends on its product, its number and the seed alone.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.rows import Row

__all__ = ["EventMaker"]

Event = dict[str, Any]


class EventMaker:
    """The events of rows that are given in the order of their times.

    Each row gives one event of its product's deployments. With `plain`, that is a completed
    deployment. Otherwise, of 1,000 rows 20 are failed, 5 aborted, 4 only started, 2 name another
    event as a mistake, and 1 says that nothing runs any more; of 100 rows 4 name the commit, an
    artifact and a server, and 2 have a build. In production, two products of 80 have instances.
    """

    def __init__(self, seed: int, *, plain: bool = False) -> None:
        self.seed = seed
        self.plain = plain
        self._numbers: dict[str, int] = {}
        self._latest: dict[str, str] = {}

    def events(self, row: Row) -> Iterator[tuple[str, Event]]:
        """Yield the kind of log and the event, builds first."""
        number = self._numbers.get(row.product, 0)
        self._numbers[row.product] = number + 1
        digest = hashlib.sha256(f"{self.seed}/{row.product}/{number}".encode()).hexdigest()
        event: Event = {
            "at": row.at,
            "environment": row.environment,
            "version": row.version,
            "status": "completed",
            "deployed_by": row.deployed_by,
            "invoke_id": row.invoke_id,
            "id": digest[:32],
        }
        if not self.plain:
            kind = int(digest[32:40], 16) % 1000
            if int(digest[40:48], 16) % 50 == 0:
                yield "build", self._build(row, digest)
            event = self._varied(row, event, kind)
        # A declaration of a mistake is no event that another may name.
        if "voids" not in event:
            self._latest[row.product] = event["id"]
        yield "deployment", event

    def _varied(self, row: Row, event: Event, kind: int) -> Event:
        if kind < 2 and row.product in self._latest:
            keys = ("at", "deployed_by", "id")
            mistake = {key: event[key] for key in keys}
            return mistake | {"voids": self._latest[row.product], "reason": "recorded by mistake"}
        if kind == 2:
            gone = {key: value for key, value in event.items() if key != "version"}
            return gone | {"status": "undeployed"}
        if kind < 7:
            event["status"] = "started"
        elif kind < 12:
            event["status"] = "aborted"
        elif kind < 32:
            event["status"] = "failed"
        elif kind < 72:
            event |= self._source(row)
        elif kind < 80:
            event["reason"] = "Return to the version before: errors at the start."
        elif kind < 84:
            event["extra_metadata"] = {"ticket": f"OPS-{kind}", "region": "eu-west"}
        if row.environment == "production" and self._has_instances(row.product):
            event["instance"] = "eu-west" if kind % 2 else "us-east"
        return event

    @staticmethod
    def _has_instances(product: str) -> bool:
        return hashlib.sha256(product.encode()).digest()[0] < 7

    def _source(self, row: Row) -> Event:
        return {
            "scm_sha": self._commit(row),
            "scm_repository": f"example/{row.product}",
            "artifacts": {"image": f"sha256:{self._digest(row)}"},
            "source_system": "github",
            "source_server": "github.example",
        }

    @staticmethod
    def _digest(row: Row) -> str:
        return hashlib.sha256(f"{row.product}@{row.version}".encode()).hexdigest()

    def _commit(self, row: Row) -> str:
        return self._digest(row)[:40]

    def _build(self, row: Row, digest: str) -> Event:
        return {
            "at": row.at,
            "version": row.version,
            "status": "completed",
            "built_by": row.deployed_by,
            "scm_repository": f"example/{row.product}",
            "scm_sha": self._commit(row),
            "scm_branch": "main",
            "artifacts": {"image": f"sha256:{self._digest(row)}"},
            "build_number": str(int(digest[48:52], 16)),
            "invoke_id": row.invoke_id,
            "notes": "Dependencies are brought up to date.",
            "id": digest[::-1][:32],
        }
