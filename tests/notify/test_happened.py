"""What is sent of what happens, as a person expects it; each through a real receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fixtures.local_registry import NOW
from tests.notify.conftest import CHANNEL, configure, context_for
from versioner.editing.corrections import redact_field, void_event
from versioner.editing.environment_moves import merge_environment, rename_environment
from versioner.editing.product_merge import merge_product
from versioner.editing.products import delete_product, edit_product, rename_product
from versioner.editing.requests import RequestDraft, create_request, open_request
from versioner.editing.restore import restore_product
from versioner.editing.rules import create_rule, freeze, thaw
from versioner.notify.run import notify

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixtures.local_registry import Desk
    from tests.notify.receivers import Receiver
    from versioner.notify.run import NotifyResult

    Run = Callable[[], NotifyResult]

LATER = "2026-11-22T12:00:00Z"


def titles(result: NotifyResult) -> list[str]:
    return [each.title for each in result.sent]


def test_the_first_run_takes_what_is_there_as_notified(
    desk: Desk, told: Run, receiver: Receiver
) -> None:
    assert receiver.received == []
    assert told().sent == []
    assert desk.git("for-each-ref", "--format=%(refname)", "refs/versioner") == (
        "refs/versioner/notified"
    )


def test_each_event_is_sent_once_with_what_it_was(desk: Desk, told: Run) -> None:
    desk.record(version="1.2", event_id="again", at="2026-11-22T10:00:00Z")
    desk.record(version="1.1", event_id="back", at="2026-11-22T10:01:00Z")
    desk.record(version="1.3", event_id="begun", at="2026-11-22T10:02:00Z", status="started")
    desk.record(version="1.3", event_id="broken", at="2026-11-22T10:03:00Z", status="failed")
    assert titles(told()) == [
        "shop 1.2 deployed again to staging",
        "shop rolled back to 1.1 in staging",
        "Deployment of shop 1.3 to staging started",
        "Deployment of shop 1.3 to staging failed",
    ]
    assert told().sent == []


def test_the_first_event_of_a_product_also_sends_what_it_created(desk: Desk, told: Run) -> None:
    desk.record("mail", environment="edge", event_id="m-1")
    assert titles(told()) == [
        "Environment edge is new",
        "Product mail is new",
        "mail 1.0 deployed to edge",
    ]


def test_a_void_sends_itself_and_not_what_runs_again(
    desk: Desk, told: Run, receiver: Receiver
) -> None:
    void_event(desk.repository, "s-3", reason="wrong version", now=NOW)
    assert titles(told()) == ["Recorded deployment of shop 1.2 to staging was a mistake"]
    sent = receiver.accepted[-1].json
    assert (sent["event_type"], sent["reason"]) == ("deployment.voided", "wrong version")
    assert (sent["id"], sent["voided_event_id"]) == ("s-3", "s-3")


def test_a_deployment_that_was_void_before_it_was_sent_says_so(desk: Desk, told: Run) -> None:
    desk.record(version="9.9", event_id="oops")
    void_event(desk.repository, "oops", reason="a typing error", now=NOW)
    assert titles(told()) == [
        "shop 9.9 deployed to staging (declared a mistake since)",
        "Recorded deployment of shop 9.9 to staging was a mistake",
    ]


def test_moves_of_events_send_themselves_alone(desk: Desk, told: Run) -> None:
    rename_product(desk.repository, "shop", "store", now=NOW)
    assert titles(told()) == ["Product shop is called store now"]
    merge_product(desk.repository, "web", "store", now=NOW)
    assert titles(told()) == ["Product web was merged into store"]
    rename_environment(desk.repository, "staging", "stage", now=NOW)
    assert titles(told()) == ["Environment staging is called stage now"]
    merge_environment(desk.repository, "stage", "production", now=NOW)
    assert titles(told()) == ["Environment stage was merged into production"]


def test_a_product_that_is_deleted_and_restored_sends_two_notices(desk: Desk, told: Run) -> None:
    delete_product(desk.repository, "shop", force=True, now=NOW)
    assert "Product shop was deleted" in titles(told())
    restore_product(desk.repository, "shop", now=NOW)
    assert titles(told()) == ["Product shop was restored"]


def test_a_redaction_names_the_field_and_nothing_is_sent_with_the_value(
    desk: Desk, told: Run, receiver: Receiver
) -> None:
    desk.record(version="1.4", event_id="named", deployed_by="mallory")
    redact_field(desk.repository, "named", "deployed_by", now=NOW)
    redact_field(desk.repository, "s-3", "reason", now=NOW)
    assert titles(told()) == [
        "shop 1.4 deployed to staging",
        "A value of an event of shop was removed: reason",
    ]
    assert not any(b"mallory" in each.body for each in receiver.received)


def test_a_branch_that_is_forced_back_and_goes_forward_sends_nothing_again(
    desk: Desk, told: Run
) -> None:
    before = desk.git("rev-parse", "HEAD")
    desk.record(version="1.4", event_id="one")
    after = desk.git("rev-parse", "HEAD")
    assert len(told().sent) == 1
    desk.git("reset", "-q", "--hard", before)
    assert told().sent == []
    desk.git("reset", "-q", "--hard", after)
    assert told().sent == []
    desk.record(version="1.5", event_id="two")
    assert titles(told()) == ["shop 1.5 deployed to staging"]


def test_a_history_that_is_gone_is_compared_by_time(desk: Desk, told: Run) -> None:
    desk.record(version="1.4", event_id="new", at="2026-11-22T10:14:00Z")
    files = desk.git("write-tree")
    alone = desk.git("commit-tree", files, "-m", "Begin anew")
    desk.git("reset", "-q", "--hard", alone)
    desk.git("reflog", "expire", "--expire=now", "--all")
    desk.git("gc", "-q", "--prune=now")
    result = told()
    # The state before is of 10:15:00Z, as all commits of the desk.
    assert (result.is_rewritten, result.sent) == (True, [])
    desk.record(version="1.5", event_id="two", at=LATER)
    assert titles(told()) == ["shop 1.5 deployed to staging"]


def test_changes_that_people_make_are_told_in_words(desk: Desk, told: Run) -> None:
    edit_product(desk.repository, "shop", set_=["description=Sells more"], now=NOW)
    create_rule(
        desk.repository,
        "one-at-a-time",
        "concurrency",
        fields={},
        assignments=["concurrency.limit=1", "concurrency.per=environment"],
        now=NOW,
    )
    freeze(desk.repository, "staging", until=LATER, reason="Stocktaking", name="ice", now=NOW)
    assert titles(told()) == [
        "Product shop was edited",
        "staging is frozen",
        "Rule one-at-a-time was created",
    ]
    thaw(desk.repository, "ice", now="2026-11-22T11:00:00Z")
    assert titles(told()) == ["Freeze of staging was ended"]


def test_a_request_tells_each_of_its_states(desk: Desk, told: Run, receiver: Receiver) -> None:
    draft = RequestDraft("december", versions={"shop": "1.2"}, fields={"environments": ["staging"]})
    create_request(desk.repository, draft, now=NOW)
    assert titles(told()) == ["Deployment request december was created"]
    sent = receiver.accepted[-1].json
    assert {name: sent[name] for name in ("dr_id", "status", "environment_names")} == {
        "dr_id": "december",
        "status": "draft",
        "environment_names": ["staging"],
    }
    open_request(desk.repository, "december", by="jane", now=NOW)
    assert "Deployment request december is open for approval" in titles(told())


FILTERS = {
    "events: [deployment.failed]": ["w-2"],
    "events: [deployment.rollback]": ["s-5"],
    'events: ["deployment.*"], products: [we*]': ["w-1", "w-2"],
    'events: ["deployment.*"], products: [shop]': ["s-4", "s-5"],
    'events: ["deployment.*"], environments: ["prod*"]': ["w-1", "w-2"],
    'events: ["deployment.*"], environments: [staging], products: [web]': [],
    "events: [deployment.completed], teams: [identity]": ["w-1"],
}


def test_a_channel_gets_what_all_of_its_filters_match(
    desk: Desk, variables: dict[str, str]
) -> None:
    edit_product(desk.repository, "web", set_=["extra_metadata.team=identity"], now=NOW)
    channels = [
        CHANNEL.replace("ops", f"channel-{number}").replace("}", f", {filters}}}")
        for number, filters in enumerate(FILTERS)
    ]
    configure(desk, *channels)
    context = context_for(variables)
    notify(desk.repository, context)
    desk.record("shop", "1.4", event_id="s-4", at="2026-11-22T10:01:00Z")
    desk.record("shop", "1.2", event_id="s-5", at="2026-11-22T10:02:00Z")
    desk.record("web", "2", event_id="w-1", environment="production", at="2026-11-22T10:03:00Z")
    desk.record("web", "3", event_id="w-2", environment="production", status="failed")
    found: dict[str, list[str]] = {}
    for each in notify(desk.repository, context).sent:
        found.setdefault(each.channel, []).append(each.notice.key)
    assert [found.get(f"channel-{number}", []) for number in range(len(FILTERS))] == [
        *FILTERS.values()
    ]
