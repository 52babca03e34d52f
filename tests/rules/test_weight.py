from __future__ import annotations

import subprocess
import sys

# What `versioner track` must not pay for: its whole run has some 25 ms beyond click's.
HEAVY = [
    "asyncio", "git", "hypothesis", "jinja2", "jsonschema", "jsonschema_rs", "ruamel", "sqlite3",
    "urllib.request", "yaml",
]  # fmt: skip


def test_a_decision_imports_nothing_heavy():
    script = """
import sys
from versioner.rules import event_decision, event_identity, times, visible
event = {"at": "2026-11-22T10:15:00Z", "environment": "production", "version": "1.0",
         "status": "completed", "scm_sha": "a" * 40, "invoke_id": "1"}
seen = visible.VisibleEvents()
for version in ("1.0", "2.0", "1.0"):
    event = {**event, "version": version, "at": times.check_at(event["at"], event["at"])}
    verdict = event_decision.evaluate_event("deployment", event, visible=seen,
                              candidate=lambda n: event_identity.derive_event_id("p", event, n))
    seen.add("deployment", verdict.event)
assert len(seen.events("deployment")) == 3
print(*sys.modules)
"""
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "versioner.registry.fold.product" in found, "coming back to a version folds the cell"
    assert not {name for name in found if name in HEAVY}
