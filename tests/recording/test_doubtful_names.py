"""Names and versions that are probably mistakes are recorded and reported, or refused."""

from __future__ import annotations

import json

import pytest

from tests.fixtures.local_registry import NOW, Desk
from versioner.editing.products import create_product, rename_product
from versioner.errors import Blocked, InvalidInput
from versioner.recording.context import EventDraft
from versioner.recording.envelope import draft_of, submission_bytes
from versioner.recording.record import RecordResult, record_event

FIELDS = {"at": NOW, "environment": "staging", "version": "5.0", "status": "completed"}


def record(
    desk: Desk, product: str = "shop", *, create: bool = True, **fields: str
) -> RecordResult:
    return record_event(
        desk.repository,
        EventDraft("deployment", product, {**FIELDS, **fields}),
        now=NOW,
        entropy=lambda: (1, desk.git("rev-parse", "HEAD").encode()),
        create=create,
    )


def codes(recorded: RecordResult) -> list[str]:
    return [each.code for each in recorded.warnings]


def configure(desk: Desk, text: str) -> None:
    path = desk.top / "registry/registry.yaml"
    path.write_text(path.read_text() + text)
    desk.git("commit", "-qam", "Configure")


def test_a_slip_is_recorded_and_reported_with_the_command_that_merges_it(desk: Desk) -> None:
    recorded = record(desk, "shpo", environment="stagin")
    assert recorded.commit == desk.git("rev-parse", "HEAD")
    product, environment = recorded.warnings
    assert product.message == 'the new product "shpo" has a name similar to "shop"'
    assert "`versioner product merge shpo --into shop`" in product.hint
    assert environment.message == 'the new environment "stagin" has a name similar to "staging"'
    assert "`versioner environment merge stagin --into staging`" in environment.hint
    # It is not new any more.
    assert codes(record(desk, "shpo", environment="stagin", version="6.0")) == []


def test_a_name_of_its_own_is_recorded_without_a_word(desk: Desk) -> None:
    assert codes(record(desk, "billing", environment="qa")) == []


def test_a_slip_of_a_former_name_leads_to_that_name(desk: Desk) -> None:
    create_product(desk.repository, "invoices", now=NOW)
    rename_product(desk.repository, "invoices", "billing", now=NOW)
    (warning,) = record(desk, "invocies").warnings
    assert '"invoices"' in warning.message


def test_a_slip_is_never_proposed_for_creation(desk: Desk) -> None:
    with pytest.raises(Blocked) as refused:
        record(desk, "shpo", create=False)
    assert refused.value.message == 'there is no product "shpo", but there is "shop"'
    assert refused.value.hint == "did you mean shop?"
    with pytest.raises(Blocked) as refused:
        record(desk, "billing", create=False)
    assert "`versioner product create billing` creates it" in refused.value.hint
    assert "without --no-create" in refused.value.hint


def test_a_registry_may_refuse_what_it_does_not_know(desk: Desk) -> None:
    configure(desk, "create: never\n")
    before = desk.commits()
    for said in ({"product": "billing"}, {"environment": "qa"}):
        with pytest.raises(Blocked) as refused:
            record(desk, **said)
        assert "registry.yaml has `create: never`" in refused.value.hint
    with pytest.raises(Blocked, match='there is "staging"'):
        record(desk, environment="stage")
    assert desk.commits() == before
    assert record(desk).commit
    create_product(desk.repository, "billing", now=NOW)
    assert record(desk, "billing").commit
    configure(desk, "# Over.\n")
    text = (desk.top / "registry/registry.yaml").read_text()
    (desk.top / "registry/registry.yaml").write_text(text.replace("never", "auto"))
    desk.git("commit", "-qam", "Configure")
    assert record(desk, environment="qa").created == ("registry/environments/qa.yaml",)


@pytest.mark.parametrize("version", ["latest", "HEAD", "head"])
def test_a_version_that_moves_is_reported_each_time(desk: Desk, version: str) -> None:
    for environment in ("staging", "production"):
        (warning,) = record(desk, version=version, environment=environment).warnings
        assert (warning.code, warning.message) == (
            "version",
            f'the version "{version}" does not always mean the same build',
        )


@pytest.mark.parametrize("version", ["null", "undefined", "None", "v", "1.4-undefined", "NaN"])
def test_a_version_that_is_missing_is_reported(desk: Desk, version: str) -> None:
    recorded = record(desk, version=version)
    assert recorded.commit
    assert codes(recorded) == ["missing-value"]


@pytest.mark.parametrize("version", ["nullable", "v1", "latest-1", "undefined1"])
def test_a_version_that_only_contains_such_a_word_is_not(desk: Desk, version: str) -> None:
    assert codes(record(desk, version=version)) == []


