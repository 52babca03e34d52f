"""The README says what is so: its tour runs, its tables are the tool's own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

from tests.acceptance.tool import PATIENCE, PROJECT, environment
from versioner import errors
from versioner.cli.main import COMMANDS
from versioner.validation.codes import CODES

if TYPE_CHECKING:
    from pathlib import Path

    import click


@cache
def readme() -> str:
    return (PROJECT / "README.md").read_text("utf-8")


def section(title: str) -> str:
    """Return what stands under a heading, up to the next of its level or above."""
    level = len(title.partition(" ")[0])
    body = readme().partition(f"\n{title}\n")[2]
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


def table(title: str) -> list[list[str]]:
    """Return the cells of the first table under a heading, without its head."""
    found = re.search(r"(?:^\|.*\n)+", section(title), re.MULTILINE)
    assert found, title
    lines = found[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def tour() -> str:
    found = re.search(r"<!-- tour -->\n```sh\n(.*?)```", readme(), re.DOTALL)
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
    found = re.search(r"```yaml\n(.*?)```", section("## Five minutes"), re.DOTALL)
    assert found
    from versioner.serialization.log import read_canonical

    assert read_canonical("deployment", found[1].encode())


def test_the_error_codes_are_those_of_the_tool_in_its_words() -> None:
    written = {code.strip("`"): meaning for code, meaning in table("### Error codes")}
    assert written == CODES


def test_the_exit_codes_are_those_of_the_errors() -> None:
    written = {int(code) for code, _ in table("### Exit codes")}
    classes = [vars(errors)[name] for name in errors.__all__]
    assert written == {0, *(each.exit_code for each in classes)}


def test_every_command_and_subcommand_is_in_the_commands_table() -> None:
    written = " ".join(what for what, _ in table("## Commands"))
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


def test_every_command_of_the_table_exists() -> None:
    known = {name for commands in COMMANDS.values() for name in commands}
    for what, _ in table("## Commands"):
        for row in re.findall(r"`([a-z]+)([^`]*)`", what):
            assert row[0] in known, row


def test_the_registry_keys_are_those_of_the_schema() -> None:
    import json

    schema = json.loads((PROJECT / "schemas" / "registry.schema.json").read_text("utf-8"))
    written = {
        key
        for what, *_ in table("## A registry of your own")
        for key in re.findall(r"`([a-z_]+)`", what)
    }
    assert written <= schema["properties"].keys()
    assert schema["properties"].keys() - written <= {"schema_version", "branch"}
