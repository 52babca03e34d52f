"""A clone that means harm, at command level: runs nothing, hangs nothing, publishes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tool import environment, git, versioner
from tests.forked import put_script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

# Seconds: a command that takes longer hangs.
PATIENCE = 30
SECRET = "words-that-lie-outside-the-registry"
TRACK = ("track", "deployment", "--product", "user-service", "--environment", "staging")

HOOKS = (
    "applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit",
    "prepare-commit-msg", "commit-msg", "post-commit", "pre-rebase", "post-checkout",
    "post-merge", "pre-push", "pre-receive", "update", "proc-receive", "post-receive",
    "post-update", "reference-transaction", "push-to-checkout", "pre-auto-gc", "post-rewrite",
    "sendemail-validate", "fsmonitor-watchman", "post-index-change",
)  # fmt: skip
PROGRAMS = (
    "core.pager", "core.editor", "sequence.editor", "core.sshCommand", "core.gitProxy",
    "core.askPass", "core.alternateRefsCommand", "core.fsmonitor", "diff.external",
    "diff.d.textconv", "diff.d.command", "merge.d.driver", "filter.f.clean", "filter.f.smudge",
    "filter.f.process", "gpg.program", "gpg.ssh.program", "gpg.openpgp.program",
    "gpg.x509.program", "gpg.ssh.defaultKeyCommand", "credential.helper", "pager.log",
    "pager.status", "pager.diff", "pager.config", "pager.rev-parse", "interactive.diffFilter",
    "remote.origin.uploadpack", "remote.origin.receivepack", "remote.origin.vcs",
    "uploadpack.packObjectsHook", "browser.x.cmd", "web.browser",
)  # fmt: skip
ALIASES = (
    "status", "log", "diff", "show", "rev-parse", "cat-file", "config", "fast-import",
    "unpack-objects", "update-ref", "update-index", "ls-tree", "ls-files", "commit-tree",
    "merge-base", "check-ignore", "for-each-ref", "rev-list", "version",
)  # fmt: skip

COMMANDS: list[tuple[tuple[str, ...], int]] = [
    (("status",), 0),
    (("status", "--as-of", "HEAD~1"), 0),
    (("validate",), 0),
    (("validate", "--rev", "HEAD"), 0),
    (("validate", "--base", "HEAD~1", "--allow-log-changes"), 0),
    ((*TRACK, "--version", "9.0.0"), 0),
    (("track", "build", "--product", "new-one", "--version", "1.0"), 0),
    (("product", "list"), 0),
    (("product", "edit", "user-service", "--set", "title=Users"), 0),
    (("product", "show", "user-service"), 0),
    (("product", "history", "user-service"), 0),
    (("product", "rename", "web-frontend", "front"), 0),
    (("product", "delete", "notification-service", "--yes", "--force"), 0),
    (("product", "restore", "notification-service"), 0),
    (("deployment", "list"), 0),
    (("version", "list", "user-service"), 0),
    (("environment", "edit", "staging", "--set", "title=Stage"), 0),
    (("diff", "staging", "production"), 0),
    (("format", "--check"), 0),
    (("format",), 0),
    (("site", "build"), 0),
    (("site", "build", "--rev", "HEAD"), 0),
]


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "marker"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Return a folder beside the clone that nothing may read from or write to."""
    folder = tmp_path / "outside"
    (folder / "deployments").mkdir(parents=True)
    (folder / "product.yaml").write_text(f'name: "linked"\ndescription: "{SECRET}"\n')
    (folder / "deployments/2026-11.yaml").write_text(f"# {SECRET}\n")
    return folder


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("hostile") / "sample"
    versioner("init", "--example", top)
    versioner(*TRACK, "--version", "8.0.0", cwd=top)
    return top


@pytest.fixture
def clone(sample: Path, tmp_path: Path) -> Path:
    top = tmp_path / "clone"
    subprocess.run(["cp", "-r", str(sample), str(top)], check=True)
    return top


@pytest.fixture
def hostile(clone: Path, tmp_path: Path, marker: Path) -> Path:
    """Arm a clone with every way to have code run that git, Python or this tool may know."""
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\necho ran >> {marker}\ncat\n")
    evil.chmod(0o755)
    arm_tree(clone, marker)
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "Look harmless")
    arm_git(clone, evil, tmp_path)
    assert not marker.exists()
    return clone


