"""A build makes what changed alone, and leaves the folder as a cold build would make it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

from tests.builders import NOW
from versioner.git.repository import open_repository
from versioner.site.publish import publish_site

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.site.build import BuildReport

pytestmark = pytest.mark.slow

PRODUCTS = Path("registry/products")


def git(top: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=top, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def event(product: str, number: int, month: str = "2026-11", **more: str) -> str:
    given = {"environment": "production", "version": f"v{number}", "status": "completed", **more}
    fields = ", ".join(f'{key}: "{value}"' for key, value in given.items() if value)
    at = f"{month}-{1 + number % 27:02d}T{number % 24:02d}:00:00Z"
    return f'- {{at: "{at}", {fields}, id: "{product}-{month}-{number}"}}\n'


def append(top: Path, product: str, *lines: str, month: str = "2026-11") -> None:
    path = top / PRODUCTS / product / "deployments" / f"{month}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        log.writelines(lines)


def write(top: Path, path: str, text: str) -> None:
    (top / path).parent.mkdir(parents=True, exist_ok=True)
    (top / path).write_text(text, encoding="utf-8")


def commit(top: Path, minute: int) -> None:
    git(top, "add", "-A", "registry", "site_templates")
    at = f"2026-11-28T10:{minute:02d}:00Z"
    done = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    subprocess.run(
        ["git", "commit", "-qm", f"Change {minute}"], cwd=top, check=True, env=os.environ | done
    )


@pytest.fixture
def top(tmp_path: Path) -> Path:
    top = tmp_path / "clone"
    top.mkdir()
    git(top, "init", "-q")
    write(top, "registry/registry.yaml", 'schema_version: 1\ntitle: "Registry"\n')
    write(top, "site_templates/README.md", "nothing yet\n")
    for name in ("staging", "production"):
        write(top, f"registry/environments/{name}.yaml", f'name: "{name}"\n')
    for product in ("a", "b", "c", "d"):
        text = f'name: "{product}"\ntitle: "Product {product}"\n'
        write(top, str(PRODUCTS / product / "product.yaml"), text)
        for month in ("2026-09", "2026-10", "2026-11"):
            lines = [event(product, number, month) for number in range(4)]
            append(top, product, *lines, month=month)
    append(top, "b", *(event("b", number, "2026-08") for number in range(450)), month="2026-08")
    write(top, str(PRODUCTS / "d" / "product.yaml"), 'name: "d"\ndepends_on: ["a"]\n')
    commit(top, 0)
    return top


def build(top: Path, out: Path, *, fresh: bool = False) -> BuildReport:
    return publish_site(
        open_repository(top), None, out, base_url="https://x.test/", fresh=fresh, now=NOW
    )


def content(out: Path) -> dict[str, bytes]:
    files = [path for path in out.rglob("*") if path.is_file()]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


def cold(top: Path) -> dict[str, bytes]:
    """Return the files of a build that remembers nothing."""
    state, aside = top / ".git" / "versioner", top / ".git" / "aside"
    state.rename(aside)
    out = top.with_name("cold")
    try:
        build(top, out)
        return content(out)
    finally:
        shutil.rmtree(out)
        shutil.rmtree(state)
        aside.rename(state)


def test_each_change_leaves_the_folder_as_a_cold_build_does(top: Path) -> None:
    out = top.with_name("out")
    build(top, out)
    changes: list[Callable[[], object]] = [
        lambda: append(top, "a", event("a", 20)),
        lambda: append(top, "c", event("c", 21, "2026-09", status="failed"), month="2026-09"),
        lambda: append(top, "a", event("a", 22, status="started", environment="staging")),
        lambda: append(
            top,
            "b",
            '- {at: "2026-11-27T00:00:00Z", reason: "wrong", voids: "b-2026-11-2", id: "void-1"}\n',
        ),
        lambda: write(top, str(PRODUCTS / "a" / "product.yaml"), 'name: "a"\ntitle: "New"\n'),
        lambda: write(
            top, "registry/environments/staging.yaml", 'name: "staging"\nstale_after: "1h"\n'
        ),
        lambda: write(top, "registry/registry.yaml", 'schema_version: 1\ntitle: "Other"\n'),
        lambda: append(top, "a", event("a", 23, status="undeployed", version="")),
        lambda: shutil.rmtree(top / PRODUCTS / "c"),
        lambda: write(top, "site_templates/month.html", "{% extends 'versioner:month.html' %}\n"),
        lambda: git(top, "checkout", "-q", "HEAD~3", "--", "registry"),
    ]
    for minute, change in enumerate(changes, 1):
        change()
        if minute < 4:
            # First as a change that is not committed: no commit recorded its events yet.
            build(top, out)
            assert content(out) == cold(top), minute
        commit(top, minute)
        build(top, out)
        assert content(out) == cold(top), minute


def test_one_event_makes_few_files_and_nothing_of_other_products(top: Path) -> None:
    out = top.with_name("out")
    whole = build(top, out)
    append(top, "a", event("a", 20))
    commit(top, 1)
    before = content(out)
    report = build(top, out)
    after = content(out)
    changed = {path for path in after if after[path] != before.get(path)}
    assert report.pages == whole.pages
    # The most are of all products: their number does not depend on that of the products.
    assert report.written == len(changed - {".versioner-site.json"}) < 45
    assert {path.split("/")[1] for path in changed if path.startswith("products/")} == {
        "a",
        "index.html",
    }
    again = build(top, out)
    assert (again.written, again.rendered) == (0, 0)


def test_the_first_event_of_a_month_makes_the_last_page_alone_of_the_month_before(
    top: Path,
) -> None:
    append(top, "b", *(event("b", 100 + number) for number in range(450)))
    commit(top, 1)
    out = top.with_name("out")
    build(top, out)
    before = content(out)
    append(top, "a", event("a", 0, "2026-12"), month="2026-12")
    commit(top, 2)
    with Opened(out) as opened:
        build(top, out)
    after = content(out)
    assert after == cold(top)
    last = "deployments/2026-11-2.html"
    assert before[last] != after[last]
    # A page that is made is compared with its file.
    assert "deployments/2026-11.html" not in opened.paths
    assert "environments/production/2026-11.html" not in opened.paths


class Opened:
    """The files that this process opens while it is a context, below a folder."""

    _all: ClassVar[list[str] | None] = None
    _is_hooked = False

    def __init__(self, top: Path) -> None:
        self.top = f"{top}/"
        self.paths: list[str] = []

    def __enter__(self) -> Opened:
        if not Opened._is_hooked:
            sys.addaudithook(Opened._note)
            Opened._is_hooked = True
        Opened._all = []
        return self

    def __exit__(self, *_: object) -> None:
        found, Opened._all = Opened._all or [], None
        self.paths = [each.removeprefix(self.top) for each in found if each.startswith(self.top)]

    @staticmethod
    def _note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and Opened._all is not None:
            Opened._all.append(os.fspath(arguments[0]) if isinstance(arguments[0], str) else "")


def work_after_one_event(folder: Path, number: int) -> tuple[BuildReport, list[str]]:
    """Return what a build after one event does in a registry of so many products.

    That is its report, and the files that it opens.
    """
    top = folder / "clone"
    top.mkdir(parents=True)
    git(top, "init", "-q")
    write(top, "registry/registry.yaml", 'schema_version: 1\ntitle: "Registry"\n')
    write(top, "site_templates/README.md", "nothing yet\n")
    write(top, "registry/environments/production.yaml", 'name: "production"\n')
    for product in (f"p{each:03}" for each in range(number)):
        write(top, str(PRODUCTS / product / "product.yaml"), f'name: "{product}"\n')
        for month in ("2026-10", "2026-11"):
            append(top, product, event(product, 1, month), month=month)
    for path in (top / "registry").rglob("*"):
        # Git knows files of some time ago by their times, and does not read them again.
        os.utime(path, (1_700_000_000, 1_700_000_000))
    commit(top, 0)
    out = folder / "out"
    build(top, out)
    for minute in (1, 2):
        append(top, "p007", event("p007", 20 + minute))
        commit(top, minute)
        with Opened(folder) as opened:
            report = build(top, out)
    own = (path.split("/") for path in opened.paths if path.startswith(f"clone/{PRODUCTS}/"))
    assert {parts[3] for parts in own if len(parts) > 4} == {"p007"}
    return report, opened.paths


def test_the_work_after_one_event_does_not_grow_with_the_products(tmp_path: Path) -> None:
    (few, opened), (many, opened_of_many) = (
        work_after_one_event(tmp_path / str(number), number) for number in (20, 200)
    )
    assert many.unchanged > 5 * few.unchanged
    assert (many.written, many.rendered) == (few.written, few.rendered)
    assert few.written < 45
    assert sorted(opened_of_many) == sorted(opened)
    assert few.rendered < len(opened) < 150


@pytest.mark.parametrize("harm", ["removed", "altered", "linked"])
def test_a_file_that_was_harmed_is_made_again(top: Path, harm: str) -> None:
    out = top.with_name("out")
    build(top, out)
    before = content(out)
    for path in ("products/b/2026-09.html", "badges/c/production.svg", "deployments/2026-10.html"):
        (out / path).unlink()
        if harm == "altered":
            (out / path).write_bytes(before[path].replace(b"a", b"b"))
        if harm == "linked":
            (out / path).symlink_to(out / "index.html")
    build(top, out)
    assert content(out) == before
    assert not any(path.is_symlink() for path in out.rglob("*"))


def test_a_harmed_month_of_a_product_that_changed_is_made_again(top: Path) -> None:
    out = top.with_name("out")
    build(top, out)
    for minute in (1, 2):
        # After the first event, the keys of the months are known.
        append(top, "b", event("b", 20 + minute))
        commit(top, minute)
        if minute == 2:
            (out / "products/b/2026-09.html").write_text("mine")
            (out / "api/v1/products/b/2026-08.json").unlink()
            (out / "tables/b/2026-10.csv").rename(out / "tables/b/2026-07.csv")
        build(top, out)
    (out / "tables/b/2026-07.csv").unlink()
    assert content(out) == cold(top)


def test_a_fresh_build_finds_what_was_written_into_a_file(top: Path) -> None:
    out = top.with_name("out")
    build(top, out)
    before = content(out)
    for path in ("products/b/2026-09.html", "badges/c/production.svg", "deployments/2026-10.html"):
        (out / path).write_bytes(before[path].replace(b"a", b"b"))
    build(top, out, fresh=True)
    assert content(out) == before


@pytest.mark.parametrize("at", [0, 100, 5000, 20000])
def test_a_damaged_state_costs_time_only(top: Path, at: int) -> None:
    out = top.with_name("out")
    build(top, out)
    before = content(out)
    path = top / ".git" / "versioner" / "site.sqlite"
    data = path.read_bytes()
    assert len(data) > at
    path.write_bytes(data[:at] + b"\xff" * 5000 + data[at + 5000 :])
    append(top, "a", event("a", 20))
    build(top, out)
    assert content(out) == cold(top) != before


def test_an_event_writes_the_page_of_its_person_and_of_no_other(top: Path) -> None:
    append(top, "a", event("a", 5, deployed_by="jane"), event("a", 6, deployed_by="Omar K"))
    append(top, "b", event("b", 7, "2026-10", deployed_by="jane"), month="2026-10")
    commit(top, 1)
    out = top.with_name("out")
    build(top, out)
    before = content(out)
    append(top, "c", event("c", 8, deployed_by="jane"))
    commit(top, 2)
    build(top, out)
    after = content(out)
    people = {path for path in after if "people/" in path}
    assert sum(path.endswith(".html") for path in people) == 3
    assert {path for path in people if before.get(path) != after[path]} == {
        "people/index.html", "people/jane/index.html", "api/v1/people/jane/index.json",
    }  # fmt: skip
    assert after == cold(top)
