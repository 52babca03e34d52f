"""The writer's configuration: read by YAML once, then from what was kept of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.clones import commit, make, sh
from tests.registry.files import CONFIG
from versioner.errors import Blocked
from versioner.git.repository import open_repository
from versioner.registry import config as module
from versioner.registry.config import read_config

if TYPE_CHECKING:
    from pathlib import Path

GOOD = b'schema_version: 1\npeople: "none" # nobody\n'


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return make(tmp_path / "clone", {CONFIG: GOOD})


def read(clone: Path):
    """Return the configuration as another process reads it."""
    module._latest[:] = [None, None]
    repository = open_repository(clone)
    return read_config(repository, sh(clone, "rev-parse", f"HEAD:{CONFIG}").strip())


def kept(clone: Path) -> Path:
    return clone / ".git/versioner/config.json"


def test_what_is_kept_is_what_the_file_says(clone):
    assert read(clone) == {"schema_version": 1, "people": "none"}
    assert json.loads(kept(clone).read_text())["config"] == read(clone)


def test_yaml_is_read_once_a_state_of_the_file(clone, monkeypatch):
    read(clone)
    parsed = []
    original = module._parse
    monkeypatch.setattr(module, "_parse", lambda repo: parsed.append(1) or original(repo))
    read(clone)
    assert parsed == []
    commit(clone, {CONFIG: b"schema_version: 1\n"})
    assert read(clone) == {"schema_version": 1}
    assert parsed == [1]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"null", b'{"key": 1}', b"\xff", b"[" * 9999])
def test_what_is_kept_may_be_damaged(clone, damage):
    read(clone)
    kept(clone).write_bytes(damage)
    assert read(clone)["people"] == "none"
    assert json.loads(kept(clone).read_text())["config"]["people"] == "none"


def test_a_kept_value_of_another_shape_is_not_believed(clone):
    read(clone)
    document = json.loads(kept(clone).read_text())
    kept(clone).write_text(json.dumps(document | {"config": ["x"]}))
    assert read(clone)["people"] == "none"


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"schema_version: 1\npeople: some\n", ":2:9: "), (b"people: [\n", "registry.yaml:")],
)
def test_nothing_is_recorded_under_rules_that_are_unclear(clone, data, said):
    commit(clone, {CONFIG: data})
    with pytest.raises(Blocked, match=said) as caught:
        read(clone)
    assert "writes nothing while" in caught.value.hint
    assert not kept(clone).exists()


def test_where_nothing_can_be_kept_it_is_read_all_the_same(clone):
    (clone / ".git/versioner").write_text("a file")
    assert read(clone)["people"] == "none"
    assert (clone / ".git/versioner").read_text() == "a file"
