"""The digest of a week: what it says, and that each channel and team gets it once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import deployment, product, registry
from tests.notify.conftest import CHANNEL, configure, context_for
from versioner.editing.products import edit_product
from versioner.errors import UsageFault
from versioner.notify.digests.digest import digest_of, last_week, week_of
from versioner.notify.digests.queue import digests_asked_for
from versioner.notify.digests.words import digest_html, digest_text
from versioner.notify.run import notify

if TYPE_CHECKING:
    from tests.fixtures.local_registry import Desk
    from tests.notify.receivers import Receiver

SPAN = ("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z")


@pytest.mark.parametrize(
    ("now", "since", "week"),
    [
        ("2026-11-23T00:00:00Z", "2026-11-16T00:00:00Z", "2026-W47"),
        ("2026-11-22T23:59:59Z", "2026-11-09T00:00:00Z", "2026-W46"),
        ("2026-01-01T10:00:00Z", "2025-12-22T00:00:00Z", "2025-W52"),
        ("2026-01-05T10:00:00Z", "2025-12-29T00:00:00Z", "2026-W01"),
    ],
)
def test_the_last_week_is_from_monday_to_monday(now: str, since: str, week: str) -> None:
    assert (last_week(now)[0], week_of(since)) == (since, week)


def test_it_says_in_words_what_happened_and_what_needs_people() -> None:
    whole = registry(
        product(
            "shop",
            [
                deployment("1.0", id="a", at="2026-11-10T10:00:00Z"),
                deployment("1.1", id="b", at="2026-11-17T10:00:00Z"),
                deployment("1.0", id="c", at="2026-11-18T10:00:00Z"),
                deployment("2.0", "failed", id="d", at="2026-11-18T11:00:00Z"),
                deployment("9.9", id="late", at="2026-11-23T00:00:00Z"),
            ],
            extra_metadata={"team": "identity"},
        ),
        product("<web>", [deployment("5", "started", id="e", at="2026-11-20T10:00:00Z")]),
        config={"schema_version": 1, "title": "Acme & Co"},
    )
    text = digest_text(digest_of(whole, "", *SPAN))
    assert text.splitlines() == [
        "Acme & Co: deployments from Monday 16 November 2026 to Sunday 22 November 2026",
        "",
        "2 deployments of 2 products succeeded (1 rollback), 1 failed or was cancelled. There are "
        "2 products.",
        "",
        "The last deployment failed",
        "- shop 2.0 to production",
        "",
        "Started, and never heard of again",
        "- <web> 5 to production",
    ]
    html = digest_html(digest_of(whole, "", *SPAN))
    assert "<title>Acme &amp; Co: " in html
    assert "<li>&lt;web&gt; 5 to production</li>" in html
    assert "web" not in digest_text(digest_of(whole, "identity", *SPAN))
    assert "Nothing was deployed" in digest_text(digest_of(whole, "nobody", *SPAN))


def test_each_channel_and_team_gets_the_digest_of_a_week_once(
    desk: Desk, variables: dict[str, str], receiver: Receiver
) -> None:
    edit_product(
        desk.repository, "shop", set_=["extra_metadata.team=identity"], now="2026-11-01T00:00:00Z"
    )
    configure(
        desk,
        CHANNEL.replace("}", ", events: [digest], teams: [identity, other]}"),
        CHANNEL.replace("ops", "all").replace("}", ", events: [deployment.failed]}"),
    )
    for moment in ("2026-11-20T10:00:00Z", "2026-11-21T10:00:00Z", "2026-11-23T05:59:59Z"):
        notify(desk.repository, context_for(variables, now=moment))
    assert receiver.received == []
    for _ in range(2):
        notify(desk.repository, context_for(variables, now="2026-11-23T06:00:00Z"))
    assert receiver.keys == ["digest-ops-2026-W47-identity", "digest-ops-2026-W47-other"]
    assert "identity: deployments from Monday" in receiver.accepted[0].json["text"]
    asked = digests_asked_for("2026-11-24T10:00:00Z")
    notify(desk.repository, context_for(variables, now="2026-11-24T10:00:00Z"), asked=asked)
    assert len(receiver.keys) == 2
    configure(desk, CHANNEL)
    with pytest.raises(UsageFault, match="no channel gets the digest"):
        notify(desk.repository, context_for(variables), asked=asked)
