"""The writer of a server: concurrent writes share a move of the branch, and none is lost."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.local_registry import NOW, Desk
from tests.server.conftest import clock_at
from versioner.editing.products import create_product, delete_product
from versioner.errors import Blocked, GitFailure, InvalidInput
from versioner.recording.context import EventDraft
from versioner.remote.url import Remote
from versioner.server.reader import RegistryReader
from versioner.server.settings import ServerSettings
from versioner.server.writer import Author, Landed, RegistryWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from versioner.recording.record import RecordResult

PLACES = ("bare", "work-tree", "url")


def entropy() -> tuple[int, bytes]:
    return 1, os.urandom(10)


def draft(version: str = "2.0", product: str = "shop", **said: Any) -> EventDraft:
    event_id = said.pop("id", "")
    fields = {"at": NOW, "environment": "staging", "version": version, "status": "completed"}
    return EventDraft("deployment", product, {**fields, **said}, event_id)


class Registry:
    """A registry that a writer writes to, in one of the places."""

    def __init__(self, desk: Desk, folder: Path, kind: str) -> None:
        self.top = desk.top
        if kind != "work-tree":
            self.top = folder / "bare.git"
            desk.git("clone", "-q", "--bare", str(desk.top), str(self.top))
            self.git("config", "uploadpack.allowFilter", "true")
        location = Remote(f"file://{self.top}") if kind == "url" else self.top
        reader = self.reader = RegistryReader(
            ServerSettings(location, folder / "state", clock_at(NOW))
        )
        reader.open()
        self.writer = RegistryWriter(
            reader.repository(), reader.client, now=lambda: NOW, entropy=entropy
        )

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.top, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def ids(self) -> list[str]:
        """Return the ids of all deployment events on the branch."""
        found = self.git("grep", "-h", "-o", r'id: "[^"]*"', "main", "--", "registry/products")
        return [line.split('"')[1] for line in found.splitlines()]


@pytest.fixture(params=PLACES)
def registry(desk: Desk, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Registry]:
    made = Registry(desk, tmp_path, request.param)
    yield made
    made.writer.close()


@pytest.fixture
def bare(desk: Desk, tmp_path: Path) -> Iterator[Registry]:
    made = Registry(desk, tmp_path, "bare")
    yield made
    made.writer.close()


def together(
    registry: Registry, *calls: Callable[[RegistryWriter], Future[Any]]
) -> list[Future[Any]]:
    """Queue writes while the thread is busy, so that they are carried out together."""
    begun: Future[None] = Future()
    held: Future[None] = Future()

    def hold(_: object) -> None:
        begun.set_result(None)
        held.result()

    blocker = registry.writer.submit_event(draft("0.1"), check=hold)
    begun.result()
    futures = [call(registry.writer) for call in calls]
    held.set_result(None)
    wait([blocker, *futures])
    return futures


def submit(event: EventDraft, **said: Any) -> Callable[[RegistryWriter], Future[RecordResult]]:
    return lambda writer: writer.submit_event(event, **said)


def test_an_acknowledged_event_is_on_the_branch(registry: Registry) -> None:
    recorded = registry.writer.record_event(draft("2.0", invoke_id="7"))
    assert recorded.commit == registry.git("rev-parse", "main")
    assert recorded.event["id"] in registry.ids()


def test_events_that_wait_together_share_one_commit(registry: Registry) -> None:
    before = int(registry.git("rev-list", "--count", "main"))
    futures = together(registry, *(submit(draft(f"2.{number}")) for number in range(20)))
    results = [each.result() for each in futures]
    assert len({each.commit for each in results}) == 1
    assert {each.event["id"] for each in results} <= set(registry.ids())
    # The event that held the thread has a commit of its own.
    assert int(registry.git("rev-list", "--count", "main")) == before + 2
    assert registry.git("log", "-1", "--format=%s", "main") == "Record 20 events"


def test_a_refused_event_stops_no_other(registry: Registry) -> None:
    good, bad, other = together(
        registry,
        submit(draft("3.0", scm_sha="a" * 40)),
        submit(draft("3.0", scm_sha="b" * 40)),
        submit(draft("3.1")),
    )
    assert good.result().commit == other.result().commit
    assert isinstance(bad.exception(), Blocked)


def test_a_resent_event_of_a_run_is_one_event(registry: Registry) -> None:
    first, second = together(
        registry, submit(draft("3.0", invoke_id="9")), submit(draft("3.0", invoke_id="9"))
    )
    assert second.result().already
    assert first.result().event["id"] == second.result().event["id"]
    assert registry.ids().count(first.result().event["id"]) == 1


def test_a_check_sees_the_resolved_product_and_keeps_the_event_out(bare: Registry) -> None:
    def refuse(recorded: RecordResult) -> None:
        raise Blocked(f"not {recorded.product}")

    with pytest.raises(Blocked, match="not shop"):
        bare.writer.record_event(draft("3.0"), check=refuse)
    assert '"3.0"' not in bare.git("grep", "-h", "version", "main")


def test_a_person_is_the_author_of_a_commit_of_their_own(bare: Registry) -> None:
    ann = Author("ann", "Ann Example", "ann@example.test")
    together(bare, submit(draft("3.0")), submit(draft("3.1"), author=ann), submit(draft("3.2")))
    lines = bare.git("log", "-3", "--format=%an <%ae> %s", "main").splitlines()
    # `people: login` is the default: no address.
    assert lines[1] == "ann <> Record deployment of shop 3.1 to staging (completed)"
    assert lines[0].startswith("Test Engineer")


def test_an_edit_is_one_commit_between_events(registry: Registry) -> None:
    ann = Author("ann")
    event, edited, later = together(
        registry,
        submit(draft("3.0")),
        lambda writer: writer.submit_edit(
            lambda place: create_product(place, "cart", now=NOW), author=ann
        ),
        submit(draft("1.0", "cart")),
    )
    assert event.result().commit
    assert edited.result().subject == "Create product cart"
    assert later.result().created == ()
    assert "ann Create product cart" in registry.git("log", "--format=%an %s", "main")


def test_an_edit_that_is_refused_raises_its_error(registry: Registry) -> None:
    with pytest.raises(InvalidInput):
        registry.writer.edit(lambda place: create_product(place, "No name", now=NOW))
    assert registry.writer.edit(lambda place: delete_product(place, "web", now=NOW)).commit


def test_listeners_learn_of_each_move_of_the_branch(bare: Registry) -> None:
    told: list[Landed] = []
    bare.writer.subscribe(told.append)
    recorded = bare.writer.record_event(draft("3.0", invoke_id="1"))
    again = bare.writer.record_event(draft("3.0", invoke_id="1"))
    edited = bare.writer.edit(lambda place: create_product(place, "cart", now=NOW))
    assert again.already
    bare.writer.close()
    assert told == [Landed(recorded.commit or "", (recorded,)), Landed(edited.commit or "")]


def test_two_servers_on_one_remote_record_every_event_once(
    desk: Desk, tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    one = Registry(desk, tmp_path, "url")
    two = RegistryReader(ServerSettings(Remote(f"file://{one.top}"), tmp_path / "2", clock_at(NOW)))
    two.open()
    other = RegistryWriter(two.repository(), two.client, now=lambda: NOW, entropy=entropy)
    # Both push at once, and one of them loses.
    hook = one.top / "hooks/pre-receive"
    hook.write_text(f"#!/bin/sh\nsleep {scale(5, 30) / 100}\n")
    hook.chmod(0o755)
    number, clients = scale(24, 400), scale(8, 64)

    def send(index: int) -> RecordResult:
        writer = (one.writer, other)[index % 2]
        return writer.record_event(draft(f"5.{index}", f"p{index % 7}", invoke_id=str(index)))

    with ThreadPoolExecutor(clients) as pool:
        results = list(pool.map(send, range(number)))
    other.close()
    one.writer.close()
    ids = one.ids()
    assert [each for each in results if ids.count(each.event["id"]) != 1] == []
    assert len({each.commit for each in results}) < number


def test_a_push_whose_answer_is_lost_is_found_at_the_next_try(desk: Desk, tmp_path: Path) -> None:
    made = Registry(desk, tmp_path, "url")
    # The branch moves, and then the connection ends without an answer, once.
    hook = made.top / "hooks/post-receive"
    hook.write_text("#!/bin/sh\n[ -e once ] && exit 0\ntouch once\nkill -9 $PPID\n")
    hook.chmod(0o755)
    recorded = made.writer.record_event(draft("6.0"))
    made.writer.close()
    assert (made.top / "once").exists()
    assert made.ids().count(recorded.event["id"]) == 1


def test_a_lock_in_the_mirror_of_a_dead_server_is_removed(desk: Desk, tmp_path: Path) -> None:
    made = Registry(desk, tmp_path, "url")
    (mirror,) = (tmp_path / "state/mirrors").iterdir()
    settings = ServerSettings(Remote(f"file://{made.top}"), tmp_path / "state", clock_at(NOW))
    lock = mirror / "refs/heads/main.lock"
    lock.touch()
    # The first server lives, and the lock may be that of its git.
    Desk(desk.top).record(version="8.0")
    desk.git("push", "-q", str(made.top), "main")
    with pytest.raises(GitFailure):
        RegistryReader(settings).open()
    os.close(made.reader._mirror_lock)
    second = RegistryReader(settings)
    second.open()
    assert second.tip == made.git("rev-parse", "main")
    assert not lock.exists()
