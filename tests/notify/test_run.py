"""Each notification is sent once, also after failures, with other senders and after kills."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.local_registry import NOW
from tests.notify.conftest import CHANNEL, SECRET, configure, context_for
from versioner.errors import NotFound, OperationFailed, UsageFault
from versioner.git.repository import open_repository
from versioner.notify.dead_letters import discard, list_notifications, retry_of
from versioner.notify.run import notify
from versioner.notify.trial import send_test
from versioner.remote.faults import RemoteFailure
from versioner.remote.url import Remote

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fixtures.local_registry import Desk
    from tests.notify.receivers import Receiver
    from versioner.notify.run import NotifyResult

    Run = Callable[[], NotifyResult]

ONLY = CHANNEL.replace("}", ", events: [deployment.completed]}")


def record_many(desk: Desk, number: int, first: int = 0) -> list[str]:
    ids = [f"many-{each}" for each in range(first, first + number)]
    for each in ids:
        desk.record("shop", f"2.{each.partition('-')[2]}", event_id=each)
    return ids


def test_a_dry_run_sends_nothing_and_moves_nothing(
    desk: Desk, told: Run, variables: dict[str, str], receiver: Receiver
) -> None:
    before = desk.git("rev-parse", "refs/versioner/notified")
    desk.record(version="1.4", event_id="new")
    result = notify(desk.repository, context_for(variables), dry_run=True)
    assert [each.title for each in result.sent] == ["shop 1.4 deployed to staging"]
    assert (receiver.received, desk.git("rev-parse", "refs/versioner/notified")) == ([], before)
    assert len(told().sent) == 1


def test_a_5xx_is_tried_three_times_and_a_4xx_once(
    desk: Desk, told: Run, receiver: Receiver
) -> None:
    desk.record(version="1.4", event_id="first")
    receiver.answer = lambda _: 503 if len(receiver.received) < 3 else 200
    assert [each.notice.key for each in told().sent] == ["first"]
    assert [each.key for each in receiver.received] == ["first"] * 3
    receiver.received.clear()
    receiver.answer = lambda _: 410
    desk.record(version="1.5", event_id="second")
    (failed,) = told().failed
    assert (failed.notice.key, failed.error) == ("second", "HTTP 410")
    assert len(receiver.received) == 1


def test_a_dead_letter_is_listed_and_sent_again_when_asked(
    desk: Desk, told: Run, variables: dict[str, str], receiver: Receiver
) -> None:
    receiver.answer = lambda _: 500
    desk.record(version="1.4", event_id="first")
    assert [each.error for each in told().failed] == ["HTTP 500"]
    receiver.answer = lambda _: 200
    assert told().sent == []
    context = context_for(variables)
    (dead,) = list_notifications(desk.repository, context).dead
    assert (dead.channel, dead.notice.key, dead.in_doubt) == ("ops", "first", False)
    with pytest.raises(NotFound, match="no failed notification"):
        notify(desk.repository, context, asked=retry_of(["other"], "", NOW))
    result = notify(desk.repository, context, asked=retry_of([], "", NOW))
    assert [each.notice.key for each in result.sent] == ["first"]
    assert list_notifications(desk.repository, context).dead == ()
    assert receiver.keys == ["first"]


def test_a_dead_letter_that_is_discarded_is_never_sent(
    desk: Desk, told: Run, variables: dict[str, str], receiver: Receiver
) -> None:
    receiver.answer = lambda _: 400
    desk.record(version="1.4", event_id="first")
    told()
    context = context_for(variables)
    assert discard(desk.repository, context, ["first"]) == 1
    assert list_notifications(desk.repository, context).dead == ()
    with pytest.raises(NotFound):
        discard(desk.repository, context, ["first"])


def test_a_channel_that_is_down_keeps_what_comes_after_for_the_next_run(
    desk: Desk, told: Run, receiver: Receiver
) -> None:
    configure(desk, ONLY)
    ids = record_many(desk, 5)
    receiver.answer = lambda _: "close"
    result = told()
    assert [each.notice.key for each in result.failed] == ids[:2]
    assert result.waiting == {"ops": 3}
    receiver.answer = lambda _: 200
    assert [each.notice.key for each in told().sent] == ids[2:]


def test_what_lacks_a_variable_waits_for_a_sender_that_has_it(
    desk: Desk, told: Run, variables: dict[str, str], receiver: Receiver
) -> None:
    configure(desk, ONLY, "- {name: other, to: webhook, url_env: OTHER_URL}")
    desk.record(version="1.4", event_id="first")
    result = told()
    assert result.unset == {"other": ["OTHER_URL"]}
    assert set(result.waiting) == {"other"}
    assert receiver.keys == ["first"]
    both = {**variables, "OTHER_URL": receiver.url}
    assert "first" in [each.notice.key for each in notify(desk.repository, context_for(both)).sent]
    assert receiver.keys.count("first") == 2


def test_a_channel_that_was_removed_gets_nothing_more(desk: Desk, told: Run) -> None:
    configure(desk, ONLY, "- {name: other, to: webhook, url_env: OTHER_URL}")
    desk.record(version="1.4", event_id="first")
    assert set(told().waiting) == {"other"}
    configure(desk, ONLY)
    assert told().waiting == {}


def test_a_registry_without_channels_gets_no_ref(desk: Desk) -> None:
    assert notify(desk.repository, context_for({})).channels == 0
    assert desk.git("for-each-ref", "refs/versioner") == ""


def test_the_test_of_a_channel_says_what_is_wrong(
    desk: Desk, told: Run, variables: dict[str, str], receiver: Receiver
) -> None:
    before = desk.git("rev-parse", "refs/versioner/notified")
    assert send_test(desk.repository, context_for(variables), "ops").name == "ops"
    assert receiver.accepted[-1].json["product_name"] == "test-of-notifications"
    with pytest.raises(NotFound, match="there is no channel"):
        send_test(desk.repository, context_for(variables), "opz")
    with pytest.raises(UsageFault, match="OPS_SECRET"):
        send_test(desk.repository, context_for({"OPS_URL": receiver.url}), "ops")
    receiver.answer = lambda _: 404
    with pytest.raises(OperationFailed, match="HTTP 404"):
        send_test(desk.repository, context_for(variables), "ops")
    assert desk.git("rev-parse", "refs/versioner/notified") == before


def test_senders_at_once_send_each_notification_once(
    desk: Desk, told: Run, variables: dict[str, str], receiver: Receiver
) -> None:
    configure(desk, ONLY)
    ids = record_many(desk, 4)
    errors: list[BaseException] = []

    def send() -> None:
        try:
            notify(open_repository(desk.top), context_for(variables))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=send) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert errors == []
    told()
    assert sorted(receiver.keys) == sorted(ids)


SENDER = """
import sys
from tests.notify.conftest import context_for
from versioner.git.repository import open_repository
from versioner.notify.run import notify
from pathlib import Path
notify(open_repository(Path(sys.argv[1])), context_for({"OPS_URL": sys.argv[2], "OPS_SECRET": "x"}))
"""


@pytest.mark.slow
def test_a_sender_that_is_killed_while_it_sends_leaves_one_in_doubt_and_loses_none(
    desk: Desk, told: Run, receiver: Receiver, scale: Callable[[int, int], int]
) -> None:
    configure(desk, ONLY)
    told()
    for number in range(scale(1, 20)):
        receiver.received.clear()
        receiver.accepted.clear()
        ids = record_many(desk, 4, first=number * 10)
        met = threading.Event()
        at = ids[number % 4]
        receiver.answer = lambda one, at=at, met=met: (
            met.set() or "hang" if one.key == at and not met.is_set() else 200
        )
        sender = subprocess.Popen([sys.executable, "-c", SENDER, str(desk.top), receiver.url])
        assert met.wait(60)
        sender.kill()
        sender.wait()
        receiver.answer = lambda _: 200
        result = told()
        assert [each.notice.key for each in result.in_doubt] == [at]
        assert sorted(receiver.keys) == sorted(set(ids) - {at})
        assert told().in_doubt == []
        desk_context = context_for({"OPS_URL": receiver.url, "OPS_SECRET": SECRET})
        all_dead = notify(desk.repository, desk_context, asked=retry_of([], "", NOW))
        assert all_dead.sent == []
        named = notify(desk.repository, desk_context, asked=retry_of([at], "", NOW))
        assert [each.notice.key for each in named.sent] == [at]
        assert sorted(receiver.keys) == sorted(ids)


def bare_of(desk: Desk, folder: Path) -> Path:
    bare = folder / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(desk.top), str(bare)], check=True)
    desk.git("remote", "add", "origin", str(bare))
    return bare


def test_each_notification_arrives_once_through_random_faults_of_the_sender(
    desk: Desk,
    variables: dict[str, str],
    receiver: Receiver,
    tmp_path: Path,
    scale: Callable[[int, int], int],
) -> None:
    """Receivers fail and go, pushes are refused before and after the ref moved, others race."""
    configure(desk, ONLY)
    bare = bare_of(desk, tmp_path)
    remote = Remote(f"file://{bare}")
    assert notify(remote, context_for(variables)).is_first
    chance = random.Random(8)
    hooks = {
        "": "exit 0",
        "pre-receive": 'grep -q notified && [ ! -e "$GIT_DIR/done" ] && touch "$GIT_DIR/done" && '
        'echo "the server is busy" >&2 && exit 1; exit 0',
        # The ref moved, and the answer is lost.
        "post-receive": 'grep -q notified && [ ! -e "$GIT_DIR/done" ] && touch "$GIT_DIR/done" && '
        "kill -9 $PPID; exit 0",
    }
    ids: list[str] = []
    rounds = scale(3, 200)
    for number in range(rounds):
        ids += record_many(desk, 1 + chance.randrange(2), first=number * 10)
        desk.git("push", "-q", "origin", "HEAD")
        for name in ("pre-receive", "post-receive"):
            (bare / "hooks" / name).unlink(missing_ok=True)
        (bare / "done").unlink(missing_ok=True)
        fault = chance.choice(list(hooks))
        if fault:
            hook = bare / "hooks" / fault
            hook.write_text(f"#!/bin/sh\n{hooks[fault]}\n", "utf-8")
            hook.chmod(0o755)
        answers = [chance.choice([200, 200, 500, 503, "close"]) for _ in range(2)]
        receiver.answer = lambda _, answers=answers: answers.pop() if answers else 200
        with contextlib.suppress(RemoteFailure):
            notify(remote, context_for(variables))
    for name in ("pre-receive", "post-receive"):
        (bare / "hooks" / name).unlink(missing_ok=True)
    receiver.answer = lambda _: 200
    notify(remote, context_for(variables))
    notify(remote, context_for(variables), asked=retry_of([], "", NOW))
    assert sorted(receiver.keys) == sorted(ids)
