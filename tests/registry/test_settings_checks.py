"""Settings of registry.yaml that no schema can judge: what cannot work is an error of validate."""

from __future__ import annotations

import zoneinfo

import pytest

from tests.registry.files import CONFIG, environment, log, product
from versioner.editing.validate import validate_registry
from versioner.git.snapshot import MemorySnapshot
from versioner.registry.checks.settings import site_address
from versioner.registry.load import load_registry

NOW = "2026-11-22T10:15:00Z"
REST = {**product("shop"), **environment("staging"), **log("shop")}


def problems_of(lines: str) -> list[str]:
    config = f"schema_version: 1\n{lines}\n".encode()
    found = validate_registry(MemorySnapshot({CONFIG: config, **REST}), now=NOW).problems
    return [f"{each.line}:{each.column} {each.severity} {each.message}" for each in found]


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        (
            "site:\n  base_url: https://example.com:99999/",
            "3:13 error site.base_url: the host or port",
        ),
        ("site:\n  base_url: https://example.com:0/", "3:13 error site.base_url: the host or port"),
        ("site:\n  base_url: https://example.com/?a=b", "3:13 error site.base_url: the site's"),
        ("site:\n  base_url: https://example.com/#top", "3:13 error site.base_url: the site's"),
        ("site:\n  base_url: https://example.com/a%20b", "3:13 error site.base_url: the path"),
        ("site:\n  base_url: https://example.com/ä", "3:13 error site.base_url: the path"),
        (
            "forge:\n  type: github\n  url: https://github.com:70000/a/b",
            "4:8 error forge.url: the host or port",
        ),
        ("forge:\n  type: github\n  url: https://github.com/", "4:8 error forge.url: this is"),
        ("forge:\n  type: gitlab\n  url: https://gitlab.com/a/b?x=1", "4:8 error forge.url: a rep"),
        (
            "site:\n  footer_links:\n    - title: a\n      url: https://x.test:99999",
            "5:12 error url: the host or port",
        ),
        ("site:\n  time_zone: Europe/Berln", "3:14 error site.time_zone: there is no time zone"),
        ("site:\n  time_zone: UTC+2", "3:14 error site.time_zone: there is no time zone"),
        ("site:\n  time_zone: localtime", "3:14 error site.time_zone: there is no time zone"),
        ("site:\n  time_zone: Europe", "3:14 error site.time_zone: there is no time zone"),
    ],
)
def test_a_setting_that_cannot_work_is_an_error_at_its_place(lines: str, place: str) -> None:
    (found,) = problems_of(lines)
    assert found.startswith(place)


@pytest.mark.parametrize(
    "lines",
    [
        "site:\n  base_url: https://example.com",
        "site:\n  base_url: http://example.com:8080/~jane/a.b/",
        "site:\n  base_url: https://[::1]/x",
        "forge:\n  type: github\n  url: https://github.com/acme/registry.git",
        "forge:\n  type: bitbucket\n  url: https://git.test:7990/projects/A%20B/repos/c",
        "site:\n  footer_links:\n    - title: a\n      url: https://x.test:8443/?a#b",
        "site:\n  time_zone: Europe/Berlin",
        "site:\n  time_zone: Etc/GMT+2",
        "site:\n  time_zone: UTC",
    ],
)
def test_a_setting_that_works_is_none(lines: str) -> None:
    assert problems_of(lines) == []


def test_a_slip_in_a_time_zone_gets_the_name() -> None:
    config = b"schema_version: 1\nsite: {time_zone: europe/berlin}\n"
    (found,) = validate_registry(MemorySnapshot({CONFIG: config, **REST}), now=NOW).problems
    assert (found.code, found.hint) == ("value", "write Europe/Berlin")


def test_a_machine_without_zone_data_is_a_warning_with_the_remedy() -> None:
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([])
    try:
        if zoneinfo.available_timezones():
            pytest.skip("the package tzdata is installed here")
        (found,) = problems_of("site:\n  time_zone: Europe/Paris")
    finally:
        zoneinfo.reset_tzpath(before)
    assert found.startswith("3:14 warning site.time_zone: this machine has no data of time zones")


def test_readers_and_recording_go_on_with_such_a_setting() -> None:
    config = b"schema_version: 1\nsite: {time_zone: Nowhere}\n"
    assert load_registry(MemorySnapshot({CONFIG: config, **REST})).problems == []


def test_the_address_of_a_site_ends_with_a_slash() -> None:
    assert site_address("https://example.com/a") == "https://example.com/a/"
    assert site_address("https://example.com:99999/a") == ""
    assert site_address("https://jane@example.com/") == ""
