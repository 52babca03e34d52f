"""The README and the pages of versioner/docs: the tour runs, the tables agree with the tool."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tool import PATIENCE, PROJECT, environment
from versioner import errors
from versioner.cli.main import COMMANDS
from versioner.validation.codes import CODES

if TYPE_CHECKING:
    from pathlib import Path

    import click

pytestmark = pytest.mark.slow


README = "README.md"
COMMAND_PAGE = "versioner/docs/commands.md"
ERROR_PAGE = "versioner/docs/exit-codes-and-errors.md"
FILE_PAGE = "versioner/docs/registry-files.md"
PERFORMANCE_PAGE = "versioner/docs/performance.md"


@cache
def text_of(page: str) -> str:
    return (PROJECT / page).read_text("utf-8")


def section(page: str, title: str) -> str:
    """Return the text under a heading of a page, up to the next heading of its level or above."""
    level = len(title.partition(" ")[0])
    body = text_of(page).partition(f"\n{title}\n")[2]
    assert body, title
    lines: list[str] = []
    fenced = False
    for line in body.splitlines(keepends=True):
        # In a fence, `#` begins a comment of the shell.
        fenced ^= line.startswith("```")
        if not fenced and re.match(rf"#{{1,{level}}} ", line):
            break
        lines.append(line)
    return "".join(lines)


def table(page: str, title: str) -> list[list[str]]:
    """Return the cells of the first table under a heading, without its head."""
    found = re.search(r"(?:^\|.*\n)+", section(page, title), re.MULTILINE)
    assert found, title
    lines = found[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def tour() -> str:
    found = re.search(r"<!-- tour -->\n```sh\n(.*?)```", text_of(README), re.DOTALL)
    assert found
    return found[1]


def install(folder: Path) -> None:
    """Put a `versioner` on the path, as an installation of this project does."""
    folder.mkdir()
    script = folder / "versioner"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nfrom versioner.__main__ import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)


def test_each_command_of_the_tour_works_in_an_empty_folder(tmp_path: Path) -> None:
    install(tmp_path / "bin")
    empty = tmp_path / "empty"
    empty.mkdir()
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    where = str(empty)
    ran = []
    for line in tour().splitlines():
        if not line or line.startswith("#"):
            continue
        # Each by itself, so that a failure names its line; `cd` lasts, as in a shell.
        done = run_line(line, where, path)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        *_, where = done.stdout.splitlines()
        ran.append(line)
    assert sum(line.startswith("versioner ") for line in ran) >= 10
    assert (empty / "site" / "index.html").is_file()


def run_line(line: str, where: str, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f"{line}\nsaid=$?; pwd; exit $said"],
        cwd=where, env={**environment(), "PATH": path}, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False,
    )  # fmt: skip


def test_the_tour_shows_a_line_as_the_tool_writes_it() -> None:
    found = re.search(r"```yaml\n(.*?)```", section(README, "## Five-minute tour"), re.DOTALL)
    assert found
    from versioner.serialization.log import read_canonical

    assert read_canonical("deployment", found[1].encode())


def test_the_error_codes_are_those_of_the_tool_in_its_words() -> None:
    written = {code.strip("`"): meaning for code, meaning in table(ERROR_PAGE, "## Error codes")}
    assert written == CODES


def test_the_exit_codes_are_those_of_the_errors() -> None:
    written = {int(code) for code, _ in table(ERROR_PAGE, "## Exit codes")}
    classes = [each for name in errors.__all__ if isinstance(each := vars(errors)[name], type)]
    assert len(classes) == len(errors.__all__) - 1, "all but quoted()"
    assert written == {0, *(each.exit_code for each in classes)}


def test_every_command_and_subcommand_is_in_the_commands_table() -> None:
    written = " ".join(what for what, _ in table(COMMAND_PAGE, "## Commands"))
    for commands in COMMANDS.values():
        for name in commands:
            command = _command(name)
            for subcommand in getattr(command, "commands", {"": command}):
                row = f"{name} {subcommand}".strip()
                assert _is_named(name, subcommand, written), f"{row} is not in the table"


def _command(name: str) -> click.Command:
    import click

    from versioner.cli.main import cli

    found = cli.get_command(click.Context(cli), name)
    assert found
    return found


def _is_named(name: str, subcommand: str, written: str) -> bool:
    if not subcommand:
        return re.search(rf"`{name}\b", written) is not None
    rows = re.findall(rf"`{name} ([^`]*)`", written)
    return any(subcommand in re.split(r"[,\s]+", row) for row in rows)


@pytest.mark.parametrize("page", [README, COMMAND_PAGE])
def test_every_command_of_the_table_exists(page: str) -> None:
    known = {name for commands in COMMANDS.values() for name in commands}
    for what, _ in table(page, "## Commands"):
        for row in re.findall(r"`([a-z]+)([^`]*)`", what):
            assert row[0] in known, row


def test_every_command_is_in_the_short_table_of_the_readme() -> None:
    written = {name for what, _ in table(README, "## Commands") for name in what.split("`")[1::2]}
    assert written == {name for commands in COMMANDS.values() for name in commands}


@pytest.mark.parametrize(
    ("title", "schema"),
    [
        ("## Keys of `registry.yaml`", "registry"),
        ("## Keys of an environment", "environment"),
        ("## Keys of a product", "product"),
    ],
)
def test_the_documented_keys_are_those_of_the_schema(title: str, schema: str) -> None:
    import json

    found = json.loads((PROJECT / "schemas" / f"{schema}.schema.json").read_text("utf-8"))
    written = {
        key for what, *_ in table(FILE_PAGE, title) for key in re.findall(r"`([a-z_]+)`", what)
    }
    assert written == found["properties"].keys()


def test_the_figures_of_the_readme_are_those_of_the_performance_page() -> None:
    figures = re.findall(r"\d[\d.,]* m?s\b|\b\d\.\d\d\b", section(README, "## Performance"))
    assert len(figures) >= 5
    assert [each for each in figures if each not in text_of(PERFORMANCE_PAGE)] == []
