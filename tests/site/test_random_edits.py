"""A site that is built again after each of many random edits is byte for byte a cold one."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.cli.registries import NOW, make_registry
from versioner.cli.errors import run
from versioner.git.repository import open_repository
from versioner.git.snapshot import snapshot_at
from versioner.registry.load import load_registry
from versioner.site.publish import publish_site

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

TEMPLATES = Path(__file__).resolve().parents[2] / "site_templates"

PRODUCTS = st.sampled_from(
    ["user-service", "payment-api", "web-frontend", "search", "user-accounts"]
)
ENVIRONMENTS = st.sampled_from(["test", "staging", "production", "prod", "integration"])
STATUSES = st.sampled_from(["completed", "completed", "failed", "started", "undeployed"])
WORDS = st.text("abc <&", min_size=1, max_size=9)
NUMBERS = st.integers(0, 10**6)


class Edits(RuleBasedStateMachine):
    """A clone, what is done to it, and its site that is built again after each step."""

    template: Path
    folder: Path
    count = 0
    compared = 0

    def __init__(self) -> None:
        super().__init__()
        Edits.count += 1
        self.place = self.folder / f"run-{Edits.count}"
        shutil.copytree(self.template.parent, self.place, symlinks=True)
        self.top = self.place / "registry"
        self.number = 0
        self.build()

    def teardown(self) -> None:
        shutil.rmtree(self.place)

    def run(self, *arguments: str) -> int:
        """Run a command; one that is refused changes nothing, which is an edit too."""
        with chdir(self.place):
            code = run([*arguments, "--repo", str(self.top)])
        assert code in (0, 1, 2, 4, 5), arguments
        return code

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.top, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def build(self, out: str = "site", stop: int = 0) -> None:
        steps = 0

        def progress(_step: str, _done: int, _total: int) -> None:
            nonlocal steps
            steps += 1
            if steps == stop:
                os._exit(9)

        publish_site(open_repository(self.top), None, self.place / out, now=NOW, progress=progress)

    def compare(self) -> None:
        """Build, and build cold beside it, where nothing is remembered."""
        Edits.compared += 1
        self.build()
        state, kept = self.top / ".git" / "versioner", self.place / "kept"
        state.rename(kept)
        try:
            self.build("cold")
        finally:
            shutil.rmtree(state, ignore_errors=True)
            kept.rename(state)
        site, cold = content(self.place / "site"), content(self.place / "cold")
        shutil.rmtree(self.place / "cold")
        assert sorted(site) == sorted(cold)
        assert [path for path in cold if site[path] != cold[path]] == []

    def ids(self) -> list[str]:
        registry = load_registry(snapshot_at(open_repository(self.top), "HEAD"))
        return [each["id"] for name in sorted(registry.products)
                for each in registry.products[name].deployment_events]  # fmt: skip

    def chosen(self, number: int) -> str:
        ids = self.ids()
        return ids[number % len(ids)] if ids else "none"

    @rule(
        product=PRODUCTS, environment=ENVIRONMENTS, status=STATUSES, version=st.integers(1, 6),
        month=st.integers(1, 11), day=st.integers(1, 21), year=st.sampled_from([2024, 2025, 2026]),
        instance=st.sampled_from(["", "", "eu", "us"]),
    )  # fmt: skip
    def record(
        self, product: str, environment: str, status: str, version: int, month: int, day: int,
        year: int, instance: str,
    ) -> None:  # fmt: skip
        self.number += 1
        at = f"{year}-{month:02}-{day:02}T10:00:{self.number % 60:02}Z"
        line = ["track", "deployment", "--local", "--product", product, "--status", status]
        line += ["--environment", environment, "--version", f"{version}.0", "--at", at]
        self.run(*line, *(["--instance", instance] if instance else []))
        self.compare()

    @rule(
        product=PRODUCTS, version=st.integers(1, 6), notes=st.text("abc <&", min_size=1, max_size=9)
    )
    def build_version(self, product: str, version: int, notes: str) -> None:
        line = ["track", "build", "--local", "--product", product, "--version", f"{version}.0"]
        self.run(*line, "--notes", notes)
        self.compare()

    @rule(number=NUMBERS)
    def void(self, number: int) -> None:
        self.run("deployment", "void", self.chosen(number), "--reason", "a mistake")
        self.compare()

    @rule(number=NUMBERS)
    def redact(self, number: int) -> None:
        self.run("deployment", "redact", self.chosen(number), "deployed_by")
        self.compare()

    @rule(product=PRODUCTS, words=WORDS)
    def edit_product(self, product: str, words: str) -> None:
        self.run("product", "edit", product, "--set", f"description={words}x")
        self.compare()

    @rule(old=PRODUCTS, new=PRODUCTS)
    def rename_product(self, old: str, new: str) -> None:
        self.run("product", "rename", old, new)
        self.compare()

    @rule(product=PRODUCTS)
    def delete_product(self, product: str) -> None:
        self.run("product", "delete", product, "--yes", "--force")
        self.compare()

    @rule(product=PRODUCTS)
    def restore_product(self, product: str) -> None:
        self.run("product", "restore", product)
        self.compare()

    @rule(old=ENVIRONMENTS, new=ENVIRONMENTS)
    def merge_environments(self, old: str, new: str) -> None:
        self.run("environment", "merge", old, "--into", new)
        self.compare()

    @rule(old=ENVIRONMENTS, new=ENVIRONMENTS)
    def rename_environment(self, old: str, new: str) -> None:
        self.run("environment", "rename", old, new)
        self.compare()

    @rule(environment=ENVIRONMENTS, hours=st.integers(1, 2000))
    def edit_environment(self, environment: str, hours: int) -> None:
        self.run("environment", "edit", environment, "--set", f'stale_after="{hours}h"')
        self.compare()

    @rule(before=st.sampled_from(["2024-06", "2025-03", "2026-01", "2026-10"]))
    def archive(self, before: str) -> None:
        self.run("archive", "--before", before)
        self.compare()

    @rule(number=st.integers(0, 9))
    def change_configuration(self, number: int) -> None:
        path = self.top / "registry" / "registry.yaml"
        lines = [line for line in path.read_text().splitlines() if not line.startswith("title:")]
        path.write_text("\n".join([*lines, f'title: "Releases {number}"', ""]))
        self.git("commit", "-qam", "Change the title", "--allow-empty")
        self.compare()

    @rule(number=st.integers(0, 9), name=st.sampled_from(["about.html", "product.html"]))
    def change_template(self, number: int, name: str) -> None:
        found = sorted(TEMPLATES.rglob(name))
        if not found:
            return
        target = self.top / "site_templates" / found[0].relative_to(TEMPLATES)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(found[0].read_text() + f"{{# {number} #}}\n")
        self.git("add", "-A")
        self.git("commit", "-qm", "Change a template", "--allow-empty")
        self.compare()

    @rule(back=st.integers(1, 4))
    def switch_branch(self, back: int) -> None:
        commits = int(self.git("rev-list", "--count", "--first-parent", "HEAD"))
        self.git("checkout", "-q", "-B", f"b{back}", f"HEAD~{min(back, commits - 2)}")
        self.compare()

    @rule()
    def return_to_main(self) -> None:
        self.git("checkout", "-q", "main")
        self.compare()

    @rule()
    def revert(self) -> None:
        if int(self.git("rev-list", "--count", "--first-parent", "HEAD")) < 3:
            return
        self.git("revert", "--no-edit", "HEAD")
        self.compare()

    @precondition(lambda self: self.index.exists())
    @rule(number=NUMBERS, way=st.sampled_from(["cut", "page", "gone", "foreign"]))
    def damage_index(self, number: int, way: str) -> None:
        data = bytearray(self.index.read_bytes())
        at = number % max(len(data), 1)
        if way == "cut":
            del data[at:]
        elif way == "page":
            start = at // 4096 * 4096
            data[start : start + 4096] = bytes(len(data[start : start + 4096]))
        elif way == "foreign":
            data[:] = b"something else"
        self.index.unlink()
        if way != "gone":
            self.index.write_bytes(data)
        self.compare()

    @property
    def index(self) -> Path:
        return self.top / ".git" / "versioner" / "index.sqlite"

    @rule(stop=st.integers(1, 40), title=st.integers(10, 19))
    def kill_build(self, stop: int, title: int) -> None:
        self.git("commit", "-q", "--allow-empty", "-m", f"Nothing {title}")
        child = os.fork()
        if child == 0:
            try:
                self.build(stop=stop)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        self.compare()


def content(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def test_a_build_after_each_random_edit_is_a_cold_one(
    tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    make_registry(tmp_path / "template" / "registry")
    Edits.template, Edits.folder = tmp_path / "template" / "registry", tmp_path
    run_state_machine_as_test(
        Edits,
        settings=settings(
            settings.default,
            max_examples=scale(1, 10),
            stateful_step_count=scale(8, 30),
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Edits.compared >= scale(3, 100)
