"""versioner collect, as it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.bare_registry import Post, submission
from versioner.cli.errors import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.registries import Desk

pytestmark = pytest.mark.slow


@pytest.fixture
def post(forge: Path) -> Post:
    return Post(forge)


def test_it_says_that_nothing_waits(desk: Desk, post: Post) -> None:
    outcome = desk.run("collect")
    assert (outcome.code, outcome.out) == (0, "No events are waiting.\n")


def test_it_says_what_it_recorded_and_what_it_refused_and_why(desk: Desk, post: Post) -> None:
    post.put("user-service/a1", submission("user-service", id="a1"))
    post.put("user-service/bad", submission("user-service", id="bad", status="fine"))
    outcome = desk.run("collect")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[:3] == [
        "recorded 1 event on main",
        "  deployment of user-service 2.0 to staging (completed)",
        "refused: deployment of user-service 2.0 to staging (fine): "
        + lines[2].partition("(fine): ")[2],
    ]
    assert "status" in lines[2]
    assert "`versioner inbox list`" in lines[-1]
    assert post.refs() == ["refused/user-service/bad"]


def test_the_key_that_it_prints_is_the_one_that_release_takes(desk: Desk, post: Post) -> None:
    for product in ("user-service", "payment-api"):
        post.put(f"{product}/bad", submission(product, id="bad", version="1.0", status="fine"))
    shown = desk.run("collect").out.splitlines()
    keys = [line.removeprefix("  key: ") for line in shown if line.startswith("  key: ")]
    assert sorted(keys) == ["payment-api/bad", "user-service/bad"]
    assert desk.run("inbox", "release", *keys).code == 0
    assert post.refs() == ["inbox/payment-api/bad", "inbox/user-service/bad"]
    refused = desk.run("collect", "-o", "json").json()["refused"]
    assert desk.run("inbox", "release", refused[0]["ref"]).code == 0
    assert {each["key"] for each in refused} == {"bad"}


def test_it_warns_of_a_name_that_is_nearly_a_known_one(desk: Desk, post: Post) -> None:
    for number in (1, 2):
        event = submission("user-service", environment="prodution", version=f"3.{number}")
        post.put(f"user-service/a{number}", event)
    (warning,) = (each for each in desk.run("collect").out.splitlines() if "warning" in each)
    assert '"prodution" has a name similar to "production"' in warning
    assert "`versioner environment merge prodution --into production`" in warning


def test_of_many_it_names_the_first_and_counts_the_rest(desk: Desk, post: Post) -> None:
    post.put_many(submission(version=f"1.{number}") for number in range(25))
    lines = desk.run("collect").out.splitlines()
    assert (lines[0], len(lines), lines[-1]) == ("recorded 25 events on main", 22, "  and 5 more")


def test_it_says_what_was_recorded_already(desk: Desk, post: Post) -> None:
    for _ in range(2):
        post.put("user-service/a1", submission("user-service", id="a1"))
        outcome = desk.run("collect")
    assert outcome.out == "1 event already recorded\n"


def test_its_json_has_stable_keys(desk: Desk, post: Post) -> None:
    post.put("user-service/a1", submission("user-service", id="a1"))
    post.put("user-service/bad", submission("user-service", id="bad", status="fine"))
    post.put("user-service/odd", b"[]")
    document = desk.run("collect", "--output", "json").json()
    assert list(document) == ["branch", "commits", "recorded", "already", "refused", "left"]
    assert document["branch"] == "main"
    assert document["commits"] == [post.git("rev-parse", "main")]
    (recorded,) = document["recorded"]
    assert list(recorded) == ["kind", "product", "event"]
    assert recorded["event"]["id"] == "a1"
    keys = ["ref", "key", "at", "kind", "product", "event", "message", "hint"]
    assert [list(each) for each in document["refused"]] == [keys, keys]
    assert {each["ref"] for each in document["refused"]} == {
        "refs/versioner/refused/user-service/bad",
        "refs/versioner/refused/user-service/odd",
    }
    empty = desk.run("collect", "--output", "json").json()
    assert list(empty) == list(document)


def test_nothing_that_waits_reaches_the_terminal_unescaped(desk: Desk, post: Post) -> None:
    hostile = "\x1b[2J::error::\u202e\x07"
    post.put("user-service/bad", submission(hostile, hostile, id="b", status=hostile))
    post.put("user-service/\u202eodd", b'{"kind": "\\u001b[2J"}')
    for command in (("inbox", "list"), ("collect",), ("inbox", "list")):
        told = desk.run(*command)
        assert told.code == 0, told.err
        assert not {"\x1b", "\u202e", "\x07"} & set(told.out + told.err)
    as_json = desk.run("inbox", "list", "--output", "json")
    assert "\x1b" not in as_json.out


def test_a_branch_is_named_by_option(desk: Desk, post: Post) -> None:
    post.git("branch", "other", "main")
    post.put("user-service/a1", submission("user-service", id="a1"))
    assert desk.run("collect", "--branch", "other").out.startswith("recorded 1 event on other")
    outcome = desk.run("collect", "--branch", "nowhere")
    assert (outcome.code, '"nowhere"' in outcome.err) == (2, True)


def test_the_server_itself_may_collect_in_its_bare_repository(
    desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.put("user-service/a1", submission("user-service", id="a1"))
    monkeypatch.chdir(post.path)
    # As git starts a hook.
    monkeypatch.setenv("GIT_DIR", ".")
    assert run(["collect", "--repo", "."]) == 0
    assert post.refs() == []
    assert "a1" in post.ids()
