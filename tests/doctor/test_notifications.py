"""What doctor and the site say of notifications that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fixtures.local_registry import NOW, Desk
from versioner.doctor.notifications import check_notified
from versioner.remote.notified import (
    NOTIFIED,
    NotifiedState,
    failed_notifications,
    notified_tip,
    read_notified,
    store_notified,
    swap,
)
from versioner.site.publish import publish_site

if TYPE_CHECKING:
    from pathlib import Path

CHANNELS = {"notify": [{"name": "ops", "to": "webhook", "url_env": "OPS_URL"}]}
DEAD = {
    "notice": {
        "key": "s-3",
        "type": "deployment.completed",
        "products": ["shop"],
        "environments": ["staging"],
        "version": "1.2",
    },
    "channel": "ops",
    "error": "HTTP 500 \u202e<b>",
    "at": NOW,
}


def said(state: NotifiedState | None, config: dict[str, object]) -> list[str]:
    return [f"{each.verdict} {each.message}" for each in check_notified(state, config, NOW)]


def test_a_registry_without_channels_has_no_check_of_them() -> None:
    assert said(None, {}) == []
    assert said(NotifiedState(commit="x"), {}) == []


def test_channels_without_a_run_are_noted() -> None:
    assert said(None, CHANNELS) == [
        "note channels are configured, but no notification was sent yet"
    ]


def test_what_failed_is_named_by_its_id_with_the_remedy() -> None:
    state = NotifiedState(commit="x", dead=(DEAD, {**DEAD, "in_doubt": True}))
    found = list(check_notified(state, CHANNELS, NOW))
    assert [each.verdict for each in found] == ["warning", "warning"]
    assert found[0].message.startswith("s-3 to ops failed: HTTP 500")
    assert found[1].message.startswith("s-3 to ops is in doubt")
    assert "versioner notify retry s-3" in found[0].remedy


def test_what_waits_for_a_day_is_a_warning() -> None:
    entry = {"notice": DEAD["notice"], "channels": ["ops"], "at": "2026-11-21T10:15:00Z"}
    state = NotifiedState(commit="x", queue=(entry,))
    assert said(state, CHANNELS)[0].startswith("warning 1 notification waits, the oldest for 1 day")
    claim = {"at": NOW, "until": "2026-11-22T10:00:00Z", "deliveries": []}
    ended = NotifiedState(commit="x", sending={"a-1-b": claim})
    assert said(ended, CHANNELS)[0] == "warning a sender was ended while it was sending"


def test_the_site_shows_what_failed_and_goes_on_with_a_state_that_is_damaged(
    desk: Desk, tmp_path: Path
) -> None:
    repository = desk.repository
    state = NotifiedState(commit="x", at=NOW, dead=(DEAD,))
    assert swap(repository, "", store_notified(repository, state, "one", 1))
    assert read_notified(repository, notified_tip(repository)) == state
    publish_site(repository, None, tmp_path / "site", now=NOW)
    for page in ("index.html", "products/shop/index.html"):
        text = (tmp_path / "site" / page).read_text("utf-8")
        assert "1 notification not sent" in text
        assert "to ops: HTTP 500" in text
        assert "\u202e" not in text
    empty = desk.git("mktree")
    desk.git("update-ref", NOTIFIED, desk.git("commit-tree", empty, "-m", "x"))
    assert failed_notifications(repository) == ()
    publish_site(repository, None, tmp_path / "site", now=NOW)
    assert "not sent" not in (tmp_path / "site/index.html").read_text("utf-8")
