"""Commands at a URL come to what they come to in a clone, or say that they need one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.registries import NOW, Desk, Outcome
from tests.fixtures.bare_registry import Post, submission
from versioner.cli.errors import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

LOOKS = (
    ("status",),
    ("status", "--product", "user-service"),
    ("status", "--at", "2026-10-20"),
    ("product", "list"),
    ("product", "show", "user-service"),
    ("environment", "list"),
    ("environment", "show", "staging"),
    ("deployment", "list"),
    ("deployment", "list", "--product", "payment-api"),
    ("deployment", "show", "us-4"),
    ("version", "list", "user-service"),
    ("version", "show", "user-service", "1.4.0"),
    ("diff", "staging", "production"),
    ("validate",),
)
EDITS = (
    ("product", "create", "tea", "--set", "extra_metadata.team=brew"),
    ("product", "edit", "user-service", "--set", "lifecycle=deprecated"),
    ("product", "rename", "user-service", "account-service"),
    ("product", "delete", "web-frontend", "--yes"),
    ("product", "merge", "web-frontend", "--into", "payment-api"),
    ("environment", "create", "demo"),
    ("environment", "edit", "staging", "--set", "title=Staging"),
    ("environment", "retire", "test"),
    ("environment", "rename", "staging", "uat"),
    ("environment", "merge", "test", "--into", "staging"),
    ("deployment", "void", "us-4", "--reason", "by mistake"),
    ("deployment", "redact", "us-4", "deployed_by"),
)
NEED_A_CLONE = (
    ("format",),
    ("hooks", "install"),
    ("import", "/dev/null"),
    ("site", "build"),
    ("validate", "--base", "main"),
    ("validate", "--rev", "main~1"),
    ("product", "history", "user-service"),
    ("status", "--as-of", "main~1"),
    ("product", "list", "--rev", "main~1"),
    ("diff", "staging", "production", "--rev", "main~1"),
)


class Far:
    """Run commands at the registry's URL, and look at what they did to it."""

    def __init__(self, desk: Desk, forge: Path, tmp: Path) -> None:
        self.desk = desk
        self.post = Post(forge)
        self.url = f"file://{forge}"
        self._tmp = tmp

    def run(self, *args: str) -> Outcome:
        self.desk.capsys.readouterr()
        code = run([*args, "--repo", self.url])
        told = self.desk.capsys.readouterr()
        assert list(self._tmp.iterdir()) == []
        return Outcome(code, told.out, told.err)

    def tree(self) -> str:
        return self.post.git("rev-parse", "main:registry")


@pytest.fixture
def far(desk: Desk, forge: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Far:
    """Stand where no clone is, with the registry's URL and a temporary folder of one's own."""
    for name in ("nowhere", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "nowhere")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return Far(desk, forge, tmp_path / "tmp")


@pytest.mark.sampled
@pytest.mark.parametrize("look", LOOKS, ids=" ".join)
def test_a_look_at_a_url_shows_what_it_shows_in_a_clone(far: Far, look: tuple[str, ...]) -> None:
    here, there = far.desk.run(*look), far.run(*look)
    assert there == here
    as_json = [desk.run(*look, "--output", "json") for desk in (far.desk, far)]
    assert as_json[0].code in (0, 3)
    assert _without_place(as_json[1]) == _without_place(as_json[0])


def _without_place(told: Outcome) -> object:
    document = json.loads(told.out)
    if isinstance(document, dict):
        # A clone is looked at as its files are.
        document.pop("revision", None)
    return document


@pytest.mark.sampled
@pytest.mark.parametrize("edit", EDITS, ids=" ".join)
def test_an_edit_at_a_url_makes_of_it_what_it_makes_of_a_clone(
    far: Far, edit: tuple[str, ...]
) -> None:
    before = far.post.git("rev-parse", "main")
    here, there = far.desk.run(*edit), far.run(*edit)
    assert (here.code, there.code) == (0, 0), here.err + there.err
    assert far.tree() == far.desk.git("rev-parse", "HEAD:registry") or edit[1] == "delete"
    assert far.post.git("rev-parse", "main~1") == before
    assert there.out.splitlines()[0] == here.out.splitlines()[0]
    assert far.post.git("log", "-1", "--format=%s", "main") == far.desk.git(
        "log", "-1", "--format=%s"
    )
    far.post.served.assert_sound()


def test_a_deleted_product_is_restored_at_its_url(far: Far) -> None:
    before = far.post.git("rev-parse", "main:registry/products")
    assert far.run("product", "delete", "user-service", "--yes").code == 0
    assert far.post.git("rev-parse", "main:registry/products") != before
    assert far.run("product", "restore", "user-service").code == 0
    assert far.post.git("rev-parse", "main:registry/products") == before


@pytest.mark.parametrize("command", NEED_A_CLONE, ids=" ".join)
def test_what_needs_a_clone_says_so(far: Far, command: tuple[str, ...]) -> None:
    outcome = far.run(*command)
    assert outcome.code == 2, outcome.err
    assert "clone" in outcome.err


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("product", "show", "no-such"), 2),
        (("product", "create", "user-service"), 5),
        (("product", "create", "Not A Name"), 4),
        (("product", "edit", "user-service", "--set", "lifecycle=odd"), 4),
        (("product", "delete", "user-service"), 2),
        (("product", "restore", "no-such"), 2),
        (("deployment", "void", "no-such-event", "--reason", "x"), 2),
        (("status", "--product", "no-such"), 2),
        (("environment", "delete", "test"), 5),
        (("environment", "rename", "test", "staging"), 5),
        (("environment", "merge", "no-such", "--into", "staging"), 2),
    ],
)
def test_exit_codes_are_those_of_a_clone(far: Far, command: tuple[str, ...], code: int) -> None:
    before = far.post.git("rev-parse", "main")
    here, there = far.desk.run(*command), far.run(*command)
    assert (here.code, there.code) == (code, code), there.err
    assert there.err == here.err
    assert far.post.git("rev-parse", "main") == before


