"""Artifacts: options make digests by name, and versions are shown with them and found by them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from versioner.cli.track_artifacts import read_artifacts
from versioner.errors import InvalidInput, UsageFault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.registries import Desk

ONE, OTHER = (f"sha256:{digit * 64}" for digit in "ab")
LONG = f"sha512:{'c' * 128}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([ONE], {"artifact": ONE}),
        ([f"image={ONE.upper()}"], {"image": ONE}),
        ([f"ghcr.io/acme/shop:1.4@{ONE}"], {"artifact": ONE}),
        ([f"image=ghcr.io/acme/shop@{ONE}"], {"image": ONE}),
        ([f" image = {LONG} "], {"image": LONG}),
        ([f"image={ONE}", f"chart={OTHER}", f"image={ONE}"], {"chart": OTHER, "image": ONE}),
        ([], {}),
    ],
)
def test_a_digest_has_the_name_before_it_or_the_default(
    given: list[str], expected: dict[str, str]
) -> None:
    found = read_artifacts(given, [])
    assert list(found.items()) == list(expected.items())


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        (["latest"], "has no digest", "sha256: and 64"),
        (["a" * 64], "has no digest", f"write sha256:{'a' * 64}"),
        ([f"image={'A' * 64}"], "has no digest", f"write image=sha256:{'a' * 64}"),
        ([ONE[:-1]], "has no digest", "sha256: and 64"),
        ([f"={ONE}"], "not a legal name", "letter or digit"),
        ([f"my image={ONE}"], "not a legal name", "letter or digit"),
        ([ONE, OTHER], "two digests", "NAME=DIGEST"),
    ],
)
def test_what_is_no_digest_or_has_two_is_refused(given: list[str], message: str, hint: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        read_artifacts(given, [])
    assert hint in caught.value.hint
    assert caught.value.field == "artifacts"


def test_a_file_has_its_own_name_or_the_one_before_it(tmp_path: Path) -> None:
    file, odd = tmp_path / "app.tar.gz", tmp_path / "a=b.whl"
    file.write_bytes(b"one")
    odd.write_bytes(b"two")
    one, two = (f"sha256:{hashlib.sha256(data).hexdigest()}" for data in (b"one", b"two"))
    assert read_artifacts([], [str(file)]) == {"app.tar.gz": one}
    assert read_artifacts([], [f"bundle={file}"]) == {"bundle": one}
    assert read_artifacts([f"image={ONE}"], [f"wheel={odd}"]) == {"image": ONE, "wheel": two}
    with pytest.raises(InvalidInput, match=r'"a=b\.whl" is not a legal name'):
        read_artifacts([], [str(odd)])
    with pytest.raises(InvalidInput, match="two digests"):
        read_artifacts([f"app={ONE}"], [f"app={file}"])


@pytest.mark.parametrize("name", ["none.tar", ""])
def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageFault, match="--artifact-file"):
        read_artifacts([], [str(tmp_path / name)])


TRACK = ("--product", "user-service", "--version", "2.0.0")


def test_artifacts_are_recorded_shown_and_found(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "app.tar"
    file.write_bytes(b"app")
    of_file = f"sha256:{hashlib.sha256(b'app').hexdigest()}"
    built = desk.run("track", "build", *TRACK, "--artifact", ONE, "--artifact-file", str(file))
    assert built.code == 0, built.err
    log = desk.git("show", "HEAD:registry/products/user-service/versions/2026-11.yaml")
    assert f'artifacts: {{"app.tar": "{of_file}", "artifact": "{ONE}"}}' in log
    deploy = ("track", "deployment", *TRACK, "--environment", "staging")
    commit = ("--scm-sha", "0123456789")
    assert desk.run(*deploy, "--artifact", f"chart={OTHER}", *commit).code == 0
    assert desk.run("validate").code == 0

    shown = desk.run("version", "show", "user-service", "2.0.0", "-o", "json").json()
    assert shown["artifacts"] == {"app.tar": of_file, "artifact": ONE, "chart": OTHER}
    text = desk.run("version", "show", "user-service", "2.0.0").out
    assert all(digest in text for digest in (ONE, OTHER, of_file))
    listed = desk.run("version", "list", "user-service", "-o", "json").json()
    assert [each["version"] for each in listed if "artifacts" in each] == ["2.0.0"]
    for asked in (
        "0123456",
        "0123456789abcdef",
        OTHER,
        OTHER[:15],
        "b" * 7,
        f"ghcr.io/acme/shop@{OTHER.upper()}",
    ):
        found = desk.run("version", "find", asked, "-o", "json").json()
        assert [(each["product"], each["version"]) for each in found] == [("user-service", "2.0.0")]
    assert "2.0.0" in desk.run("version", "find", of_file, "--product", "user-service").out
    assert desk.run("version", "find", "c" * 12, "-o", "json").json() == []
    assert "No version" in desk.run("version", "find", "c" * 12).out
    refused = desk.run("version", "find", "latest")
    assert (refused.code, "7 hexadecimal digits" in refused.err) == (4, True)


def test_another_digest_of_a_version_is_a_conflict_and_records_nothing(desk: Desk) -> None:
    assert desk.run("track", "build", *TRACK, "--artifact", f"image={ONE}").code == 0
    before = desk.commits()
    deploy = ("track", "deployment", *TRACK, "--environment", "staging")
    refused = desk.run(*deploy, "--artifact", f"image={OTHER}")
    assert refused.code == 5
    assert 'the artifact "image"' in refused.err
    assert desk.commits() == before


def test_variables_stand_in_for_the_options_of_artifacts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "app").write_bytes(b"")
    monkeypatch.setenv("VERSIONER_ARTIFACT", f"image={ONE} chart={OTHER}")
    monkeypatch.setenv("VERSIONER_ARTIFACT_FILE", str(tmp_path / "app"))
    done = desk.run("track", "build", *TRACK, "--dry-run", "-o", "json", "-v")
    assert set(done.json()["event"]["artifacts"]) == {"app", "chart", "image"}
    assert "(VERSIONER_ARTIFACT)" in done.err
    monkeypatch.setenv("VERSIONER_ARTIFACT", "")
    monkeypatch.setenv("VERSIONER_ARTIFACT_FILE", " ")
    done = desk.run("track", "build", *TRACK, "--dry-run", "-o", "json")
    assert "artifacts" not in done.json()["event"]
