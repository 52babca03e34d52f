"""versioner notify, as it is typed, and the channels in registry.yaml, as validate reads them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.registries import NOW, Desk
from tests.notify.receivers import Receiver, receiving
from tests.registry.files import CONFIG, environment, log, product
from versioner.editing.validate import validate_registry
from versioner.git.snapshot import MemorySnapshot
from versioner.setup.init import initialise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHANNEL = "notify:\n  - name: ops\n    to: webhook\n    url_env: OPS_URL\n"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as found:
        monkeypatch.setenv("OPS_URL", found.url)
        yield found


def configure(desk: Desk, channel: str) -> None:
    path = desk.top / "registry/registry.yaml"
    path.write_text(path.read_text("utf-8") + channel, "utf-8")
    desk.git("commit", "-qam", "Set the channels")


def test_a_run_says_what_it_sent_and_what_failed_and_exits_by_it(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = "No channel is configured: `notify` in registry.yaml, as it is committed, names them.\n"
    assert desk.run("notify").out == none
    configure(desk, CHANNEL)
    outcome = desk.run("notify")
    assert (outcome.code, outcome.out[:36]) == (0, "The first run took what is there as ")
    track = ("track", "deployment", "--product", "user-service", "--environment", "production")
    assert desk.run(*track, "--version", "1.5.0", "--event-id", "new-1").code == 0
    line = "user-service 1.5.0 deployed to production (new-1)\n"
    assert desk.run("notify", "--dry-run").out == f"would send to ops: {line}"
    receiver.answer = lambda _: 410
    outcome = desk.run("notify")
    assert (outcome.code, outcome.out.splitlines()[0]) == (
        1,
        f"failed to ops: {line[:-1]}: HTTP 410",
    )
    listed = json.loads(desk.run("notify", "list", "--output", "json").out)
    assert [each["id"] for each in listed["failed"]] == ["new-1"]
    receiver.answer = lambda _: 200
    assert desk.run("notify", "retry", "new-1").out == f"sent to ops: {line}"
    assert desk.run("notify").out == "Nothing new to send.\n"
    assert receiver.keys == ["new-1"]


def test_subcommands_say_what_they_need(desk: Desk, receiver: Receiver) -> None:
    configure(desk, CHANNEL)
    assert desk.run("notify", "test", "ops").out == "Sent a test to ops (webhook).\n"
    outcome = desk.run("notify", "test", "opz")
    assert (outcome.code, "did you mean ops?" in outcome.err) == (2, True)
    assert desk.run("notify", "discard").code == 2
    assert desk.run("notify", "discard", "--all").out == "0 notifications removed\n"
    outcome = desk.run("notify", "retry", "none")
    assert (outcome.code, "no failed notification" in outcome.err) == (2, True)
    outcome = desk.run("notify", "digest", "--send")
    assert (outcome.code, "no channel gets the digest" in outcome.err) == (2, True)


def test_a_digest_is_printed_as_text_and_as_a_page(desk: Desk) -> None:
    text = desk.run("notify", "digest", "--since", "30d").out
    assert "payment-api 9e8d7c6b to staging" in text
    page = desk.run("notify", "digest", "--since", "30d", "--output", "html").out
    assert page.startswith("<!doctype html>")
    assert "<li>payment-api 9e8d7c6b to staging</li>" in page


def problems_of(channel: str) -> list[str]:
    rest = {**product("shop"), **environment("staging"), **log("shop")}
    config = f"schema_version: 1\nnotify:\n{channel}".encode()
    found = validate_registry(MemorySnapshot({CONFIG: config, **rest}), now=NOW).problems
    return [f"{each.line}:{each.column} {each.code} {each.message} | {each.hint}" for each in found]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("to: webhok, url_env: U", "3:21 value notify[0].to must not be .*did you mean webhook"),
        ("to: webhook", "3:5 required .*url_env"),
        (
            'to: webhook, url_env: "https://example.com/h/s3cr3t"',
            "3:39 value notify.0..url_env must be the name of an environment variable .*OPS_URL",
        ),
        (
            "to: webhook, url_env: U, secret_env: not-a-name",
            "3:54 value notify.0..secret_env must be the name",
        ),
        ("to: webhook, url_env: U, events: [deployment.done]", "3:51 value .*did you mean"),
        ("to: webhook, url_env: U, url: https://a.test", "3:42 unknown-key .*url_env"),
        ("to: slack, url_env: U, secret_env: S", "3:52 value .*only webhook and cdevents"),
        ("to: webhook, url_env: U, products: []", "3:52 value .*empty"),
    ],
)
def test_a_channel_that_cannot_work_is_told_at_its_place(keys: str, words: str) -> None:
    (found,) = problems_of(f"  - {{name: ops, {keys}}}\n")
    assert re.match(words.replace("[0]", r"\[0\]"), found), found
    assert "s3cr3t" not in found


def test_two_channels_have_two_names() -> None:
    channel = "  - {name: ops, to: webhook, url_env: U}\n"
    (found,) = problems_of(channel * 2)
    assert found.startswith('4:12 value notify[1].name: another channel has the name "ops"')


def test_the_example_that_init_writes_is_valid_without_its_marks(tmp_path: Path) -> None:
    initialise(tmp_path / "registry", now=NOW)
    text = (tmp_path / "registry/registry/registry.yaml").read_text("utf-8")
    example = text.partition("# notify:\n")[2]
    assert problems_of(re.sub(r"^# ?", "", example, flags=re.MULTILINE)) == []
