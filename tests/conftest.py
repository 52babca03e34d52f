"""What every test shares: the `--full` option, and git isolated from whoever runs the tests."""

from __future__ import annotations

import gc
import gzip
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from versioner.ci.presence import ALSO_PRESENT, PRESENT

if TYPE_CHECKING:
    from collections.abc import Callable

# Else each of the thousands of processes that tests start would compile the tool's modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

pytest_plugins = ("tests.fixtures.registries", "tests.fixtures.recorder")

# The variables by which a CI system is known, for the tests may run in one.
MARKS = (*PRESENT.values(), *(mark for _, marks in ALSO_PRESENT for mark in marks))
PRESENCE = {"CI", *(mark.partition("=")[0] for mark in MARKS)}

# By default, one variant in this number runs of each test marked `sampled`.
SAMPLE = 8


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full", action="store_true", help="run the large counts that the documentation quotes"
    )
    parser.addoption(
        "--variants",
        choices=["sample", "rest", "all"],
        help="of tests marked `sampled`: one variant in eight (the default), the others and the "
        "tests marked `thorough`, or all (the default with --full, and where a test is named)",
    )


def pytest_configure(config: pytest.Config) -> None:
    # Collecting makes hundreds of thousands of objects which live to the end.
    gc.set_threshold(100_000, 20, 20)
    # The small tier must say the same of the same commit each time; the full one goes searching.
    settings.register_profile("small", derandomize=True, deadline=None)
    settings.register_profile("full", deadline=None, print_blob=True)
    settings.load_profile("full" if config.getoption("--full") else "small")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of tests marked `sampled` or `thorough`, choose what runs: see --variants."""
    named = any("::" in str(each) for each in config.args)
    wanted = config.getoption("--variants")
    if wanted is None:
        wanted = "all" if named or config.getoption("--full") else "sample"
    if wanted == "all":
        return
    sample = in_sample(items)
    if wanted == "sample":
        chosen = [item for item in items if sample.get(item, True)]
    else:
        chosen = [item for item in items if not sample.get(item, True)]
    left_out = set(items) - set(chosen)
    items[:] = chosen
    config.hook.pytest_deselected(items=list(left_out))


def pytest_collection_finish() -> None:
    # No search for garbage looks at what was collected.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def in_sample(items: list[pytest.Item]) -> dict[pytest.Item, bool]:
    """Return for each variant of a test marked `sampled` whether it is in the sample.

    A test marked `thorough` is not.
    The sample is a diagonal, so that of several ways times many faults each way meets some faults.
    """
    variants: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("sampled"):
            variants.setdefault(item.nodeid.partition("[")[0], []).append(item)
    found = {
        item: number % SAMPLE == number // SAMPLE % SAMPLE
        for many in variants.values()
        for number, item in enumerate(many)
    }
    found.update((item, False) for item in items if item.get_closest_marker("thorough"))
    return found


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """Choose a count: the small one, or with `--full` the large one."""
    full = request.config.getoption("--full")
    return lambda small, large: large if full else small


@pytest.fixture(scope="session")
def real_rows_file(
    tmp_path_factory: pytest.TempPathFactory, scale: Callable[[int, int], int]
) -> Path:
    """Return a file of the real deployments: of every eighth product, or with `--full` of all.

    The environment variable VERSIONER_REAL_DATA names the folder of the real deployments.
    """
    folder = os.environ.get("VERSIONER_REAL_DATA")
    if not folder:
        pytest.skip("VERSIONER_REAL_DATA does not say where the real deployments are")
    path = Path(folder)
    source = next(path.glob("*.csv.gz")) if path.is_dir() else path
    step = scale(8, 1)
    if step == 1:
        return source
    with gzip.open(source, "rt", encoding="utf-8", newline="") as lines:
        heading, *rows = lines
    kept = set(sorted({row.split(",")[1] for row in rows})[::step])
    target = tmp_path_factory.mktemp("real") / "rows.csv.gz"
    with gzip.open(target, "wt", encoding="utf-8", newline="") as file:
        file.writelines([heading, *(row for row in rows if row.split(",")[1] in kept)])
    return target


@pytest.fixture(scope="session", autouse=True)
def isolated_git(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give git and the tool an empty home, one identity, and no word of a surrounding CI job."""
    home: Path = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Test Engineer\n\temail = engineer@example.test\n"
        "[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n",
        encoding="utf-8",
    )
    for name in list(os.environ):
        surrounding = name.startswith(("GIT_", "VERSIONER_", "GITHUB_", "CI_", "GITLAB_", "BUILD_"))
        if name in PRESENCE or (surrounding and name != "VERSIONER_REAL_DATA"):
            del os.environ[name]
    os.environ.update(
        HOME=str(home),
        XDG_CONFIG_HOME=str(home / ".config"),
        XDG_CACHE_HOME=str(home / ".cache"),
        GIT_CONFIG_NOSYSTEM="1",
        GIT_CONFIG_GLOBAL=str(home / ".gitconfig"),
    )