def test_a_url_where_nothing_is_is_told(far: Far) -> None:
    far.url += "-elsewhere"
    for command in (("status",), ("product", "create", "tea"), ("collect",), ("inbox", "list")):
        outcome = far.run(*command)
        assert outcome.code == 1, outcome.err
        assert "has no such repository" in outcome.err


def test_errors_of_a_registry_at_a_url_are_told_by_file_and_line(far: Far) -> None:
    path = far.desk.top / "registry/products/user-service/product.yaml"
    path.write_text("name: user-service\ncolour: red\n", encoding="utf-8")
    far.desk.git("commit", "-aqm", "Break it")
    far.desk.git("push", "-q", "origin", "main")
    outcome = far.run("validate")
    assert outcome.code == 3
    assert "registry/products/user-service/product.yaml:2" in outcome.out + outcome.err


def test_an_edit_by_hand_is_typed_once_though_others_push_meanwhile(
    far: Far, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, editor = tmp_path / "count", tmp_path / "editor"
    push = "git commit -q --allow-empty -m Other && git push -q origin HEAD:main"
    editor.write_text(
        f"#!/bin/sh\necho once >> {count}\n"
        f'echo "title: Typed" >> "$1"\ncd {far.desk.top} && {push}\n',
        encoding="utf-8",
    )
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    outcome = far.run("product", "edit", "user-service", "--editor")
    assert outcome.code == 0, outcome.err
    assert count.read_text(encoding="utf-8") == "once\n"
    assert "title: Typed" in far.post.served.file("registry/products/user-service/product.yaml")


def test_what_was_typed_is_kept_where_the_push_is_refused(
    far: Far, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = far.post.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "title: Typed" >> "$1"\n', encoding="utf-8")
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code = run(["product", "edit", "user-service", "--editor", "--repo", far.url])
    told = far.desk.capsys.readouterr()
    assert code == 1
    (kept,) = tmp_path.glob("user-service-*.yaml")
    assert str(kept) in told.err
    assert "title: Typed" in kept.read_text(encoding="utf-8")


# What waits, in the status


def test_the_status_says_what_waits_and_what_was_refused(far: Far) -> None:
    assert far.run("status", "--output", "json").json()["waiting"] == 0
    assert "collect" not in far.run("status").out
    bad = submission("user-service", id="bad", status="fine")
    far.post.put("user-service/bad", bad)
    far.post.collect(now=NOW)
    for number in range(3):
        far.post.put(f"user-service/a{number}", submission("user-service", id=f"a{number}"))
    line = "3 events wait for `versioner collect`; 1 was refused: `versioner inbox list`"
    assert line in far.run("status").out
    document = far.run("status", "--output", "json").json()
    assert (document["waiting"], document["refused"]) == (3, 1)

    # In a clone they are told as they were fetched.
    assert "inbox" not in far.desk.run("status").out
    far.desk.git("fetch", "-q", "origin", "+refs/versioner/*:refs/versioner/*")
    assert line in far.desk.run("status").out
    far.desk.git("pack-refs", "--all", "--prune")
    assert line in far.desk.run("status").out


def test_a_bare_repository_and_its_url_serve_where_git_must_be_told(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.bareRepository")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "explicit")
    event = ("track", "deployment", "--product", "user-service", "--environment", "test")
    for number, via in enumerate(("auto", "direct", "inbox")):
        outcome = far.run(*event, "--version", f"7.0.{number}", "--via", via)
        assert outcome.code == 0, outcome.err
    assert far.run("collect").code == 0
    assert far.run("product", "edit", "user-service", "--set", "title=Users").code == 0
    bare = far.post.path
    assert run([*event, "--version", "7.0.3", "--repo", str(bare)]) == 0
    for command in (("status",), ("product", "history", "user-service"), ("doctor",)):
        far.desk.capsys.readouterr()
        assert run([*command, "--repo", str(bare)]) == 0, far.desk.capsys.readouterr().err
    assert "7.0.3" in far.run("version", "list", "user-service").out
