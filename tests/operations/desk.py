"""A real registry in a real repository, with what the operations' tests do to it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from versioner.editing.products import create_product
from versioner.editing.session import read_tip
from versioner.git.repository import open_repository
from versioner.recording.record import Draft, Recorded, record_event
from versioner.setup.init import initialise

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.git.repository import Repository
    from versioner.registry.records import Registry

NOW = "2026-11-22T10:15:00Z"


@dataclass(frozen=True)
class Desk:
    """Sit at a registry."""

    top: Path

    @property
    def repository(self) -> Repository:
        return open_repository(self.top)

    @property
    def registry(self) -> Registry:
        """The registry at the tip, read anew."""
        return read_tip(self.repository)[1]

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.top, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commits(self) -> int:
        return int(self.git("rev-list", "--count", "HEAD"))

    def record(
        self, product: str = "shop", version: str = "1.0", *, event_id: str = "", **fields: Any
    ) -> Recorded:
        values = {"at": NOW, "environment": "staging", "version": version, "status": "completed"}
        draft = Draft("deployment", product, values | fields, event_id)
        return record_event(
            self.repository, draft, now=NOW, entropy=lambda: (1, version.encode().ljust(10, b"."))
        )

    def ids(self, product: str) -> list[str]:
        return [event["id"] for event in self.registry.products[product].deployment_events]

    def path(self, product: str) -> Path:
        return self.top / "registry/products" / product / "product.yaml"

    def assert_sound(self) -> None:
        """The registry has no problem, and the work tree is as committed."""
        assert self.registry.problems == []
        assert self.git("status", "--porcelain") == ""


def make_registry(top: Path) -> Path:
    """Start a registry with shop, on which web depends, and three deployments of shop."""
    initialise(top, now=NOW)
    desk = Desk(top)
    create_product(desk.repository, "shop", description="Sells", now=NOW)
    create_product(desk.repository, "web", assignments=['depends_on=["shop"]'], now=NOW)
    desk.record("shop", "1.0", event_id="s-1", at="2026-10-01T09:00:00Z")
    desk.record("shop", "1.1", event_id="s-2", at="2026-11-01T09:00:00Z", deployed_by="jane")
    desk.record("shop", "1.2", event_id="s-3", at="2026-11-02T09:00:00Z", reason="a fix")
    return top
