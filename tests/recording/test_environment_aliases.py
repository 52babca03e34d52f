"""Recording under a former name of an environment: the event is one of the environment."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.local_registry import NOW, Desk
from versioner.editing.environment_moves import merge_environment
from versioner.errors import Blocked
from versioner.query.doubtful_names import DoubtfulName, doubtful_names
from versioner.recording.context import EventDraft
from versioner.recording.environment_aliases import aliases_in
from versioner.recording.record import record_event
from versioner.validation.documents import validate_document

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

RUN = {"source_system": "github", "scm_repository": "acme/shop", "invoke_id": "9001"}


def name_it(desk: Desk, text: str = 'aliases: ["stagin", "stage"]') -> None:
    path = desk.top / "registry/environments/staging.yaml"
    path.write_text(f"{path.read_text()}{text}\n")
    desk.git("commit", "-qam", "Name staging")


def files_of(desk: Desk) -> set[str]:
    return {path.name for path in (desk.top / "registry/environments").iterdir()}


def test_an_event_of_a_former_name_is_written_under_the_name(desk: Desk) -> None:
    name_it(desk)
    before = files_of(desk)
    recorded = desk.record("shop", "2.0", environment="stagin", **RUN)
    assert recorded.event["environment"] == "staging"
    assert recorded.created == ()
    assert files_of(desk) == before
    log = (desk.top / recorded.path).read_text()
    assert 'environment: "staging", version: "2.0"' in log
    desk.assert_sound()


def test_a_retry_after_the_merge_is_recorded_already(desk: Desk) -> None:
    first = desk.record("shop", "2.0", environment="stage", **RUN)
    assert first.event["environment"] == "stage"
    (desk.top / "registry/environments/stage.yaml").unlink()
    name_it(desk)
    again = desk.record("shop", "2.0", environment="stage", **RUN)
    assert again.already
    assert again.event["id"] == first.event["id"]
    other = desk.record("shop", "2.1", environment="stage", **{**RUN, "invoke_id": "9002"})
    back = desk.record("shop", "2.0", environment="stage", **RUN)
    assert (other.already, back.already) == (False, False)
    assert back.event["id"] != first.event["id"]
    assert desk.registry.products["shop"].cells["staging"].completed[-1].version == "2.0"
    desk.assert_sound()


def test_a_named_deployment_of_a_former_name_is_continued(desk: Desk) -> None:
    desk.record("shop", "2.0", environment="stage", status="started", event_id="d-1")
    (desk.top / "registry/environments/stage.yaml").unlink()
    name_it(desk)
    desk.record("shop", "2.0", environment="staging", deployment="d-1", event_id="d-2")
    (cell,) = desk.registry.products["shop"].cells.values()
    assert [event["id"] for event in cell.deployments[-1].events] == ["d-1", "d-2"]
    desk.assert_sound()


def test_an_unknown_name_and_a_name_of_its_own_are_as_before(desk: Desk) -> None:
    name_it(desk)
    assert desk.record("shop", "2.1", environment="stag").created
    assert desk.record("shop", "2.0", environment="staging").event["environment"] == "staging"
    desk.assert_sound()


def test_a_file_that_may_have_the_name_and_cannot_be_read_blocks(desk: Desk) -> None:
    name_it(desk, "aliases: [stagin")
    with pytest.raises(Blocked, match=r"staging\.yaml cannot be read"):
        desk.record("shop", "2.0", environment="stagin")
    with pytest.raises(Blocked, match=r"staging\.yaml cannot be read"):
        desk.record("shop", "2.0", environment="staging")


def test_a_former_name_of_two_environments_blocks_with_both_named(desk: Desk) -> None:
    name_it(desk)
    other = desk.top / "registry/environments/qa.yaml"
    other.write_text('name: "qa"\naliases: ["stage"]\n')
    desk.git("add", "-A")
    desk.git("commit", "-qm", "Name qa")
    with pytest.raises(Blocked) as caught:
        desk.record("shop", "2.0", environment="stage")
    assert caught.value.message == '"stage" is a former name of "qa" and of "staging"'
    assert desk.record("shop", "2.0", environment="stagin").event["environment"] == "staging"


def test_a_slip_of_a_former_name_is_recorded_and_leads_to_that_name(desk: Desk) -> None:
    name_it(desk, 'aliases: ["acceptance"]')
    recorded = desk.record("shop", "2.0", environment="aceptance")
    (warning,) = recorded.warnings
    assert 'has a name similar to "acceptance"' in warning.message
    assert "`versioner environment merge aceptance --into acceptance`" in warning.hint
    (doubtful,) = doubtful_names(desk.registry)
    assert doubtful == DoubtfulName("environment", "aceptance", "staging")
    merge_environment(desk.repository, "aceptance", "acceptance", now=NOW)
    assert "aceptance" in desk.registry.environment_aliases
    assert doubtful_names(desk.registry) == []
    desk.assert_sound()


def test_a_retired_environment_is_told_under_its_former_name(desk: Desk) -> None:
    name_it(desk, 'aliases: ["stagin"]\nretired: true')
    recorded = desk.record("shop", "2.0", environment="stagin")
    assert [each.code for each in recorded.warnings] == ["retired"]


def test_the_inbox_and_the_branch_derive_the_same_id(desk: Desk, tmp_path: Path) -> None:
    from versioner.delivery.inbox import prepare_submission

    name_it(desk)
    fields = {"at": NOW, "environment": "stagin", "version": "3.0", "status": "completed", **RUN}
    draft = EventDraft("deployment", "shop", fields)
    submitted = prepare_submission(draft).recorded.event
    recorded = record_event(desk.repository, draft, now=NOW, entropy=lambda: (1, b"." * 10))
    assert submitted["id"] == recorded.event["id"]
    assert recorded.event["environment"] == "staging"


@pytest.mark.parametrize(
    ("text", "names", "is_quick"),
    [
        ('aliases:\n  - "prod"\n  - "stagin"\n', ("prod", "stagin"), True),
        ('aliases:\n  - "prod"\nretired: true\n', ("prod",), True),
        ('aliases: ["prod", "stagin"]\ntitle: "x"\n', ("prod", "stagin"), True),
        ('aliases: ["prod"]', ("prod",), True),
        ('aliases:\n  - "prod"\n  - live\n', ("prod", "live"), False),
        ('aliases:\n  - "prod"  # old\n  - "live"\n', ("prod", "live"), False),
        ('aliases:\n  - "prod"\n\n  - "live"\n', ("prod", "live"), False),
        ('aliases:\n  - "prod"\n  # old\n  - "live"\n', ("prod", "live"), False),
        ('aliases:\n- "prod"\n', ("prod",), False),
        ("aliases: [prod]\n", ("prod",), False),
        ('aliases: ["prod",\n  "live"]\n', ("prod", "live"), False),
        ('description: |\n  aliases: ["x"]\naliases: ["prod"]\n', ("prod",), False),
        ('description: "\n  aliases:"\n', (), False),
        ('metadata:\n  aliases: ["x"]\n', (), False),
        ('# aliases: ["x"]\n', (), False),
    ],
)
def test_former_names_are_read_alike_with_and_without_the_yaml_loader(
    text: str, names: tuple[str, ...], is_quick: bool
) -> None:
    data = f'name: "production"\n{text}'.encode()
    script = (
        "import sys; from versioner.recording.environment_aliases import aliases_in;"
        "print(*aliases_in('production', sys.stdin.buffer.read()), 'yaml' in sys.modules)"
    )
    assert aliases_in("production", data) == names
    document, problems = validate_document("environment", data, "")
    assert problems == []
    assert tuple((document or {}).get("aliases", ())) == names
    if is_quick:
        told = subprocess.run(
            [sys.executable, "-c", script], input=data, capture_output=True, check=True
        )
        assert told.stdout.decode().split() == [*names, "False"]
