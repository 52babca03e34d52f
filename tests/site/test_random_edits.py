"""A site that is built again after each of many random edits is byte for byte a cold one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

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
    from collections.abc import Callable, Iterator

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
    """A clone, what is done to it, and its site that is built again after each step.

    Each step that took effect is looked for on the site, and counted by its kind in `seen`: an
    edit that does nothing would prove nothing.
    """

    template: Path
    folder: Path
    count = 0
    compared = 0
    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        Edits.count += 1
        self.place = self.folder / f"run-{Edits.count}"
        shutil.copytree(self.template.parent, self.place, symlinks=True)
        self.top = self.place / "registry"
        self.number = 0
        self.site: dict[str, bytes] = {}
        self.build()

    def teardown(self) -> None:
        shutil.rmtree(self.place)

    def run(self, *arguments: str) -> bool:
        """Run a command; return whether it did something. A refused one changes nothing."""
        before = self.git("rev-parse", "HEAD")
        with chdir(self.place):
            code = run([*arguments, "--repo", str(self.top)])
        assert code in (0, 1, 2, 4, 5), arguments
        changed = self.git("rev-parse", "HEAD") != before
        assert code == 0 or not changed, arguments
        return changed

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
        self.site = site
        assert json.loads(site["build.json"])["revision"] == self.git("rev-parse", "HEAD")

    def look(self, kind: str, words: str, under: str = "") -> None:
        """Assert that pages below a folder have some words, and count the edit."""
        needle = words.encode()
        found = [path for path, data in self.site.items() if needle in data]
        assert [path for path in found if path.startswith(under)], (kind, words)
        Edits.seen[kind] += 1

    def named(self, number: int) -> str:
        """Return the id of an event that the registry has, "none" where it has none."""
        registry = load_registry(snapshot_at(open_repository(self.top), "HEAD"))
        ids = [each["id"] for name in sorted(registry.products)
               for each in registry.products[name].deployment_events]  # fmt: skip
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
        line += ["--environment", environment, "--version", f"{version}.0", "--completed-at", at]
        line += ["--event-id", f"event-{self.number}", "--deployed-by", "jane"]
        changed = self.run(*line, *(["--instance", instance] if instance else []))
        self.compare()
        if changed and status not in ("completed", "failed"):
            self.look(f"record {status}", status, "products/")
        if changed and status == "failed":
            self.look("record failed", f'"d-event-{self.number}"', "products/")
        if changed and status == "completed":
            # One that closes a deployment has the row of that.
            self.look("record completed", f"{year}-{month:02}-{day:02}", "api/v1/products/")

    @rule(product=PRODUCTS, version=st.integers(1, 6))
    def build_version(self, product: str, version: int) -> None:
        self.number += 1
        notes = f"Notes <{self.number}>"
        line = ["track", "build", "--local", "--product", product, "--version", f"{version}.0"]
        changed = self.run(*line, "--notes", notes)
        self.compare()
        if changed:
            self.look("build", f"Notes &lt;{self.number}&gt;", "products/")

    @rule(number=NUMBERS)
    def void(self, number: int) -> None:
        self.number += 1
        reason = f"Mistake <{self.number}>"
        changed = self.run("deployment", "void", self.named(number), "--reason", reason)
        self.compare()
        if changed:
            self.look("void", f"Mistake &lt;{self.number}&gt;", "products/")

    @rule(number=NUMBERS)
    def redact(self, number: int) -> None:
        changed = self.run("deployment", "redact", self.named(number), "deployed_by")
        self.compare()
        if changed:
            self.look("redact", "redacted", "products/")

    @rule(product=PRODUCTS, words=WORDS)
    def edit_product(self, product: str, words: str) -> None:
        self.number += 1
        changed = self.run(
            "product", "edit", product, "--set", f"description={words}{self.number}x"
        )
        self.compare()
        if changed:
            self.look("edit product", f"{self.number}x", "products/")

    @rule(old=PRODUCTS, new=PRODUCTS)
    def rename_product(self, old: str, new: str) -> None:
        changed = self.run("product", "rename", old, new)
        self.compare()
        if changed:
            self.look("rename product", "has moved", f"products/{old}/index.html")
            assert b"has moved" not in self.site[f"products/{new}/index.html"]

    @rule(product=PRODUCTS)
    def delete_product(self, product: str) -> None:
        changed = self.run("product", "delete", product, "--yes", "--force")
        self.compare()
        if changed:
            self.look("delete product", "was deleted", "products/")

    @rule(product=PRODUCTS)
    def restore_product(self, product: str) -> None:
        changed = self.run("product", "restore", product)
        self.compare()
        if changed:
            self.look("restore product", f"versioner product delete {product}", "products/")

    @rule(old=ENVIRONMENTS, new=ENVIRONMENTS)
    def merge_environments(self, old: str, new: str) -> None:
        changed = self.run("environment", "merge", old, "--into", new)
        self.compare()
        if changed:
            self.look("merge environments", "has moved", f"environments/{old}/index.html")

    @rule(old=ENVIRONMENTS, new=ENVIRONMENTS)
    def rename_environment(self, old: str, new: str) -> None:
        changed = self.run("environment", "rename", old, new)
        self.compare()
        if changed:
            self.look("rename environment", "has moved", f"environments/{old}/index.html")

    @rule(environment=ENVIRONMENTS, hours=st.integers(1, 2000))
    def edit_environment(self, environment: str, hours: int) -> None:
        changed = self.run("environment", "edit", environment, "--set", f"stale_after={hours}h")
        self.compare()
        if changed:
            self.look("edit environment", f"<dd>{hours}h</dd>", "environments/")

    @rule(before=st.sampled_from(["2024-06", "2025-03", "2026-01", "2026-10"]))
    def archive(self, before: str) -> None:
        changed = self.run("archive", "--before", before)
        previous = self.site
        self.compare()
        if changed:
            # Readers see no difference: only the pages with the time of the build are others.
            assert list((self.top / "registry" / "products").glob("*/deployments/????.yaml"))
            self.look("archive", self.git("rev-parse", "HEAD"))
            months = [path for path in previous if path.startswith("deployments/20")]
            assert [path for path in months if self.site.get(path) != previous[path]] == []

    @rule(number=st.integers(0, 9))
    def change_configuration(self, number: int) -> None:
        path = self.top / "registry" / "registry.yaml"
        lines = [line for line in path.read_text().splitlines() if not line.startswith("title:")]
        path.write_text("\n".join([*lines, f'title: "Releases {number}"', ""]))
        self.git("commit", "-qam", "Change the title", "--allow-empty")
        self.compare()
        self.look("change configuration", f"Releases {number}", "products/")

    @rule(number=st.integers(0, 9), name=st.sampled_from(["about.html", "product.html"]))
    def change_template(self, number: int, name: str) -> None:
        target = self.top / "site_templates" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (TEMPLATES / name).read_text()
        assert "</h1>" in text
        target.write_text(text.replace("</h1>", f" mark {number}</h1>"))
        self.git("add", "-A")
        self.git("commit", "-qm", "Change a template", "--allow-empty")
        self.compare()
        if (
            name == "about.html"
            or load_registry(snapshot_at(open_repository(self.top), "HEAD")).products
        ):
            self.look("change template", f" mark {number}</h1>")

    @rule(back=st.integers(1, 4))
    def switch_branch(self, back: int) -> None:
        commits = int(self.git("rev-list", "--count", "--first-parent", "HEAD"))
        before = self.git("rev-parse", "HEAD")
        self.git("checkout", "-q", "-B", f"b{back}", f"HEAD~{max(min(back, commits - 2), 0)}")
        self.compare()
        if self.git("rev-parse", "HEAD") != before:
            self.look("switch branch", self.git("rev-parse", "HEAD"), "about/")

    @rule()
    def return_to_main(self) -> None:
        before = self.git("rev-parse", "HEAD")
        self.git("checkout", "-q", "main")
        self.compare()
        if self.git("rev-parse", "HEAD") != before:
            self.look("return to main", self.git("rev-parse", "HEAD"), "about/")

    @rule()
    def revert(self) -> None:
        # git makes no commit that reverts an empty one, such as that of a killed build.
        few = int(self.git("rev-list", "--count", "--first-parent", "HEAD")) < 3
        if few or not self.git("diff", "--name-only", "HEAD^", "HEAD"):
            return
        # The last commit may be an empty one, which `git revert` alone refuses to revert.
        self.git("revert", "--no-commit", "HEAD")
        self.git("commit", "-q", "--allow-empty", "-m", "Revert the last commit")
        self.compare()
        self.look("revert", self.git("rev-parse", "HEAD"), "about/")

    @precondition(lambda self: self.index.exists())
    @rule(number=NUMBERS, way=st.sampled_from(["cut", "page", "gone", "foreign"]))
    def damage_index(self, number: int, way: str) -> None:
        whole = self.index.read_bytes()
        data = bytearray(whole)
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
        if data != whole:
            assert self.index.read_bytes() != data
        Edits.seen["damage index"] += data != whole

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
        _, status = os.waitpid(child, 0)
        self.compare()
        Edits.seen["kill build"] += os.waitstatus_to_exitcode(status) == 9


# One edit of each kind, each of which takes effect on the registry of the test.
EACH = (
    lambda m: m.record("search", "test", "completed", 1, 3, 4, 2024, ""),
    lambda m: m.record("search", "staging", "failed", 2, 10, 5, 2026, "eu"),
    lambda m: m.record("search", "staging", "started", 3, 11, 6, 2026, ""),
    lambda m: m.record("search", "test", "undeployed", 1, 11, 7, 2026, ""),
    lambda m: m.build_version("user-service", 6),
    lambda m: m.void(0),
    lambda m: m.redact(1),
    lambda m: m.edit_product("user-service", "a < b"),
    lambda m: m.edit_environment("staging", 7),
    lambda m: m.archive("2026-10"),
    lambda m: m.rename_product("user-service", "user-accounts"),
    lambda m: m.delete_product("payment-api"),
    lambda m: m.restore_product("payment-api"),
    lambda m: m.rename_environment("test", "integration"),
    lambda m: m.merge_environments("integration", "staging"),
    lambda m: m.change_configuration(3),
    lambda m: m.change_template(1, "product.html"),
    lambda m: m.switch_branch(2),
    lambda m: m.return_to_main(),
    lambda m: m.revert(),
    lambda m: m.damage_index(3, "cut"),
    lambda m: m.kill_build(2, 10),
)  # fmt: skip
KINDS = {
    "record completed", "record failed", "record started", "record undeployed", "build", "void",
    "redact", "edit product", "rename product", "delete product", "restore product",
    "merge environments", "rename environment", "edit environment", "archive",
    "change configuration", "change template", "switch branch", "return to main", "revert",
    "damage index", "kill build",
}  # fmt: skip


def content(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def template(tmp_path: Path) -> Iterator[None]:
    make_registry(tmp_path / "template" / "registry")
    Edits.template, Edits.folder = tmp_path / "template" / "registry", tmp_path
    Edits.compared = 0
    Edits.seen.clear()
    yield


@pytest.mark.usefixtures("template")
def test_each_kind_of_edit_is_seen_on_a_site_that_is_a_cold_one() -> None:
    machine = Edits()
    for edit in EACH:
        edit(machine)
    assert set(Edits.seen) >= KINDS
    machine.teardown()


@pytest.mark.usefixtures("template")
def test_a_build_after_each_random_edit_is_a_cold_one(scale: Callable[[int, int], int]) -> None:
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
    # A short run may consist of refused edits; the test above has each kind.
    assert sum(Edits.seen.values()) >= scale(0, 100)