def arm_tree(top: Path, marker: Path) -> None:
    """Put what other tools would run or read into the files of the clone."""
    attributes = "* filter=f diff=d merge=d ident\n"
    (top / ".gitattributes").write_text((top / ".gitattributes").read_text() + attributes)
    python = f"open({str(marker)!r}, 'a').write('python')\n"
    for name in ("sitecustomize.py", "usercustomize.py", "yaml.py", "click.py", "conftest.py"):
        (top / name).write_text(python)
    (top / "versioner").mkdir()
    (top / "versioner/__init__.py").write_text(python)
    escape = "{{ cycler.__init__.__globals__.os.system('touch " + str(marker) + "') }}"
    for schema in (top / "schemas").iterdir():
        schema.write_text('{"$ref": "file:///etc/passwd"}')
    product = top / "registry/products/user-service/product.yaml"
    text = product.read_text().replace("description: ", f'x-unused: ""\ndescription: "{escape} ', 1)
    document = text.replace('x-unused: ""\n', "").splitlines()
    kept = [f'description: "{escape}"' if line.startswith("description:") else line
            for line in document]  # fmt: skip
    product.write_text("\n".join(kept) + "\n")


def arm_git(top: Path, evil: Path, tmp_path: Path) -> None:
    """Put what git would run into the clone's git directory."""
    for folder in (top / ".git/hooks", tmp_path / "hooks"):
        folder.mkdir(exist_ok=True)
        for name in HOOKS:
            (folder / name).write_bytes(evil.read_bytes())
            (folder / name).chmod(0o755)
    included = tmp_path / "included"
    settings = [f"{key}={evil}" for key in PROGRAMS]
    settings += [f"alias.{name}=!{evil}" for name in ALIASES]
    settings += [f"core.hooksPath={tmp_path}/hooks", f"include.path={included}"]
    settings += ["filter.f.required=true", "commit.gpgsign=true", "user.signingkey=ABC"]
    settings += ["protocol.ext.allow=always", f"remote.origin.url=ext::{evil}"]
    settings += ["branch.main.remote=origin", "branch.main.merge=refs/heads/main"]
    settings += ["log.showSignature=true", "gc.auto=1", "gc.autoPackLimit=1"]
    settings += ["submodule.recurse=true", "core.untrackedCache=true", "core.splitIndex=true"]
    for setting in settings:
        git(top, "config", *setting.split("=", 1))
    (top / ".git/info").mkdir(exist_ok=True)
    (top / ".git/info/attributes").write_text("* filter=f diff=d merge=d\n")
    included.write_text(f"[core]\n\tfsmonitor = {evil}\n[diff]\n\texternal = {evil}\n")


