"""The clients of the hosted product against a listening server, also where replies are lost."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import uvicorn

from tests.fixtures.bare_registry import copy_of
from tests.server.conftest import clock_at
from tests.server.hosted_clients import Action, CommandLine, CutProxy
from tests.server.load import free_port
from tests.server.test_wire import Client, Server
from tests.server.test_wire_refusals import add_rules
from versioner.server.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Listening(Server):
    """A server that listens on a port, in a thread of the test's process."""

    def __init__(self, settings: ServerSettings) -> None:
        super().__init__(settings)
        config = uvicorn.Config(
            self.http.app, port=settings.port, log_config=None, lifespan="off", http="h11"
        )
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._uvicorn.run, daemon=True)
        self._thread.start()
        while not self._uvicorn.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._uvicorn.should_exit = True
        self._thread.join(20)


@pytest.fixture(scope="module")
def server(pattern: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("clients")
    post = copy_of(pattern, folder / "bare.git")
    add_rules(post.path, folder / "work")
    settings = ServerSettings(post.path, folder / "state", clock_at("2026-11-29T12:00:00Z"))
    made = Listening(ServerSettings(settings.location, settings.state_dir, settings.clock,
                                    port=free_port()))  # fmt: skip
    yield made
    made.stop()
    made.http.close()


@pytest.fixture
def client(server: Server, request: pytest.FixtureRequest) -> Client:
    return Client(server, f"p-{abs(hash(request.node.name)) % 10**8}")


@pytest.fixture
def url(client: Client) -> str:
    return f"http://127.0.0.1:{client.settings.port}"


@pytest.fixture
def cli(client: Client, url: str) -> CommandLine:
    # A base address with a slash at its end makes two of them.
    return CommandLine(f"{url}/", client.server.record, pause=0.01)


def test_the_command_line_ends_with_0_and_the_id(client: Client, cli: CommandLine) -> None:
    started = cli.track("deployment", client.cli("started"))
    done = cli.track("deployment", client.cli("success"))
    assert (started.exit_code, done.exit_code) == (0, 0)
    assert done.out[-1] == started.out[-1] == f"Event ID: {client.events()[0]['id']}"
    built = cli.track("build", {"product_name": client.product, "version": "9"})
    assert built.exit_code == 0


def test_a_refusal_is_5_with_rule_message_time_and_annotation(
    client: Client, cli: CommandLine
) -> None:
    cli.in_github = True
    ended = cli.track("deployment", client.cli("started", environment_name="production"))
    assert (ended.exit_code, ended.tries) == (5, 1)
    assert ended.errors[:2] == ["Deployment Blocked", "Rule: Weekend freeze"]
    assert "Retry after: 2026-11-30T06:00:00Z" in ended.errors
    (annotation,) = ended.out
    assert annotation.startswith("::error title=Deployment Blocked: Weekend freeze::")
    ended = cli.track("deployment", client.cli("started", environment_name="uat"))
    assert ended.exit_code == 5
    assert "Get the version approved" in ended.errors
    assert ended.out[0].startswith("::error title=QUALITY_APPROVAL_REQUIRED: reviewed::")


def test_another_commit_is_5_for_a_deployment_and_2_for_a_build(
    client: Client, cli: CommandLine, url: str
) -> None:
    cli.track("deployment", client.cli())
    other = client.cli(scm_sha="b" * 40)
    ended = cli.track("deployment", other)
    assert ended.exit_code == 5
    assert "was built from" in " ".join(ended.errors)
    built = cli.track("build", other)
    assert built.exit_code == 2
    assert "was built from" in built.errors[0]
    action = Action(url, client.server.record)
    for kind in ("deployment", "build"):
        step = action.run(kind, other)
        assert step.failed
        assert "was built from" in step.annotations[0][1]


def test_other_errors_are_4_or_softened(client: Client, cli: CommandLine) -> None:
    wrong = cli.track("deployment", client.cli("perhaps"))
    assert (wrong.exit_code, wrong.tries) == (4, 1)
    cli.fails_on_api_error = False
    assert cli.track("deployment", client.cli("perhaps")).exit_code == 0
    cli.key = "vr_0_wrong"
    assert cli.track("deployment", client.cli()).exit_code == 0
    assert cli.track("build", client.cli()).exit_code == 2
    assert client.events() == []


def test_an_unreachable_server_is_tried_four_times(client: Client, cli: CommandLine) -> None:
    cli.url = f"http://127.0.0.1:{free_port()}"
    ended = cli.track("deployment", client.cli())
    assert (ended.exit_code, ended.tries) == (1, 4)


@pytest.mark.parametrize("invoke_id", ["9001", None])
@pytest.mark.parametrize("kind", ["deployment", "build"])
def test_an_event_whose_replies_are_lost_is_there_once(
    client: Client, cli: CommandLine, kind: str, invoke_id: str | None,
    scale: Callable[[int, int], int],
) -> None:  # fmt: skip
    assert client.settings.port
    cli.pause = scale(1, 100) / 100
    with CutProxy(client.settings.port, cuts=3) as proxy:
        cli.url = proxy.url
        ended = cli.track(kind, client.cli("started", invoke_id=invoke_id))
    assert (ended.exit_code, ended.tries) == (0, 4)
    (event,) = client.events()
    assert ended.reply["event_id"] == event["id"]


def test_a_lost_reply_of_a_start_is_not_refused_by_its_own_first_try(
    client: Client, cli: CommandLine
) -> None:
    with CutProxy(client.settings.port, cuts=2) as proxy:
        cli.url = proxy.url
        ended = cli.track("deployment", client.cli("started", environment_name="qa"))
    assert (ended.exit_code, ended.tries) == (0, 3)


def test_the_action_sets_its_outputs_and_warns_of_rules_that_only_report(
    client: Client, url: str
) -> None:
    action = Action(url, client.server.record)
    step = action.run("deployment", client.action("started", environment_name="staging"))
    assert not step.failed
    assert step.outputs == {
        "deployment_id": client.events()[0]["id"],
        "version_id": f"{client.product}@4.1.0",
        "product_id": client.product,
        "environment_id": "staging",
    }
    (warning,) = [text for level, text in step.annotations if level == "warning"]
    assert warning.startswith("Through qa: ")
    assert action.run("deployment", client.action("failure", environment_name="staging")).failed
    assert [each["status"] for each in client.events()] == ["started", "failed"]
    step = action.run("build", client.action("success", version="5"))
    assert step.outputs["version_id"] == f"{client.product}@5"


def test_the_action_fails_with_code_and_rule_and_softens_the_rest(client: Client, url: str) -> None:
    action = Action(url, client.server.record, fails_on_api_error=False)
    step = action.run("deployment", client.action("started", environment_name="production"))
    assert step.failed
    assert "[NO_DEPLOY_WINDOW] Weekend freeze: " in step.annotations[0][1]
    assert not action.run("deployment", client.action("perhaps")).failed
    action.fails_on_api_error = True
    ((level, text),) = action.run("deployment", client.action("perhaps")).annotations
    assert (level, "perhaps" in text) == ("error", True)