def test_an_instance_that_is_missing_is_reported(desk: Desk) -> None:
    assert codes(record(desk, instance="undefined")) == ["missing-value"]
    assert codes(record(desk, instance="eu")) == []


def test_a_name_that_is_missing_is_reported_where_it_is_created(desk: Desk) -> None:
    recorded = record(desk, "undefined", environment="null")
    assert codes(recorded) == ["missing-value"] * 2
    assert codes(record(desk, "undefined", environment="null", version="6.0")) == []


@pytest.mark.parametrize(
    "value", ["${X}", "$(X)", "$X", "{{ x }}", "${{ x }}", "%X%", "#{x}", "1.0-${X}", "<x>", "@x@"]
)
@pytest.mark.parametrize("field", ["version", "environment", "product", "instance"])
def test_a_variable_that_was_not_expanded_is_refused_with_the_cause(
    desk: Desk, field: str, value: str
) -> None:
    with pytest.raises(InvalidInput, match="a variable that was not replaced by its value") as told:
        record(desk, **{field: value})
    assert told.value.field == field
    assert "single quotes" in told.value.hint


def test_slugify_covers_environments_and_slashes(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="not a legal environment"):
        record(desk, environment="EU/Prod_1")
    configure(desk, "names: slugify\n")
    recorded = record(desk, "Acme/Web Shop", environment="EU/Prod_1")
    assert (recorded.product, recorded.event["environment"]) == ("acme-web-shop", "eu-prod-1")
    registry = desk.registry
    assert registry.environments["eu-prod-1"]["title"] == "EU/Prod_1"
    assert registry.products["acme-web-shop"].document["title"] == "Acme/Web Shop"
    assert record(desk, "Acme/Web Shop", environment="eu prod.1", version="6.0").created == ()
    assert record(desk, environment="Staging").event["environment"] == "staging"
    with pytest.raises(InvalidInput, match="not a legal environment"):
        record(desk, environment="Ünder")


def test_an_environment_as_given_travels_beside_the_event() -> None:
    draft = EventDraft("deployment", "shop", {**FIELDS, "environment": "EU/Prod"}, "a")
    document = json.loads(submission_bytes(draft))
    assert (document["event"]["environment"], document["environment"]) == ("eu-prod", "EU/Prod")
    assert draft_of(document).fields["environment"] == "EU/Prod"
    for wrong in ("staging", 7, "", "EU/Prod2"):
        with pytest.raises(InvalidInput, match="two environments"):
            draft_of({**document, "environment": wrong})


def test_an_instance_that_is_not_listed_is_recorded_and_reported(desk: Desk) -> None:
    path = desk.top / "registry/environments/staging.yaml"
    assert codes(record(desk, instance="westt")) == []
    path.write_text(path.read_text() + 'instances: ["east", "west"]\n')
    desk.git("commit", "-qam", "List the instances")
    assert codes(record(desk, instance="west")) == []
    recorded = record(desk, instance="westt", version="6.0")
    (warning,) = recorded.warnings
    assert recorded.commit == desk.git("rev-parse", "HEAD")
    assert warning.code == "instance"
    assert warning.message == 'the environment "staging" does not list the instance "westt"'
    assert warning.hint == (
        'did you mean "west"? If not, add it: '
        "`versioner environment edit staging --set instances=east,west,westt`"
    )


def test_an_undeployment_of_a_version_that_does_not_run_is_recorded_and_reported(
    desk: Desk,
) -> None:
    record(desk)
    recorded = record(desk, version="4.0", status="undeployed")
    (warning,) = recorded.warnings
    assert recorded.commit == desk.git("rev-parse", "HEAD")
    assert warning.code == "without-effect"
    assert (
        warning.message
        == 'the version "4.0" does not run in "staging", so this undeployment changes nothing'
    )
    # At the same second, an undeployment comes before a completed deployment.
    later = {"at": "2026-12-22T10:15:30Z", "status": "undeployed"}
    assert codes(record(desk, version="5.0", **later)) == []
    assert codes(record(desk, version="", **later)) == []


@pytest.mark.parametrize(
    ("product", "environment", "absent"),
    [("nobody", "staging", 'product "nobody"'), ("shop", "nowhere", 'environment "nowhere"')],
)
def test_an_undeployment_creates_nothing(
    desk: Desk, product: str, environment: str, absent: str
) -> None:
    record(desk)
    before = desk.git("rev-parse", "HEAD")
    with pytest.raises(Blocked, match=f"there is no {absent}") as refused:
        record(desk, product, environment=environment, version="", status="undeployed")
    assert "an undeployment creates no" in refused.value.hint
    assert desk.git("rev-parse", "HEAD") == before
