"""The forms in which notices are sent: the hosted product's JSON, CDEvents, and words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry as Schemas
from referencing import Resource

from tests.builders import deployment, product, registry
from tests.fixtures.local_registry import NOW
from versioner.models.notification_types import NOTIFICATION_SELECTORS, NOTIFICATION_TYPES
from versioner.models.notification_types import SERVICE_NAMES as SERVICES
from versioner.notify.forms.cdevents import cdevent_of, cdevents_request
from versioner.notify.forms.payloads import webhook_request
from versioner.notify.forms.wording import message_of
from versioner.notify.notice_details import NoticeDetails, details_of
from versioner.notify.notices import Notice, notice_of
from versioner.resources import schemas_dir

SCHEMAS = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in (Path(__file__).parent / "cdevents_schemas").glob("*.json")
}
RESOURCES = [(each["$id"], Resource.from_contents(each)) for each in SCHEMAS.values()]
# The custom schema refers to the links by a path that is relative to its own.
LINKS = "https://cdevents.dev/0.4.1/schema/links/embeddedlinksarray"
HOSTED = {
    "id", "deployed_at", "event_type", "environment", "is_successful", "deployer", "product_name",
    "version", "repo_name", "commit_sha", "preflight_status", "source_url",
}  # fmt: skip


def details(kind: str, **fields: Any) -> NoticeDetails:
    values = {"products": ("shop",), "environments": ("production",), "version": "1.4.0"}
    return NoticeDetails(Notice("e-1", kind, NOW, **(values | fields)), registry_title="Acme")


def check(event: dict[str, Any]) -> None:
    kind = event["context"]["type"]
    name = "custom" if ".cdeventsx." in kind else "".join(kind.split(".")[2:4])
    schemas: Schemas[Any] = Schemas().with_resources(RESOURCES)
    Draft202012Validator(SCHEMAS[name], registry=schemas, format_checker=FormatChecker()).validate(
        event
    )


@pytest.mark.parametrize("kind", NOTIFICATION_TYPES)
def test_each_type_is_a_valid_cdevent_and_has_words(kind: str) -> None:
    for also in ((), ("deployment.rollback",)):
        found = details(kind, also=also, previous="1.3.0", name="n", old_name="o", words=("qa",))
        check(cdevent_of(found))
        message = message_of(found)
        assert message.title
        assert "\n" not in message.title
        body, headers = webhook_request(found, "s")
        assert headers["X-Versioner-Event"] == json.loads(body)["event_type"] == kind
        assert notice_of(json.loads(json.dumps(found.notice.as_json()))) == found.notice


@pytest.mark.parametrize(
    ("previous", "also", "kind"),
    [
        ("", (), "dev.cdevents.service.deployed.0.2.0"),
        ("1.3.0", (), "dev.cdevents.service.upgraded.0.2.0"),
        ("1.4.0", ("deployment.redeployment",), "dev.cdevents.service.deployed.0.2.0"),
        ("1.5.0", ("deployment.rollback",), "dev.cdevents.service.rolledback.0.2.0"),
        ("1.3.0", ("deployment.return",), "dev.cdevents.service.upgraded.0.2.0"),
    ],
)
def test_a_deployment_is_what_it_was_to_the_service(
    previous: str, also: tuple[str, ...], kind: str
) -> None:
    event = cdevent_of(details("deployment.completed", previous=previous, also=also))
    assert event["context"]["type"] == kind
    assert event["subject"]["content"]["environment"] == {"id": "production"}


def test_the_headers_are_those_of_the_event() -> None:
    body, headers = cdevents_request(details("deployment.completed"), "s")
    event = json.loads(body)
    assert {
        name: headers[f"ce-{name}"] for name in ("id", "source", "type", "subject", "time")
    } == {
        "id": event["context"]["id"],
        "source": event["context"]["source"],
        "type": event["context"]["type"],
        "subject": event["subject"]["id"],
        "time": event["context"]["timestamp"],
    }
    assert headers["X-Versioner-Signature"].startswith("sha256=")


def test_a_deployment_has_the_keys_of_the_hosted_product() -> None:
    events = [
        deployment("1.0", "started", id="a", scm_sha="9f2c", scm_repository="acme/shop"),
        deployment("1.0", "failed", id="b", minutes=1, deployed_by="ann", reason="disk full"),
    ]
    whole = registry(
        product("shop", events),
        config={"schema_version": 1, "site": {"base_url": "https://deploys.example/x"}},
    )
    notice = Notice(
        "b", "deployment.failed", NOW, products=("shop",), environments=("production",),
        version="1.0", event="b", deployment="a",
    )  # fmt: skip
    sent = json.loads(webhook_request(details_of(notice, whole), "")[0])
    assert sent.keys() >= HOSTED
    assert {name: sent[name] for name in HOSTED} == {
        "id": "a",
        "deployed_at": "2026-11-22T10:15:00+00:00",
        "event_type": "deployment.failed",
        "environment": "production",
        "is_successful": False,
        "deployer": "ann",
        "product_name": "shop",
        "version": "1.0",
        "repo_name": "acme/shop",
        "commit_sha": "9f2c",
        "preflight_status": None,
        "source_url": "https://deploys.example/x/products/shop/2026-11.html#d-a",
    }
    message = message_of(details_of(notice, whole))
    assert message.title == "Deployment of shop 1.0 to production failed"
    assert message.lines == ("2026-11-22 10:15 UTC by ann", "Reason: disk full")
    assert message.url == "https://deploys.example/x/products/shop/2026-11.html#d-a"


def test_what_the_site_hides_is_in_no_notification() -> None:
    event = deployment("1.0", id="a", deployed_by="ann", reason="because of ann")
    notice = Notice("a", "deployment.completed", NOW, products=("shop",), event="a", deployment="a")
    for config in ({"people": "none"}, {"site": {"hidden_fields": ["deployed_by", "reason"]}}):
        whole = registry(product("shop", [event]), config={"schema_version": 1, **config})
        found = details_of(notice, whole)
        assert found.actor == ""
        assert "by ann" not in message_of(found).text


def test_hostile_text_stays_on_its_line() -> None:
    event = deployment("1.0", id="a", reason="x\r\nBcc: all@example.com\x1b[31m\u202e")
    notice = Notice("a", "deployment.completed", NOW, products=("shop",), event="a", deployment="a")
    message = message_of(details_of(notice, registry(product("shop", [event]))))
    assert all(line.isprintable() for line in (message.title, *message.lines))


def test_the_schema_names_the_types_and_the_services() -> None:
    schema = json.loads((schemas_dir() / "registry.schema.json").read_bytes())
    items = schema["properties"]["notify"]["items"]["properties"]
    assert items["events"]["items"]["enum"] == [*NOTIFICATION_TYPES, *NOTIFICATION_SELECTORS]
    assert items["to"]["enum"] == list(SERVICES)
    page = (Path(__file__).parents[2] / "versioner/docs/notifications.md").read_text("utf-8")
    for name in (*NOTIFICATION_TYPES, *NOTIFICATION_SELECTORS):
        assert f"| `{name}` |" in page