def command(top: Path, *args: str, code: int | None = 0) -> str:
    """Run the tool inside the clone, as an installed one: its folder is not on Python's path.

    Where files of the clone would run as Python, it is a fresh process, which imports everything.
    """
    is_armed = (top / "sitecustomize.py").exists()
    fresh = [sys.executable, "-P", "-m", "versioner"]
    done = subprocess.run(
        [*(fresh if is_armed else program_of(top)), *args],
        cwd=top, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert "internal error" not in said, said
    assert code is None or done.returncode == code, f"{' '.join(args)}: {said}"
    assert SECRET not in said
    return said


def program_of(top: Path) -> list[str]:
    """Return the tool as a program beside the clone."""
    program = top.with_name("tool")
    if not program.exists():
        program.mkdir()
        put_script(program, environment())
    return [str(program / "versioner")]


def published(folder: Path) -> Iterator[str]:
    for page in folder.rglob("*"):
        if page.is_file():
            yield page.read_text("utf-8", "replace")


def test_no_command_runs_anything_of_the_clones_own(
    hostile: Path, tmp_path: Path, marker: Path
) -> None:
    out = tmp_path / "site"
    for args, code in COMMANDS:
        rest = ("--out", str(out)) if args[:2] == ("site", "build") else ()
        command(hostile, *args, *rest, code=code)
        assert not marker.exists(), args
    pages = list(published(out))
    assert pages
    assert not any(SECRET in page for page in pages)
    assert any("cycler.__init__" in page for page in pages)  # as text, for it is data
    assert "9.0.0" in command(hostile, "deployment", "list")
    # The trap was real: the user's own git does run it.
    git(hostile, "status", check=False)
    assert marker.exists()


def test_schemas_of_the_clones_own_allow_nothing(hostile: Path, marker: Path) -> None:
    product = hostile / "registry/products/payment-api/product.yaml"
    product.write_text(product.read_text() + "colour: blue\n")
    assert "unknown-key" in command(hostile, "validate", code=3)
    said = command(hostile, *TRACK, "--version", "..", code=4)
    assert "version" in said
    assert not marker.exists()


def test_a_replaced_object_is_not_believed(clone: Path) -> None:
    log = next((clone / "registry/products/user-service/deployments").iterdir())
    path = log.relative_to(clone).as_posix()
    told = log.read_text().replace('"1.', '"66.')
    forged = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"],
        cwd=clone, input=told, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    git(clone, "replace", git(clone, "rev-parse", f"HEAD:{path}").strip(), forged)
    assert "66." in git(clone, "show", f"HEAD:{path}")
    for args in (("deployment", "list"), ("deployment", "list", "--rev", "HEAD"), ("status",)):
        assert "66." not in command(clone, *args)
    command(clone, *TRACK, "--version", "9.0.0")
    assert "66." not in git(clone, "--no-replace-objects", "show", f"HEAD:{path}")


LINKS = (
    "registry/products/linked",
    "registry/products/linked/product.yaml",
    "registry/environments/linked.yaml",
    "registry/products/user-service/deployments/2025-11.yaml",
    "registry/deleted",
)


@pytest.mark.sampled
@pytest.mark.parametrize("path", LINKS)
@pytest.mark.parametrize("committed", [True, False])
def test_links_publish_nothing_of_what_they_lead_to(
    clone: Path, outside: Path, tmp_path: Path, path: str, committed: bool
) -> None:
    link = clone / path
    link.parent.mkdir(parents=True, exist_ok=True)
    is_folder = not path.endswith(".yaml")
    link.symlink_to(outside if is_folder else outside / "product.yaml")
    if committed:
        git(clone, "add", "-A")
        git(clone, "commit", "-q", "-m", "Link")
    before = sorted(outside.rglob("*"))
    assert "error[link]" in command(clone, "validate", code=3)
    for args in (("status",), ("product", "list"), ("deployment", "list"), ("format",)):
        command(clone, *args, code=None)
    out = tmp_path / "site"
    command(clone, "site", "build", "--out", str(out), code=3)
    command(clone, "track", "build", "--product", "linked", "--version", "1.0", code=None)
    command(clone, "product", "edit", "linked", "--set", "title=x", code=None)
    command(clone, "product", "delete", "linked", "--yes", code=None)
    command(clone, "product", "restore", "linked", code=None)
    assert not any(SECRET in page for page in published(out))
    assert sorted(outside.rglob("*")) == before
    assert SECRET in (outside / "product.yaml").read_text()
    assert link.is_symlink() or committed
    assert SECRET not in git(clone, "log", "-p")


TEMPLATES = {
    "runs a program": "{{ cycler.__init__.__globals__.os.system('touch MARKER') }}",
    "looks into Python": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "includes what lies outside": "{% include '../../outside/product.yaml' %}",
    "includes it by its whole path": "{% include 'OUTSIDE/product.yaml' %}",
    "imports": "{% import 'os' as os %}{{ os.environ }}",
    "never ends": "{% for a in range(99999999) %}{% for b in range(99999999) %}x"
    "{% endfor %}{% endfor %}",
}


@pytest.mark.sampled
@pytest.mark.parametrize("what", TEMPLATES)
def test_templates_of_the_clones_own_run_and_read_nothing(
    clone: Path, tmp_path: Path, marker: Path, outside: Path, what: str
) -> None:
    """Whether a registry may bring templates or not: none of them leaves the sandbox."""
    template = TEMPLATES[what].replace("MARKER", str(marker)).replace("OUTSIDE", str(outside))
    folder = clone / "site_templates"
    folder.mkdir()
    for name in ("base.html", "overview.html", "product.html"):
        (folder / name).write_text(template)
    out = tmp_path / "site"
    command(clone, "site", "build", "--out", str(out), code=None)
    assert not marker.exists()
    assert not any(SECRET in page or "subprocess.Popen" in page for page in published(out))


@pytest.mark.parametrize("is_folder", [True, False])
def test_templates_that_are_links_publish_nothing(
    clone: Path, tmp_path: Path, outside: Path, is_folder: bool
) -> None:
    (outside / "overview.html").write_text(SECRET)
    (outside / "assets").mkdir()
    (outside / "assets/site.css").write_text(SECRET)
    if is_folder:
        (clone / "site_templates").symlink_to(outside)
    else:
        (clone / "site_templates").mkdir()
        (clone / "site_templates/overview.html").symlink_to(outside / "overview.html")
        (clone / "site_templates/assets").symlink_to(outside / "assets")
    out = tmp_path / "site"
    command(clone, "site", "build", "--out", str(out), code=None)
    assert not any(SECRET in page for page in published(out))


def test_a_site_is_not_written_through_links_that_the_clone_holds(
    clone: Path, outside: Path
) -> None:
    (clone / "_site").mkdir()
    (clone / "_site/index.html").symlink_to(outside / "product.yaml")
    (clone / "_site/products").symlink_to(outside)
    before = (outside / "product.yaml").read_bytes()
    command(clone, "site", "build", code=None)
    assert (outside / "product.yaml").read_bytes() == before
    assert {each.name for each in outside.iterdir()} == {"product.yaml", "deployments"}


@pytest.mark.thorough
@pytest.mark.sampled
@pytest.mark.parametrize(
    "path",
    ["registry/pipe", "registry/products/user-service/deployments/2025-11.yaml",
     "registry/products/user-service/.gitignore", ".gitattributes", ".gitignore",
     ".git/versioner/intent", ".git/versioner/cache.sqlite", ".git/versioner/hooks.json",
     ".git/info/exclude", ".git/versioner/config.json"],
)  # fmt: skip
def test_a_fifo_hangs_no_command(clone: Path, tmp_path: Path, path: str) -> None:
    pipe = clone / path
    pipe.parent.mkdir(parents=True, exist_ok=True)
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    for args in (
        ("status",), ("validate",), (*TRACK, "--version", "9.0.0"), ("format",),
        ("product", "edit", "user-service", "--set", "title=Users"),
        ("site", "build", "--out", str(tmp_path / "site")),
    ):  # fmt: skip
        command(clone, *args, code=None)
    # Not by the user's own git, which would wait for attributes.
    assert "9.0.0" in command(clone, "deployment", "list", "--rev", "HEAD")


def test_a_submodule_is_an_error_and_never_entered(clone: Path, tmp_path: Path) -> None:
    tip = git(clone, "rev-parse", "HEAD").strip()
    git(clone, "update-index", "--add", "--cacheinfo", f"160000,{tip},registry/products/sub")
    (clone / ".gitmodules").write_text(
        f'[submodule "sub"]\n\tpath = registry/products/sub\n\turl = ext::touch {tmp_path}/ran\n'
    )
    git(clone, "add", ".gitmodules")
    git(clone, "commit", "-q", "-m", "Submodule")
    assert "error[link]" in command(clone, "validate", "--rev", "HEAD", code=3)
    command(clone, "site", "build", "--rev", "HEAD", "--out", str(tmp_path / "site"), code=3)
    command(clone, "track", "build", "--product", "sub", "--version", "1.0", code=None)
    command(clone, *TRACK, "--version", "9.0.0")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("out", ["", "new"])
def test_state_that_the_clone_brings_leads_nowhere_outside(
    clone: Path, outside: Path, out: str
) -> None:
    """The tool's own files in the git directory are the clone's word, too."""
    state = clone / ".git/versioner"
    (state / "hooks.json").write_text(f'{{"out": "{outside / out}"}}')
    (state / "intent").write_text(
        '{"format": 1, "ref": "refs/heads/main", "old": null, "new": "' + "0" * 40 + '",'
        ' "stale": {"../outside/product.yaml": [null]}}'
    )
    before = sorted(outside.rglob("*"))
    command(clone, "status")
    command(clone, *TRACK, "--version", "9.0.0")
    assert sorted(outside.rglob("*")) == before


def test_a_link_in_the_tools_own_state_is_not_written_through(clone: Path, outside: Path) -> None:
    victim = outside / "product.yaml"
    before = victim.read_bytes()
    state = clone / ".git/versioner"
    for name in ("index-info", "config.json", "lock", "intent", "intent.new", "draft"):
        (state / name).unlink(missing_ok=True)
        (state / name).symlink_to(victim)
    command(clone, "status", code=None)
    command(clone, *TRACK, "--version", "9.0.0", code=None)
    command(clone, "validate", code=None)
    assert victim.read_bytes() == before


def test_a_work_tree_elsewhere_is_not_read_as_the_clones(clone: Path, outside: Path) -> None:
    (outside / "registry").mkdir()
    git(clone, "config", "core.worktree", str(outside))
    command(clone, "status", code=None)
    command(clone, *TRACK, "--version", "9.0.0", code=None)
    assert list((outside / "registry").iterdir()) == []


def test_terminal_codes_in_data_reach_no_terminal(clone: Path) -> None:
    product = clone / "registry/products/user-service/product.yaml"
    lines = [line for line in product.read_text().splitlines() if not line.startswith("title")]
    product.write_text("\n".join([*lines, 'title: "\\e]0;own\\a\\u202Eevil"', ""]))
    for args in (("product", "show", "user-service"), ("product", "list"), ("validate",)):
        said = command(clone, *args, code=None)
        assert "\x1b" not in said
        assert "\u202e" not in said
