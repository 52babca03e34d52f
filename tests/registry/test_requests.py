"""Requests and templates: read, checked, and unreadable where a file has an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import build, deployment, void
from tests.registry.files import Files, load, log, product, told
from tests.registry.test_decision_logs import approval, block, decisions, request_log
from versioner.registry.governance.content import content_hash
from versioner.serialization.documents import dump_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.registry.records import Registry

SHOP = product("shop")
BUILT = log("shop", build("1.4.0"), kind="build")
GROUPS = {"registry/registry.yaml": b'schema_version: 1\ngroups:\n  qa: ["alice", "bob"]\n'}
DOCUMENT: dict[str, Any] = {
    "name": "r1",
    "title": "December",
    "state": "open",
    "environments": ["production"],
    "versions": {"shop": "1.4.0"},
    "approvals": {"qa": 1},
    "steps": {"before": ["Tell support"], "after": ["Close the channel"]},
}
PATH = "registry/requests/r1/request.yaml"


def request(**fields: Any) -> Files:
    document = {key: value for key, value in {**DOCUMENT, **fields}.items() if value is not None}
    return {PATH: dump_document("request", document)}


def decided(decision: str = "approved", **fields: Any) -> Mapping[str, Any]:
    event = {
        "at": "2026-11-22T10:15:00Z",
        "decision": decision,
        "approval_type": "qa",
        "of": content_hash(DOCUMENT),
        "by": "alice",
        "id": "q1",
        **fields,
    }
    return {key: value for key, value in event.items() if value is not None}


def codes_of(registry: Registry) -> list[str]:
    return [f"{each.severity} {each.code}" for each in registry.problems]


def test_a_request_is_read_with_its_log_and_its_template():
    template = {"registry/templates/usual.yaml": b'name: "usual"\napprovals: {"qa": 1}\n'}
    window = {"from": "2026-12-02T08:00:00Z", "to": "2026-12-02T16:00:00Z"}
    own = request(template="usual", window=window, order=[["shop"]])
    registry = load(SHOP, BUILT, template, own, request_log(dict(decided(of="ab" * 32))))
    assert told(registry) == []
    (found,) = registry.governance.requests
    assert (found.versions, found.environments) == ({"shop": "1.4.0"}, ("production",))
    assert found.window == (window["from"], window["to"])
    assert (found.before, found.after) == (("Tell support",), ("Close the channel",))
    assert [each.by for each in found.decisions] == ["alice"]
    assert [each.name for each in registry.governance.templates] == ["usual"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"state": "approved"}, "value"),
        ({"environments": []}, "request"),
        ({"versions": {}}, "request"),
        ({"versions": {"shop": "1..0"}}, "version"),
        ({"approvals": {"qa": 0}}, "value"),
        ({"steps": {"during": ["x"]}}, "unknown-key"),
        ({"name": "r2"}, "name"),
        ({"order": [["web"]]}, "request"),
        ({"order": [["shop"], ["shop"]]}, "request"),
        ({"window": {"from": "2026-12-02T08:00:00Z", "to": "2026-12-02T08:00:00Z"}}, "window"),
        ({"title": "ghp_" + "a" * 36}, "secret"),
    ],
    ids=str,
)
def test_a_request_with_an_error_is_unreadable_and_never_just_absent(
    fields: dict[str, Any], code: str
):
    registry = load(SHOP, BUILT, request(**fields))
    assert code in {each.code for each in registry.problems}
    assert registry.governance.requests == ()
    (found,) = registry.governance.unreadable
    assert (found.path, found.line > 0) == (PATH, True)
    names = fields.get("environments", DOCUMENT["environments"])
    assert found.scope.environments == (tuple(names) or None)


@pytest.mark.parametrize(
    "text",
    [
        b"versions: {shop: '1', shop: '2'}\nenvironments: [production]\n",
        b"versions: {Shop: '1'}\nenvironments: [Production]\n",
        b"versions: [shop]\nenvironments: production\n",
        b"{",
        b"",
    ],
)
def test_what_cannot_be_read_of_a_scope_excludes_nothing(text: bytes):
    (found,) = load(SHOP, {PATH: text}).governance.unreadable
    assert (found.scope.products, found.scope.environments) == (None, None)


def test_a_request_that_names_what_does_not_exist_is_an_error_at_the_name():
    fields = {"environments": ["prodction"], "versions": {"shpo": "1", "shop": "1.4.0"}}
    registry = load(SHOP, BUILT, request(**fields))
    assert codes_of(registry) == ["error environment", "error product"]
    assert [each.line for each in registry.problems] == [6, 8]
    assert "did you mean shop?" in registry.problems[1].hint


def test_a_deleted_product_of_an_old_request_is_only_a_warning_and_a_former_name_is_fine():
    gone = {
        "registry/deleted/web.yaml": b'deleted_at: "2026-11-01T00:00:00Z"\nlast_commit: "%s"\n'
        % (b"ab" * 20),
        "registry/aliases/store.yaml": b'to: "shop"\n',
    }
    registry = load(SHOP, BUILT, gone, request(versions={"web": "1", "store": "1.4.0"}))
    assert codes_of(registry) == ["warning product"]


def test_a_log_of_decisions_without_its_request_is_an_error():
    registry = load(SHOP, request_log(dict(decided())))
    assert codes_of(registry) == ["error missing-file"]
    assert len(registry.governance.unreadable) == 1


def test_a_broken_line_of_a_log_makes_the_request_unreadable():
    log_file = {"registry/requests/r1/decisions.yaml": b'- {at: "yesterday"}\n'}
    registry = load(SHOP, BUILT, request(), log_file)
    (found,) = registry.governance.unreadable
    assert (found.path, found.line) == ("registry/requests/r1/decisions.yaml", 1)
    assert found.scope.products == ("shop",)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (decided(), ""),
        (decided(approval_type="legal"), 'no slot has the type "legal"'),
        (decided(approval_type="legal", of="ab" * 32), ""),
        (decided(by="mallory"), '"mallory" is not in the group "qa"'),
        (decided(by=None), "it names nobody"),
        (decided("done", step="before.1", approval_type=None, of=None), ""),
        (decided("done", step="before.2", approval_type=None, of=None), "1 step before"),
        (decided("undone", step="after.9", approval_type=None, of=None), "1 step after"),
        (decided("opened", approval_type=None, of=None), ""),
    ],
)
def test_a_decision_that_counts_for_nothing_is_a_warning(event: Mapping[str, Any], message: str):
    registry = load(SHOP, BUILT, request(), request_log(dict(event)), GROUPS)
    found = [each for each in registry.problems if each.code != "group"]
    assert [(each.code, each.severity) for each in found] == [("decision", "warning")] * bool(
        message
    )
    assert all(message in each.message and each.line == 2 for each in found)


def test_a_decision_on_an_unknown_version_and_by_an_outsider_is_a_warning():
    outsider = approval(by="mallory", id="d3")
    unknown = approval(version="9.9", id="d4")
    registry = load(SHOP, BUILT, GROUPS, decisions(approval(), block(), outsider, unknown))
    found = [(each.line, each.message) for each in registry.problems]
    assert [line for line, _ in found] == [4, 5]
    assert 'mallory" is not in the group "qa"' in found[0][1]
    assert 'no event names version "9.9"' in found[1][1]


def test_a_version_that_only_void_events_name_is_unknown():
    event = deployment("2.0")
    registry = load(SHOP, log("shop", event, void(event)), decisions(approval(version="2.0")))
    assert codes_of(registry) == ["warning decision"]


def test_the_hash_is_of_the_content_alone_and_of_all_of_it():
    whole = content_hash(DOCUMENT)
    assert content_hash({**DOCUMENT, "title": "x", "description": "y", "state": "draft"}) == whole
    assert content_hash(dict(reversed(DOCUMENT.items()))) == whole
    for key, value in (
        ("environments", ["staging"]),
        ("versions", {"shop": "1.5.0"}),
        ("window", {"from": "2026-12-02T08:00:00Z", "to": "2026-12-02T16:00:00Z"}),
        ("order", [["shop"]]),
        ("approvals", {"qa": 2}),
        ("steps", {"before": ["Tell support"]}),
    ):
        assert content_hash({**DOCUMENT, key: value}) != whole
    assert (
        content_hash({"versions": {"b": "é", "a": "1"}, "environments": ["x"]})
        == "7a143679f6ede616f8d887fe544fcbf158a04d9958f17ddd2f6db123ae76db61"
    )
