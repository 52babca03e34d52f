"""The OpenAPI document: valid by another judge, and exact about every file there is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.builders import deployment, product, registry, undeployment
from tests.site.machine_files import HOSTILE, documents, files_of, judge, matches
from tests.site.samples import everything
from versioner.models import BUILD_KEYS, DEPLOYMENT_KEYS, STATUSES
from versioner.models.event_fields import detail_fields
from versioner.models.events import UNDEPLOYED
from versioner.site.api.openapi import Endpoint, endpoints, openapi

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

OPENAPI = "api/v1/openapi.json"
FILES = files_of(everything())
DESCRIBED = json.loads(FILES[OPENAPI])
ENDPOINTS = endpoints()


def endpoints_of(path: str) -> list[Endpoint]:
    return [each for each in ENDPOINTS if matches(each, path)]


def schemas(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema within the components."""
    if isinstance(value, dict):
        if "type" in value and isinstance(value["type"], str | list):
            yield value
        for each in value.values():
            yield from schemas(each)
    elif isinstance(value, list):
        for each in value:
            yield from schemas(each)


def test_the_document_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(DESCRIBED).validate()


def test_a_broken_document_would_not_be_valid() -> None:
    broken = openapi("x")
    broken["paths"]["/api/v1/products/{product}/index.json"]["get"]["parameters"] = []
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


@pytest.mark.parametrize("text", ["Plain words", *HOSTILE])
def test_every_document_is_what_its_schema_says(text: str) -> None:
    for whole in (everything(text), registry()):
        for path, document in documents(files_of(whole)).items():
            if path == OPENAPI:
                continue
            (endpoint,) = endpoints_of(path)
            faults = list(judge(DESCRIBED, endpoint.schema).iter_errors(document))
            assert not faults, (path, faults[0].message)


def test_a_month_with_undeployments_is_what_its_schema_says() -> None:
    events = [deployment("1", minutes=-9), undeployment(instance="eu"), undeployment("1")]
    found = documents(files_of(registry(product("a", events))))
    (path,) = (path for path, each in found.items() if "undeployments" in each)
    assert len(found[path]["undeployments"]) == 2
    (endpoint,) = endpoints_of(path)
    assert not list(judge(DESCRIBED, endpoint.schema).iter_errors(found[path]))


def test_no_text_of_a_document_is_empty_but_those_that_are_told() -> None:
    def empty(value: Any, key: str = "") -> Iterator[str]:
        if isinstance(value, dict):
            for name, each in value.items():
                yield from empty(each, name)
        elif isinstance(value, list):
            for each in value:
                yield from empty(each, key)
        elif value == "":
            yield key

    for path, document in documents(FILES).items():
        assert set(empty(document)) <= {"value", "instance"}, path


def test_every_file_is_described_once_and_every_endpoint_has_files() -> None:
    others = {path for path in FILES if path == OPENAPI or path.startswith("schemas/")}
    used = {path: [each.name for each in endpoints_of(path)] for path in set(FILES) - others}
    assert [path for path, names in used.items() if len(names) != 1] == []
    # The build's facts are not among the files for machines alone.
    assert {name for (name,) in used.values()} == {each.name for each in ENDPOINTS} - {"build"}


def test_schemas_are_closed_complete_and_without_unions() -> None:
    found = list(schemas(DESCRIBED["components"]["schemas"]))
    assert len(found) > 100
    for schema in found:
        # A text that may be missing is null; of numbers only a figure without any samples is.
        may_be_null = (["string", "null"], ["number", "null"])
        assert isinstance(schema["type"], str) or schema["type"] in may_be_null
        assert schema["type"] != "null"
        assert "" not in schema.get("enum", ())
        assert schema["description"]
        if schema["type"] == "object":
            assert schema["additionalProperties"] is False
    assert {
        name
        for schema in found
        for name, each in schema.get("properties", {}).items()
        if each.get("type") == ["number", "null"]
    } == {"q1_seconds", "median_seconds", "q3_seconds", "rate"}
    text = json.dumps(DESCRIBED["components"])
    assert not any(f'"{word}"' in text for word in ("anyOf", "oneOf", "allOf", "nullable"))


def test_only_details_and_facts_of_instances_are_left_out() -> None:
    loose = {
        name
        for name, schema in DESCRIBED["components"]["schemas"].items()
        if set(schema["required"]) != set(schema["properties"])
    }
    # A registry without instances, undeployments or recorded commits, or never observed, has the
    # documents that it had before.
    instances = {"Beside", "Deployment", "DeploymentSummary", "History", "State", "Undeployment"}
    instances |= {"Version", "Difference"}
    assert loose == {"BuildDetails", "DeploymentDetails", *instances}
    components = DESCRIBED["components"]["schemas"]
    left_out = {
        name: set(components[name]["properties"]) - set(components[name]["required"])
        for name in instances
    }
    assert left_out == {
        "Beside": {"instance"},
        "Deployment": {"instance", "commits"},
        "DeploymentSummary": {"instance"},
        "History": {"undeployments"},
        "Undeployment": {"instance"},
        "Version": {"changes"},
        "Difference": {"commits"},
        "State": {"redeployed_at", "mixed", "instances", "observed"},
    }


def test_a_key_more_or_less_is_refused() -> None:
    index = json.loads(FILES["api/v1/index.json"])
    assert judge(DESCRIBED, "Index").is_valid(index)
    assert not judge(DESCRIBED, "Index").is_valid({**index, "more": 1})
    assert not judge(DESCRIBED, "Index").is_valid({k: v for k, v in index.items() if k != "title"})
    assert not judge(DESCRIBED, "Index").is_valid({**index, "title": None})


def test_every_component_is_used() -> None:
    text = json.dumps(DESCRIBED)
    unused = [
        name
        for name in DESCRIBED["components"]["schemas"]
        if f'"#/components/schemas/{name}"' not in text
    ]
    assert unused == []


def test_a_parameter_is_described_alike_at_every_endpoint() -> None:
    found = {each.name: each for endpoint in ENDPOINTS for each in endpoint.parameters}
    for endpoint in ENDPOINTS:
        assert re.findall(r"\{(\w+)\}", endpoint.path) == [
            each.name for each in endpoint.parameters
        ]
        assert all(found[each.name] == each for each in endpoint.parameters)


def test_the_details_of_events_are_the_fields_that_documents_list() -> None:
    components = DESCRIBED["components"]["schemas"]
    listed = (
        ("BuildDetails", detail_fields("build"), BUILD_KEYS, {"redacted", "metadata"}),
        (
            "DeploymentDetails",
            detail_fields("deployment"),
            DEPLOYMENT_KEYS,
            {"redacted", "metadata", "reason", "steps"},
        ),
    )
    for name, details, keys, others in listed:
        assert set(components[name]["properties"]) == {*details, *others}
        assert set(details) <= set(keys)


def test_every_list_of_statuses_is_that_of_events() -> None:
    found = [set(each["enum"]) for each in schemas(DESCRIBED) if "started" in each.get("enum", ())]
    assert len(found) > 5
    assert all(each - {None, "no result", UNDEPLOYED} == set(STATUSES) for each in found)
