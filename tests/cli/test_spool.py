"""versioner spool: what waits on this machine is listed, and goes where it may."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from tests.operations.spooled import URL, entry
from versioner.cli.boundary import run
from versioner.cli.spool_folder import spool_folder
from versioner.operations.spooling import MARK, Spool

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "ghp_" + "A1b2C3d4E5" * 4


@pytest.fixture
def spool(tmp_path, monkeypatch) -> Spool:
    monkeypatch.setenv("VERSIONER_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("COLUMNS", "160")
    return Spool(tmp_path / "spool")


@pytest.fixture
def versioner(capsys):
    """Run the command line; return its exit code and what it printed."""

    def versioner(*arguments):
        capsys.readouterr()
        code = run(["spool", *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return versioner


def feed(monkeypatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


# ---- where it is


def places(tmp_path: Path, **variables: str) -> dict[str, str]:
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "tmp").mkdir(exist_ok=True)
    return {"TMPDIR": str(tmp_path / "tmp"), **variables}


def test_the_folder_is_the_one_that_is_named(tmp_path):
    named = places(tmp_path, VERSIONER_SPOOL=str(tmp_path / "mine"), HOME=str(tmp_path / "home"))
    assert spool_folder(named) == tmp_path / "mine"


def test_else_it_is_where_programs_keep_their_state(tmp_path):
    home = places(tmp_path, HOME=str(tmp_path / "home"))
    usual = tmp_path / "home" / ".local" / "state" / "versioner" / "spool"
    assert spool_folder(home) == usual
    state = {**home, "XDG_STATE_HOME": str(tmp_path / "state")}
    assert spool_folder(state) == tmp_path / "state" / "versioner" / "spool"
    assert spool_folder({**home, "XDG_STATE_HOME": "relative"}) == usual
    assert not list(tmp_path.rglob("versioner"))


@pytest.mark.parametrize("home", [None, "", "relative", "/nonexistent", "/dev/null", "\0"])
def test_without_a_home_it_is_a_folder_of_ones_own_among_the_temporary(tmp_path, home):
    given = places(tmp_path, **({} if home is None else {"HOME": home}))
    assert spool_folder(given) == tmp_path / "tmp" / f"versioner-{os.geteuid()}" / "spool"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_home_or_a_temporary_folder_of_somebody_else_is_not_used(tmp_path):
    given = places(tmp_path, HOME=str(tmp_path / "home"))
    os.chown(tmp_path / "home", 12345, 12345)
    ours = tmp_path / "tmp" / "versioner-0"
    assert spool_folder(given) == ours / "spool"
    ours.mkdir()
    os.chown(ours, 12345, 12345)
    found = spool_folder(given)
    assert found is None or ours not in found.parents


def test_the_temporary_folder_of_everybody_will_do(tmp_path):
    given = places(tmp_path)
    (tmp_path / "tmp").chmod(0o1777)
    folder = spool_folder(given)
    Spool(folder).keep(entry())
    for made in (folder, folder.parent):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700


# ---- list


def test_nothing_waits_where_no_folder_is(spool, versioner):
    assert versioner("list") == (0, f"Nothing waits in {spool.folder}.\n", "")
    assert not spool.folder.exists()


def test_what_waits_what_was_refused_and_what_cannot_be_read_is_listed(spool, versioner):
    spool.keep(entry(1, reason="no route to \x1b[31mhost ::error::x"))
    spool.keep(entry(2))
    spool.set_aside(entry(2), "the product was deleted")
    (spool.folder / "\x1b[2J").write_text("x", encoding="ascii")
    code, out, err = versioner("list")
    assert (code, err) == (0, "")
    assert "Waiting (1 event)" in out
    assert "user-service 1.4.0 to production (completed)" in out
    assert "Refused (1 event)" in out
    assert "the product was deleted" in out
    assert "it is not named as an event is" in out
    assert "\x1b" not in out
    assert "::error" not in out


def test_as_json_all_of_it_is_told(spool, versioner):
    spool.keep(entry(1, reason="no network"))
    code, out, _ = versioner("list", "--output", "json")
    found = json.loads(out)
    assert code == 0
    assert set(found) == {"folder", "waiting", "queued", "refused", "unreadable"}
    (waiting,) = found["waiting"]
    assert (waiting["line"], waiting["reason"]) == (entry(1).line, "no network")
    assert (waiting["repo"], waiting["product"]) == (URL, "user-service")


# ---- send


def test_nothing_to_send_is_no_fault(spool, versioner):
    assert versioner("send") == (0, "Nothing waits to be sent.\n", "")


def test_lines_from_a_log_go_only_where_the_user_says(spool, versioner, monkeypatch):
    monkeypatch.delenv("VERSIONER_REPO", raising=False)
    feed(monkeypatch, f"{MARK}{entry().line}\n".encode())
    code, _, err = versioner("send", "-")
    assert code == 2
    assert "add --repo URL" in err


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the input holds no event"),
        (b"all went well\n\xff\n", "the input holds no event"),
        (f"ok\n{MARK}{entry().line[:-9]}\n".encode(), "line 2: the spool line is not JSON"),
        (f"{MARK}{entry().line}\n{{}}\n".encode(), "line 2: the spool line has the format"),
    ],
)
def test_an_input_that_holds_no_event_or_a_broken_one_is_not_sent(
    spool, versioner, monkeypatch, data, said
):
    feed(monkeypatch, data)
    code, out, err = versioner("send", "-", "--repo", "https://forge.example.com/r.git")
    assert (code, out) == (4, "")
    assert said in err
