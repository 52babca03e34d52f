"""versioner spool: what waits on this machine is listed, and goes where it may."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.spool_entries import URL, entry, share
from versioner.cli.commands.spool import named_registry
from versioner.cli.errors import run
from versioner.cli.spool_dir import spool_folder
from versioner.spool.codec import MARK
from versioner.spool.outcome import SendOutcome
from versioner.spool.send import token_for_host
from versioner.spool.store import Spool

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.spool.codec import SpoolEntry

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
    Spool(folder).add(entry())
    for made in (folder, folder.parent):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700


# ---- list


def test_nothing_waits_where_no_folder_is(spool, versioner):
    assert versioner("list") == (0, f"No events are waiting in {spool.folder}.\n", "")
    assert not spool.folder.exists()


def test_what_waits_what_was_refused_and_what_cannot_be_read_is_listed(spool, versioner):
    spool.add(entry(1, reason="no route to \x1b[31mhost ::error::x"))
    spool.add(entry(2))
    spool.set_aside(entry(2), "the product was deleted")
    (spool.folder / "\x1b[2J").write_text("x", encoding="ascii")
    code, out, err = versioner("list")
    assert (code, err) == (0, "")
    assert "Waiting (1 event)" in out
    assert "user-service 1.4.0 to production (completed)" in out
    assert "Refused (1 event)" in out
    assert "the product was deleted" in out
    assert "its name is not that of an event" in out
    assert "\x1b" not in out
    assert "::error" not in out


def test_an_event_for_a_registry_that_is_not_there_can_be_sent_elsewhere_and_ended(
    spool, versioner, forge, tmp_path, monkeypatch
):
    spool.add(waiting(1, url_of(tmp_path / "mistyped.git")))
    code, out, _ = versioner("send")
    assert code == 6
    assert "\n  check the URL" in out
    listed = versioner("list")[1]
    assert f"They are the files *.json in\n  {spool.folder}:\n" in listed
    (file,) = spool.folder.glob("*.json")
    feed(monkeypatch, file.read_bytes())
    assert versioner("send", "-", "--repo", url_of(forge))[0] == 0
    assert "kept-1" in recorded_in(forge)
    file.unlink()
    assert versioner("list")[1].startswith("No events are waiting")


def test_as_json_all_of_it_is_told(spool, versioner):
    spool.add(entry(1, reason="no network"))
    code, out, _ = versioner("list", "--output", "tsv")
    heading, *rows = (line.split("\t") for line in out.splitlines())
    assert heading[:3] == ["state", "key", "kept_at"]
    assert rows and all(len(row) == len(heading) for row in rows)
    code, out, _ = versioner("list", "--output", "json")
    found = json.loads(out)
    assert code == 0
    assert set(found) == {"folder", "waiting", "queued", "refused", "unreadable"}
    (waiting,) = found["waiting"]
    assert (waiting["line"], waiting["reason"]) == (entry(1).line, "no network")
    assert (waiting["repo"], waiting["product"]) == (URL, "user-service")


# ---- send


def test_nothing_to_send_is_no_fault(spool, versioner):
    assert versioner("send") == (0, "No events are waiting to be sent.\n", "")


def test_lines_from_a_log_go_only_where_the_user_says(spool, versioner, monkeypatch):
    monkeypatch.delenv("VERSIONER_REPO", raising=False)
    feed(monkeypatch, f"{MARK}{entry().line}\n".encode())
    code, _, err = versioner("send", "-")
    assert code == 2
    assert "add --repo URL" in err


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the input has no event"),
        (b"all went well\n\xff\n", "the input has no event"),
        (f"ok\n{MARK}{entry().line[:-9]}\n".encode(), "line 2: the spool line is not JSON"),
        (f"ok\n{{}}\n{MARK}{{\n".encode(), "line 2: the spool line has the format"),
    ],
)
def test_an_input_that_holds_no_event_or_a_broken_one_is_not_sent(
    spool, versioner, monkeypatch, data, said
):
    feed(monkeypatch, data)
    code, out, err = versioner("send", "-", "--repo", "https://forge.example.com/r.git")
    assert (code, out) == (4, "")
    assert said in err


@pytest.fixture
def forge(pristine, tmp_path) -> Path:
    """Return a bare repository of a registry, as a forge has it."""
    bare = tmp_path / "forge.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(pristine), str(bare)], check=True)
    return bare


def url_of(bare: Path) -> str:
    return f"file://{bare}"


def recorded_in(bare: Path) -> list[str]:
    """Return the ids of all deployment events on the branch."""
    grep = ["git", "grep", "-h", "-o", 'id: "[^"]*"', "main", "--", "*/deployments/*.yaml"]
    out = subprocess.run(grep, cwd=bare, check=True, capture_output=True, text=True).stdout
    return [line[5:-1] for line in out.splitlines()]


def waiting(number: int, repo: str, **changes) -> SpoolEntry:
    return entry(number, reason="no network", repo=repo, event_id=f"kept-{number}", **changes)


def test_what_waits_is_sent_once_each_to_its_own_registry(spool, versioner, forge, tmp_path):
    nowhere = url_of(tmp_path / "nowhere.git")
    for number in (1, 2):
        spool.add(waiting(number, url_of(forge), product=f"service-{number}"))
    spool.add(waiting(3, nowhere))
    code, out, err = versioner("send")
    assert code == 6, err
    assert out.count("recorded: ") == 2
    assert "not sent: user-service 1.4.0 to production (completed)" in out
    assert {"kept-1", "kept-2"} <= set(recorded_in(forge))
    assert [each.repo for each in spool.entries()] == [nowhere]
    spool.add(waiting(1, url_of(forge), product="service-1"))
    code, out, _ = versioner("send", "--repo", url_of(forge), "--output", "json")
    (sent,) = json.loads(out)
    assert (code, sent["outcome"]) == (0, "already_recorded")
    assert recorded_in(forge).count("kept-1") == 1


def test_what_is_refused_is_put_aside_and_not_sent_again(spool, versioner, forge):
    event = {"at": "2026-11-22T10:15:00Z", "version": "../x", "status": "completed"}
    bad = waiting(1, url_of(forge), event={**event, "environment": "production"})
    spool.add(bad)
    code, out, _ = versioner("send")
    assert code == 4
    assert out.startswith("refused: ")
    assert spool.entries() == []
    assert [each.key for each in spool.contents().refused] == [bad.key]
    assert versioner("send") == (0, "No events are waiting to be sent.\n", "")


def test_the_lines_of_a_log_are_sent_to_the_registry_that_is_named(
    spool, versioner, forge, monkeypatch
):
    elsewhere = "https://attacker.example.com/registry.git"
    lines = [waiting(number, elsewhere).line for number in (1, 2, 1)]
    log = "".join(
        f"2026-11-22T10:15:00Z \x1b[33m{MARK}{line}\x1b[0m\r\nother\r\n" for line in lines
    )
    feed(monkeypatch, log.encode())
    code, out, err = versioner("send", "-", "--repo", url_of(forge))
    assert code == 0, err
    assert out.count("recorded: ") == 2
    assert elsewhere not in out
    assert {"kept-1", "kept-2"} <= set(recorded_in(forge))


def test_a_broken_line_is_told_and_keeps_back_none_of_the_others(
    spool, versioner, forge, monkeypatch
):
    whole = waiting(1, "https://forge.example.com/r.git").line
    log = f"{MARK}{whole[:-9]}\n{MARK}{whole}\nother\n{MARK}{{}}\n"
    feed(monkeypatch, log.encode())
    code, out, err = versioner("send", "-", "--repo", url_of(forge))
    assert (code, out.count("recorded: ")) == (4, 1)
    assert "line 1: the spool line is not JSON" in err
    assert "line 4: the spool line has the format" in err
    assert "kept-1" in recorded_in(forge)
    feed(monkeypatch, log.encode())
    code, out, _ = versioner("send", "-", "--repo", url_of(forge), "-o", "json")
    assert (code, json.loads(out)[0]["outcome"]) == (4, "already_recorded")


def test_lines_that_cannot_be_sent_are_not_kept_here(spool, versioner, tmp_path, monkeypatch):
    feed(monkeypatch, f"{MARK}{entry().line}\n".encode())
    code, out, _ = versioner("send", "-", "--repo", url_of(tmp_path / "nowhere.git"))
    assert code == 1
    assert out.startswith("not sent: ")
    assert not spool.folder.exists()


def test_what_a_killed_process_left_in_a_queue_is_sent_too(spool, versioner, forge):
    left = waiting(4, url_of(forge))
    share(
        spool.folder, left, lambda entries: [SendOutcome("recorded", {})], wait_seconds=1, now=0
    )  # makes the queue
    (queue,) = (spool.folder / "queue").iterdir()
    (queue / f"{left.key}.json").write_text(f"{left.line}\n", encoding="ascii")
    assert "In a queue (1 event)" in versioner("list")[1]
    code, out, err = versioner("send")
    assert (code, out.startswith("recorded: ")) == (0, True), err
    assert "kept-4" in recorded_in(forge)
    assert versioner("list")[1].startswith("No events are waiting")


# ---- discard


def test_what_is_discarded_is_printed_once_more_and_can_be_sent_still(
    spool, versioner, forge, monkeypatch
):
    first, second, third = (
        waiting(number, url_of(forge)) for number in (1 << 20, 2 << 20, 3 << 20)
    )
    for each in (first, second, third):
        spool.add(each)
    spool.set_aside(second, "blocked")
    shown = versioner("list")[1]
    assert first.key[:16] in shown
    assert second.key[:16] in shown
    code, out, err = versioner("discard", first.key[:16], second.key, first.key, "--yes")
    assert (code, err) == (0, "")
    assert out.count("discarded: user-service 1.4.0 to production (completed)") == 2
    held = spool.contents()
    assert ([each.key for each in held.entries], held.refused) == ([third.key], ())
    feed(monkeypatch, out.encode())
    assert versioner("send", "-", "--repo", url_of(forge))[0] == 0
    assert {"kept-1048576", "kept-2097152"} <= set(recorded_in(forge))


def test_nothing_is_discarded_unasked_or_by_a_name_that_fits_no_one_event(
    spool, versioner, monkeypatch
):
    events = [entry(1), entry(2)]
    for each in events:
        spool.add(each)
    feed(monkeypatch, b"y\n")
    assert "add --yes" in versioner("discard", events[0].key)[2]
    for key, said in (
        ("00000000", "names 2 events"),
        ("", "needs at least 4 characters"),
        ("0", 'needs at least 4 characters, "0" has 1'),
        ("../../x", "no event here has the key"),
        ("ffffffff", "no event here has the key"),
    ):
        code, out, err = versioner("discard", events[0].key, key, "--yes")
        assert (code, out, said in err) == (2, "", True), key
    err = versioner("discard", "00000000", "--yes")[2]
    assert all(each.key in err for each in events)
    assert spool.entries() == events


@pytest.mark.parametrize(("answer", "left"), [(b"n\n", 1), (b"y\n", 0)])
def test_on_a_terminal_it_asks_before_it_discards(spool, tmp_path, answer, left):
    spool.add(entry(1))
    ours, theirs = os.openpty()
    os.write(ours, answer)
    command = [sys.executable, "-m", "versioner", "spool", "discard", entry(1).key]
    done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=False)
    os.close(theirs)
    os.close(ours)
    assert done.returncode == (2 if left else 0), done.stderr
    assert (MARK + entry(1).line in done.stdout) == (not left)
    assert len(spool.entries()) == left


@pytest.mark.parametrize(
    ("named", "urls", "given"),
    [
        (None, ["https://a.example/x", "https://a.example/y"], [True, True]),
        (None, ["https://a.example/x", "https://b.example/x"], [False, False]),
        ("https://a.example/z", ["https://a.example/x", "https://b.example/x"], [True, False]),
        ("https://c.example/z", ["https://a.example/x"], [False]),
        (None, ["https://a.example/x", "https://a.example:8443/x"], [False, False]),
    ],
)
def test_a_token_goes_to_the_host_only_that_it_is_for(monkeypatch, named, urls, given):
    monkeypatch.delenv("VERSIONER_REPO", raising=False)
    assert [token_for_host(url, named_registry(named), urls) for url in urls] == given
    if named:
        monkeypatch.setenv("VERSIONER_REPO", named)
        assert [token_for_host(url, named_registry(None), urls) for url in urls] == given
