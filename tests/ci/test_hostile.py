"""Every variable of every recorded environment, hostile: what is detected can be recorded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.ci.recorded import detected, marks_of, recorded_of, variables_of
from versioner.ci import DetectedRun, detect
from versioner.ci.systems.order import SYSTEMS
from versioner.models import BUILD_KEYS
from versioner.names import is_name, is_version
from versioner.recording.policy import refuse_secrets
from versioner.reporting.terminal import clean
from versioner.secret_scanning import holds_secret
from versioner.validation.events import check_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.ci.systems.form import System
    from versioner.models import EventKind

pytestmark = pytest.mark.slow

# In the shape of keys, and none of them is one.
TOKENS = {
    "github": "ghp_" + "A1b2C3d4E5" * 4,
    "github-fine": "github_pat_" + "11ABCDEFG0" * 5,
    "github-job": "ghs_" + "A1b2C3d4E5" * 4,
    "gitlab": "glpat-" + "A1b2C3d4E5" * 2,
    "aws": "AKIA" + "ABCDEFGH12345678",
    "slack": "xoxb-" + "1234567890-abcdef",
    "jwt": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
    "pypi": "pypi-AgEI" + "cHlwaS5vcmcCJDk4",
    "private": "-----BEGIN RSA " + "PRIVATE KEY-----",
}
MARK = "hunter2-s3cr3t"

HARMFUL = {
    "empty": "",
    "blank": " \t ",
    "newline": "main\n::error::pwned",
    "carriage return": "main\r\n::set-output name=x::y",
    "azure command": "x ##vso[task.setvariable variable=a]b",
    "legacy command": "##[error]x",
    "teamcity command": "##teamcity[buildStatus status='FAILURE']",
    "colour": "\x1b[31mred\x1b[0m",
    "title": "\x1b]0;title\x07main",
    "c1": "\x9b2Jmain\x85next",
    "bells": "\x07\x08\x7f\x01",
    "right to left": "ma\u202ein\u2066x\u2069",
    "unseen": "ma\u200bin\ufeff\U000e0041\u00ad",
    "separators": "a\u2028b\u2029c\vd\fe",
    "bytes": "caf\udce9\udcff",
    "half a character": "x\ud800y\udfff",
    "long": "x" * 100_000,
    "long lines": "x\n" * 50_000,
    "long digits": "7" * 100_000,
    "long slashes": "/" * 100_000,
    "long colours": "\x1b[" * 50_000,
    "long ats": "https://" + "a@" * 50_000,
    "wide": "\U0001f680" * 300,
    "markup": "<script>alert(1)</script>\"'&<!--",
    "shell": "$(touch /tmp/x)`id`;|&&\\",
    "pattern": "\\1\\g<0>{GITHUB_SHA}{0}%s%(x)s",
    "path": "../../../etc/passwd",
    "option": "--upload-pack=touch",
    "device": "nul",
    "formula": "=cmd|' /C calc'!A0",
    "yaml": "!!python/object:os.system [x]: {y: &a *a}",
    "javascript": f"javascript:alert('{MARK}')",
    "broken address": "https://[",
    "address with a login": f"https://bot:{MARK}@git.example.com/acme/user-service.git",
    "address with a token": f"https://{MARK}@git.example.com/acme/user-service",
    "address with a query": f"https://git.example.com/acme/user-service?private_token={MARK}",
    "address with a slash": f"https://bot:x/{MARK}@git.example.com/acme/user-service",
    "cloned over ssh": f"ssh://git:{MARK}@git.example.com/acme/user-service.git",
    "key": TOKENS["jwt"],
    "key after much": "x" * 190 + " " + TOKENS["github-fine"],
    "beginnings of keys": "eyJ" * 33_000,
    "key behind colours": TOKENS["github"][:6] + "\x1b[0m" + TOKENS["github"][6:],
    "key behind the unseen": TOKENS["gitlab"][:3] + "\u200b" + TOKENS["gitlab"][3:],
    "key in an address": f"https://git.example.com/{TOKENS['github']}/x",
    "key as a login": f"https://x:{TOKENS['gitlab']}@git.example.com/acme/user-service",
}
# What stands before the `@` is what lets one in.
ADDRESSES = {name: value for name, value in HARMFUL.items() if f"{MARK}@" in value}


def event_of(kind: EventKind, found: DetectedRun) -> dict[str, Any]:
    """Make an event of all that was detected, as `track` does."""
    who = "deployed_by" if kind == "deployment" else "built_by"
    event: dict[str, Any] = {
        key.replace("person", who): value for key, value in found.fields.items()
    }
    if kind == "deployment":
        event["environment"] = "production"
    if found.extra_metadata:
        event["extra_metadata"] = found.extra_metadata
    return {
        **event,
        "at": "2026-11-22T10:15:00Z",
        "version": found.version or "1.4.0",
        "status": "completed",
        "source_system": found.source_system,
        "id": "e1",
    }


# Most hostile values are left out, and the rest is then what it was: checked once, it is known.
CHECKED: set[str] = set()


def assert_recordable(found: DetectedRun) -> None:
    if repr(found) in CHECKED:
        return
    assert {key for key in found.fields if not key.startswith("person")} <= set(BUILD_KEYS)
    for kind in ("deployment", "build"):
        event = event_of(kind, found)
        refuse_secrets({"product": found.product, **event})
        check_event(kind, event)
    assert found.product == "" or is_name(found.product)
    assert found.version == "" or is_version(found.version)
    files = (found.summary_file, found.output_file)
    assert found.environment == "" or is_name(found.environment)
    warnings = found.warnings.values()
    for value in (*found.fields.values(), *found.extra_metadata.values(), *warnings, *files):
        value.encode("utf-8")
        # What `clean` changes drives a terminal or, of a whole line, a log reader.
        assert clean(value).replace("\u200b", "") == value
        assert not re.search("[\u200b-\u200f\u2060-\u206f\ufeff\U000e0000-\U000e0fff]", value)
        assert not holds_secret(value)
        assert len(value) <= 4096
    CHECKED.add(repr(found))


@pytest.mark.sampled
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_one_hostile_variable_at_a_time_does_no_harm(
    system: System, scale: Callable[[int, int], int]
) -> None:
    variables = variables_of(system)
    assert len(variables) >= 5
    for environ in recorded_of(system)[: scale(1, 100)]:
        for name in variables:
            for value in HARMFUL.values():
                found = detect({**environ, name: value})
                if found is not None:
                    assert_recordable(found)
                else:
                    assert (name, value.strip()) == (system.present, "")


@pytest.mark.sampled
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_all_variables_hostile_at_once_do_no_harm(
    system: System, scale: Callable[[int, int], int]
) -> None:
    for environ in recorded_of(system)[: scale(1, 100)]:
        for value in HARMFUL.values():
            hostile = {**environ, **dict.fromkeys(variables_of(system), value)}
            if not value.strip() and system.present in hostile:
                hostile[system.present] = environ[system.present]
            assert_recordable(detected(hostile))


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_without_any_one_variable_the_rest_is_told(system: System) -> None:
    for environ in recorded_of(system):
        for name in set(environ) - marks_of(system):
            assert_recordable(detected({**environ, name: ""}))
            assert_recordable(detected({key: environ[key] for key in environ if key != name}))


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_no_part_of_a_login_is_left_of_an_address(system: System) -> None:
    for environ in recorded_of(system):
        for name in variables_of(system):
            for value in ADDRESSES.values():
                assert MARK not in repr(detected({**environ, name: value})), name


@pytest.mark.sampled
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_no_key_comes_out_of_any_variable_that_is_read_or_not(system: System) -> None:
    for environ in recorded_of(system):
        for name in {*environ, *variables_of(system)} - marks_of(system):
            for token in TOKENS.values():
                assert token not in repr(detected({**environ, name: token})), name
