"""One event, checked by what `track` can afford: it must say the same as jsonschema."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from versioner.errors import InvalidInput
from versioner.models import BUILD_KEYS, DEPLOYMENT_KEYS, STATUSES
from versioner.validation.events import METADATA_LIMIT, check_event
from versioner.validation.predicates import predicate_of
from versioner.validation.schema_check import find_violations, is_valid
from versioner.validation.schemas import bundled_schema
from versioner.validation.violations import violations_of

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

GOOD: dict[str, Any] = {
    "at": "2026-11-22T10:15:00Z",
    "environment": "production",
    "version": "1.4.0",
    "status": "completed",
    "deployed_by": "jane",
    "scm_sha": "4f2a9c1",
    "extra_metadata": {"region": "eu", "n": [1, {"a": None}, 2.5]},
    "id": "e1",
}


def refusal(**fields: Any) -> InvalidInput:
    event = {key: value for key, value in {**GOOD, **fields}.items() if value is not ...}
    with pytest.raises(InvalidInput) as caught:
        check_event("deployment", event)
    return caught.value


def test_a_good_event_passes() -> None:
    check_event("deployment", GOOD)
    build = {key: value for key, value in GOOD.items() if key in BUILD_KEYS}
    check_event("build", build)


def test_a_void_event_has_no_version_of_its_own() -> None:
    void = {"at": GOOD["at"], "reason": "It was staging", "voids": "e1", "id": "e2"}
    check_event("deployment", void)
    with pytest.raises(InvalidInput) as caught:
        check_event("deployment", {**void, "version": "1"})
    assert caught.value.field == "version"
    del void["reason"]
    with pytest.raises(InvalidInput) as caught:
        check_event("deployment", void)
    assert caught.value.field == "reason"


@pytest.mark.parametrize(
    ("fields", "field", "part"),
    [
        ({"version": 1.1}, "version", 'write "1.1"'),
        ({"version": "a..b"}, "version", "begin with a letter"),
        ({"version": "x" * 129}, "version", "at most 128"),
        ({"environment": "Production"}, "environment", "did you mean production?"),
        ({"status": "complete"}, "status", "did you mean completed?"),
        ({"statsu": "x"}, "statsu", "did you mean status?"),
        ({"status": ...}, "status", "add the key status"),
        ({"at": "2026-11-22T12:15:00+02:00"}, "at", 'write "2026-11-22T10:15:00Z"'),
        ({"at": "2026-11-22T10:15:00"}, "at", "end in Z"),
        ({"at": "2026-02-30T10:15:00Z"}, "at", "for example"),
        ({"at": "9999-99-99T10:15:00Z"}, "at", "for example"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at", "for example"),
        ({"scm_sha": "ABCDEF1"}, "scm_sha", 'write "abcdef1"'),
        ({"deployed_by": ""}, "deployed_by", "remove the key"),
        ({"deployed_by": "a\nb"}, "deployed_by", "on one line"),
        ({"reason": "x" * 2001}, "reason", "at most 2,000"),
        ({"deploy_url": "example.com"}, "deploy_url", "https://"),
        ({"deploy_url": "https://u:p@example.com/"}, "deploy_url", "user name and password"),
        ({"scm_repository": "https://t@example.com/"}, "scm_repository", "user name and password"),
        ({"build_number": 17}, "build_number", 'write "17"'),
        ({"redacted": ["a", "a"]}, "redacted", "remove one"),
        ({"extra_metadata": []}, "extra_metadata", "mapping"),
        ({"extra_metadata": {"a": float("nan")}}, "extra_metadata.a", "quotes"),
        ({"extra_metadata": {"a": float("-inf")}}, "extra_metadata.a", "quotes"),
        ({"extra_metadata": {"a": 2**53 + 1}}, "extra_metadata.a", "quotes"),
        ({"extra_metadata": {"a": "\ud800"}}, "extra_metadata.a", "remove that character"),
        ({"extra_metadata": {"\udfff": 1}}, "extra_metadata.\\udfff", "remove that character"),
        ({"extra_metadata": {"a": "x" * METADATA_LIMIT}}, "extra_metadata", "link to the rest"),
        ({"extra_metadata": {"a": [[[[[[1]]]]]]}}, "extra_metadata.a[0][0][0][0][0]", "write"),
        ({"extra_metadata": {1: 2}}, "extra_metadata[1]", 'write "1"'),
        ({"extra_metadata": {"a": object()}}, "extra_metadata.a", "write"),
    ],
)
def test_a_refused_event_names_the_field_and_the_fix(
    fields: dict[str, Any], field: str, part: str
) -> None:
    error = refusal(**fields)
    assert error.field == field
    assert part in error.hint
    assert error.message.isprintable()


def test_the_largest_integer_is_still_recorded() -> None:
    check_event("deployment", {**GOOD, "extra_metadata": {"a": 2**53, "b": -(2**53)}})


# In two halves, so that no scanner takes these lines for keys.
SECRETS = [
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "ghp_" + "a" * 36,
    "github_pat_" + "A" * 30,
    "glpat-" + "x" * 20,
    "xoxb-" + "1234567890-abcdef",
    "sk_live_" + "a1" * 12,
    "-----BEGIN RSA " + "PRIVATE KEY-----",
    "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0.sig",
    "npm_" + "a1" * 18,
    "pypi-AgEI" + "cHlwaS5vcmcCJD" * 2,
    "AIza" + "SyA" + "b" * 32,
    "hvs." + "CAESI" * 6,
    "sk-ant-" + "api03-" + "x" * 20,
    "SG." + "a" * 22 + "." + "b" * 43,
    "dckr_pat_" + "a" * 27,
    "AccountKey=" + "a" * 86 + "==",
    "https://hooks.slack.com/services/" + "T000/B000/XXXX",
    "https://jane:" + "hunter2@example.com/x",
    "https://ci.example/run?a=b&access_token=" + "0123456789",
    "https://x.blob.example/a?sig=" + "aGVsbG8gd29ybGQ%3D",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("field", ["reason", "version", "deployed_by", "extra_metadata"])
def test_a_secret_is_refused_and_not_echoed(secret: str, field: str) -> None:
    value: Any = {"a": [f"x {secret}"]} if field == "extra_metadata" else f"x{secret}"
    value = secret if field == "version" else value
    if field == "reason":
        value = f"see {secret}"
    if field == "deployed_by" and secret.startswith("AKIA"):
        value = secret
    error = refusal(**{field: value})
    assert error.field.startswith(field)
    assert secret not in error.message + error.hint


def test_a_password_in_an_address_is_not_echoed() -> None:
    error = refusal(deploy_url="https://jane:hunter2@example.com/x y")
    assert "hunter2" not in error.message + error.hint


@pytest.mark.parametrize(
    "innocent",
    [
        "AKIA",
        "ghp_short",
        "a sketch_live_demo",
        "eyJ",
        "-----BEGIN PUBLIC KEY-----",
        "npm_ci",
        "SG.1.2",
        "AIza",
        "https://example.com/@jane/x:y",
        "mail jane@example.com",
        "see https://example.com:8443/run?page=2&sort=token=",
        "ssh://git@example.com/x",
    ],
)
def test_text_that_only_resembles_a_secret_is_recorded(innocent: str) -> None:
    check_event("deployment", {**GOOD, "reason": innocent})


TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["1.4.0", "1..2", "production", "con", "2026-11-22T10:15:00Z", "2026-02-29T10:15:00Z",
         "4f2a9c1", "completed", "x\n", "https://example.com/", "https://u@example.com/",
         "a@b", "", "e1", "x" * 256, "x" * 2001]
    ),
)  # fmt: skip
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
KEYS = sorted({*BUILD_KEYS, *DEPLOYMENT_KEYS, "unknown"})
EVENTS = st.one_of(
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6),
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3).map(lambda more: {**GOOD, **more}),
    st.fixed_dictionaries(
        {
            "at": TEXTS,
            "version": TEXTS,
            "status": st.sampled_from([*STATUSES, "done"]),
            "id": TEXTS,
        },
        optional={"extra_metadata": VALUES, "voids": TEXTS, "reason": TEXTS, "redacted": VALUES},
    ),
    VALUES,
)


def test_the_small_finder_and_both_engines_find_the_same(scale: Callable[[int, int], int]) -> None:
    @settings(
        deadline=None,
        max_examples=scale(300, 10_000),
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.sampled_from(["build-event", "deployment-event"]), EVENTS)
    def check(name: Any, event: Any) -> None:
        schema = bundled_schema(name)
        ours = {
            (fault.pointer, fault.name, fault.is_key)
            for fault in violations_of(schema, event, schema)
        }
        theirs = {
            (fault.pointer, fault.name, fault.is_key) for fault in find_violations(name, event)
        }
        assert ours == theirs
        judge = jsonschema.Draft202012Validator(schema)
        assert (not ours) == judge.is_valid(event) == is_valid(name, event)
        assert (not ours) == predicate_of(schema, schema)(event)

    check()


def test_any_event_is_accepted_or_refused_by_field(scale: Callable[[int, int], int]) -> None:
    @settings(deadline=None, max_examples=scale(300, 10_000))
    @given(st.sampled_from(["build", "deployment"]), EVENTS.filter(lambda it: isinstance(it, dict)))
    def check(kind: Any, event: Any) -> None:
        try:
            check_event(kind, event)
        except InvalidInput as error:
            assert error.field
            assert error.message.isprintable()
            assert len(error.message) < 700

    check()


def test_what_track_imports_brings_no_heavy_library() -> None:
    code = (
        "import sys, versioner.names, versioner.validation.events as e\n"
        "e.check_event('deployment', {'at': '2026-11-22T10:15:00Z', 'environment': 'p',"
        " 'version': '1', 'status': 'completed', 'id': 'x'})\n"
        "heavy = {'yaml', 'jsonschema', 'jsonschema_rs', 'git', 'ruamel', 'jinja2', 'click',"
        " 'difflib', 'dataclasses', 'inspect', 'unicodedata'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.strip()
    assert loaded == "[]"
