"""Versions that are stuck before production: in the digest, and as notices, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.builders import deployment, product, registry
from tests.notify.conftest import CHANNEL, configure, context_for
from versioner.notify.digests.digest import digest_of
from versioner.notify.digests.words import digest_text
from versioner.notify.run import notify

if TYPE_CHECKING:
    from tests.fixtures.local_registry import Desk
    from tests.notify.receivers import Receiver

SPAN = ("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z")


def test_the_digest_tells_what_is_stuck_and_with_whom() -> None:
    whole = registry(
        product(
            "shop",
            [
                deployment("1.0", at="2026-10-01T10:00:00Z"),
                deployment("1.1", at="2026-11-11T00:00:00Z", environment="staging"),
            ],
            extra_metadata={"team": "identity"},
        ),
        environments={"staging": {}, "production": {}},
    )
    line = (
        "- shop 1.1 has been in staging for 12 days and is not in production (1.0 for 52 days)"
        " (identity)"
    )
    assert line in digest_text(digest_of(whole, "", *SPAN)).splitlines()
    assert line in digest_text(digest_of(whole, "identity", *SPAN)).splitlines()
    assert "stuck" not in digest_text(digest_of(whole, "other", *SPAN))


def test_a_channel_that_asks_is_notified_of_a_version_that_becomes_stuck_once(
    desk: Desk, variables: dict[str, str], receiver: Receiver
) -> None:
    configure(
        desk,
        CHANNEL.replace("}", ", events: [version.stuck]}"),
        CHANNEL.replace("ops", "all").replace("}", ", products: [shop]}"),
    )
    desk.record("shop", "9.0", environment="staging", at="2026-11-20T10:00:00Z")
    for now in ("2026-11-20T11:00:00Z", "2026-11-24T10:00:00Z", "2026-11-27T10:00:00Z"):
        notify(desk.repository, context_for(variables, now=now))
        notify(desk.repository, context_for(variables, now=now))
    assert [key for key in receiver.keys if key.startswith("stuck")] == [
        "stuck-shop-production-9.0"
    ]
    notify(desk.repository, context_for(variables, now="2026-11-29T10:00:00Z"))
    assert sum(key.startswith("stuck") for key in receiver.keys) == 1
