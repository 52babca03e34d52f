"""What is hidden is in no file of a site: neither its pages nor anything beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import NOW, build, deployment, product, registry, void
from tests.site.samples import TOOL
from versioner.recorder.archive import RECORDER, made_recorder
from versioner.site.build import build_site
from versioner.site.privacy import hidden_fields, pruned

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SAID = {
    "deployed_by": "jane-login",
    "deployed_by_email": "jane@example.test",
    "deployed_by_name": "Jane Name",
    "reason": "said in confidence",
    "scm_branch": "secret-branch",
    "extra_metadata": {
        "phone": "call-me",
        "contact": [{"phone": "call-me-too"}],
        "vi_run_branch": "secret-branch",
    },
}


def words_of(out: Path, **config: Any) -> str:
    mistake = deployment("3", id="e3", **SAID)
    whole = registry(
        product(
            "a",
            [
                deployment("1", minutes=-9, id="e1", **SAID),
                deployment("2", "failed", minutes=-5, id="e2", **SAID),
                mistake,
                void(mistake, id="f1", reason="void in confidence", deployed_by="jane-login"),
            ],
            [build("1", id="b1", built_by="joe-login", built_by_email="joe@example.test")],
            extra_metadata={"team": "Crew", "contact": {"phone": "call-me"}},
        ),
        config={"schema_version": 1, "title": "Registry", **config},
    )
    build_site(whole, out, now=NOW, tool_version=TOOL)
    # The schemas and the recorder are the tool's own, and the same in every registry.
    assert (out / RECORDER).read_bytes() == made_recorder().data
    (out / RECORDER).unlink()
    files = [path for path in out.rglob("*") if path.is_file() and "schemas" not in path.parts]
    return "\n".join(f"{path}\n{path.read_text(encoding='utf-8')}" for path in files)


@pytest.mark.parametrize(
    ("config", "gone", "kept"),
    [
        ({}, ["jane@", "Jane Name", "joe@"], ["jane-login", "joe-login", "call-me"]),
        ({"people": "all"}, [], ["jane@", "Jane Name", "joe@", "jane-login", "confidence"]),
        ({"people": "none"}, ["jane-login", "jane@", "Jane Name", "joe"], ["call-me"]),
        (
            {"site": {"hidden_fields": ["deployed_by", "reason", "scm_branch", "phone", "team"]}},
            ["jane", "confidence", "secret-branch", "call-me", "Crew", "crew"],
            ["joe-login"],
        ),
    ],
)
def test_what_is_hidden_is_in_no_file(
    tmp_path: Path, config: dict[str, Any], gone: list[str], kept: list[str]
) -> None:
    words = words_of(tmp_path / "out", **config)
    assert [text for text in gone if text in words] == []
    assert [text for text in kept if text not in words] == []


def test_hidden_keys_go_however_deep() -> None:
    value = {"a": 1, "b": [{"a": 2, "c": {"a": 3, "d": 4}}, "a"]}
    assert pruned(value, {"a"}) == {"b": [{"c": {"d": 4}}, "a"]}


def test_an_unknown_policy_hides_what_the_default_hides() -> None:
    assert hidden_fields({"people": "whatever"}) == hidden_fields({})
    assert hidden_fields({"people": "all", "site": {"hidden_fields": ["x"]}}) == {"x"}
