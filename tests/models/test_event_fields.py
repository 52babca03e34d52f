"""Every place that names a field of events names those of the one table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from versioner.cli.commands.track import track
from versioner.models import BUILD_KEYS, DEPLOYMENT_KEYS, EventKind
from versioner.models.event_fields import EVENT_FIELDS, detail_fields, personal_fields
from versioner.reporting.query import deployments as reports
from versioner.resources import schemas_dir
from versioner.site.privacy import hidden_fields
from versioner.site.views.parts.event_details import event_facts

ACTION = Path(__file__).parents[2] / ".github/actions/track/action.yml"
KEYS: dict[EventKind, tuple[str, ...]] = {"build": BUILD_KEYS, "deployment": DEPLOYMENT_KEYS}
# Fields that no option of `track` sets: detected, derived, or written by other commands.
WITHOUT_OPTION = {"at", "id", "voids", "redacted", "source_server", "attempt", "job"}


def test_the_table_has_the_fields_of_both_kinds_and_no_others() -> None:
    assert set(EVENT_FIELDS) == {*BUILD_KEYS, *DEPLOYMENT_KEYS}
    assert all(field.name == name and field.label for name, field in EVENT_FIELDS.items())


@pytest.mark.parametrize("kind", ["build", "deployment"])
def test_the_schema_has_the_fields_of_the_table(kind: EventKind) -> None:
    schema = json.loads((schemas_dir() / f"{kind}-event.schema.json").read_bytes())
    assert tuple(schema["properties"]) == KEYS[kind]


@pytest.mark.parametrize("kind", ["build", "deployment"])
def test_track_has_an_option_with_the_help_of_the_table_for_each_field_that_has_one(
    kind: EventKind,
) -> None:
    command = track.get_command(click.Context(track), kind)
    assert command is not None
    helps = {each.name: each.help for each in command.params if isinstance(each, click.Option)}
    expected = {name: EVENT_FIELDS[name].help for name in KEYS[kind] if EVENT_FIELDS[name].help}
    assert {name: helps.get(name) for name in expected} == expected
    assert set(KEYS[kind]) - set(expected) <= WITHOUT_OPTION
    assert {name for name, field in EVENT_FIELDS.items() if not field.help} == WITHOUT_OPTION


def test_the_action_takes_fields_of_the_table_and_options_of_track() -> None:
    inputs = yaml.safe_load(ACTION.read_text(encoding="utf-8"))["inputs"]
    steering = {"event_type", "fail_on_api_error", "registry", "token", "branch", "via", "wait"}
    steering |= {"product_name", "metadata", "event_id", "package", "recorder", "sha256", "check"}
    fields = set(inputs) - steering
    assert fields <= set(EVENT_FIELDS)
    assert all(EVENT_FIELDS[name].help for name in fields)


def test_every_personal_field_is_hidden_where_no_people_are_recorded() -> None:
    people = {*personal_fields("build"), *personal_fields("deployment")}
    assert people == {name for name in EVENT_FIELDS if name.startswith(("built_by", "deployed_by"))}
    assert people <= hidden_fields({"people": "none"})
    logins = {"built_by", "deployed_by"}
    assert people & hidden_fields({"people": "login"}) == people - logins
    assert not people & hidden_fields({"people": "all"})


@pytest.mark.parametrize("kind", ["build", "deployment"])
def test_reports_and_pages_show_every_detail_with_the_label_of_the_table(kind: EventKind) -> None:
    event: dict[str, Any] = {name: f"the {name}" for name in detail_fields(kind)}
    own_place = {"built_by", "notes"}
    expected = {
        (EVENT_FIELDS[name].label, text) for name, text in event.items() if name not in own_place
    }
    event["artifacts"] = {"artifact": "the artifacts"}
    assert {(fact["label"], fact["text"]) for fact in event_facts([event])} == expected
    told = {(label, lines[0].text) for label, lines in reports.field_pairs([event])}
    assert expected <= told
