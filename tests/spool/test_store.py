"""What is in the spool is there whole, and what comes back from a log is held to its shape."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.acceptance.tool import PATIENCE, PROJECT
from tests.fixtures.spool_entries import KEPT_AT, URL, document, entry
from versioner.errors import InvalidInput, OperationFailed
from versioner.spool.codec import LINE_LIMIT, MARK, parse_line, write_line
from versioner.spool.store import Spool

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

TOKEN = "ghp_" + "A1b2C3d4E5" * 4


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "state" / "versioner" / "spool")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# ---- the line


TEXTS = st.text(st.characters(), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4), TEXTS)
def test_a_line_says_what_it_was_made_of_and_drives_no_log_reader(event, product):
    said = document(event=event, product=product)
    line = write_line(said)
    assert line.isascii()
    assert line.isprintable()
    assert "::" not in line
    assert "#" not in line
    found = parse_line(line)
    assert found.line == line
    assert found.document == said
    assert found.repo == URL


@pytest.mark.parametrize(
    "logged",
    [
        "{}",
        "versioner spool: {}",
        "2026-11-22T10:15:00.1234567Z versioner spool: {}\r\n",
        "\x1b[33mversioner spool: \x1b[0m{}\x1b[0m  ",
        "[build {{linux}}] 10:15:00 versioner spool: {}",
        "\x1b]8;;https://x.example\x07log\x1b]8;;\x07 versioner spool: {}",
    ],
)
def test_what_a_log_puts_around_a_line_is_left_out(logged):
    line = write_line(document(product="x {y} versioner spool: {z"))
    assert parse_line(logged.format(line)).line == line


def changed(**changes):
    return json.dumps(document(**changes))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "has no event"),
        ("no event at all", "has no event"),
        ('{"format":1', "cut or changed"),
        ("{" * 200_000, "cut or changed"),
        ('{"format":1,"a":' + "[" * 100_000 + "]" * 100_000 + "}", "cut or changed"),
        (changed(format=2), "has the format 2, but this versioner reads format 1"),
        (changed(format="\x1b[2J::error::"), "has the format"),
        (changed(format=True), "has the format true"),
        (changed(format=1.5), "has the format 1.5"),
        (changed(kind="void"), "neither a build, a deployment nor a decision"),
        (changed(product=7), "has no valid product"),
        (changed(product="x" * 5000), "a product of 5,000 characters"),
        (changed(event=[]), "has no valid event"),
        (changed(detected="no"), "has no valid detected"),
        (changed(surprise=1), 'has the unknown key "surprise"'),
        (changed(**{"\x1b[31m": 1}), 'has the unknown key "\\u001b[31m"'),
        (changed(repo=f"https://x:{TOKEN}@forge.example.com/r"), "looks like a secret key"),
        (changed(repo="https://abc:d@forge.example.com/r"), "secret key"),
        (changed(repo="https://a1b2c3d4e5f6a7b8c9d0a1b2@forge.example.com/r"), "token"),
        (changed(repo="ext::sh -c x"), "is not for a registry"),
        (changed(repo=""), "is not for a registry"),
        (changed(repo="--upload-pack=x"), "is not for a registry"),
        (changed(repo="https://forge.example.com/\n::error::x"), "is not for a registry"),
        (changed(event={"reason": TOKEN}), "looks like a secret key"),
        (changed()[:-1] + ',"kind":"build"}', "has a key twice"),
        (changed() + " and more", "has text after"),
        (changed(event={"n": float("nan")}), "not JSON"),
        (changed().replace('"1.4.0"', "1e999"), "cannot represent"),
        (changed().replace('"1.4.0"', "9" * 5000), "not JSON"),
        (changed(event={"x": "y" * LINE_LIMIT}), "more than"),
        ("x" * (3 * LINE_LIMIT), "more than any event takes"),
    ],
)
def test_a_line_that_is_none_is_refused_in_words_that_hold_nothing_of_it(line, why):
    with pytest.raises(InvalidInput) as refused:
        parse_line(line)
    assert why in refused.value.message
    assert refused.value.message.isprintable()
    assert TOKEN not in refused.value.message
    assert len(refused.value.message) < 300


@pytest.mark.parametrize(
    "repo",
    ["https://jane@forge.example.com/r", "ssh://git@forge.example.com/r", "git@forge.example:r",
     "file:///srv/git/registry.git", "http://127.0.0.1:8080/r.git"],
)  # fmt: skip
def test_an_address_of_every_kind_that_a_registry_has_is_taken(repo):
    assert parse_line(write_line(document(repo=repo))).repo == repo


def test_a_word_that_a_log_masked_is_noticed():
    line = write_line(document())
    for masked in (line.replace("production", "***"), line.replace("1.4.0", "1.4.1")):
        with pytest.raises(InvalidInput, match="was changed"):
            parse_line(masked)


@pytest.mark.parametrize("character", ["x", "é", "日", "#", "::", "\x7f"])
def test_the_largest_event_fits_into_a_line(character):
    metadata = {"x": character * (100 * 1024 // len(character.encode()) - 10)}
    line = write_line(document(event={"extra_metadata": metadata}))
    assert parse_line(f"{MARK}{line}").document["event"]["extra_metadata"] == metadata


# ---- the folder


def test_what_is_kept_comes_back_oldest_first_with_when_and_why(spool):
    kept = [entry(number, reason=f"no route {number}") for number in (3, 1, 2)]
    for each in kept:
        spool.add(each)
    assert spool.entries() == sorted(kept)
    assert [each.reason for each in spool.entries()] == ["no route 1", "no route 2", "no route 3"]
    assert spool.entries()[0].kept_at == KEPT_AT
    spool.drop(kept[0])
    spool.drop(kept[0])
    assert spool.entries() == sorted(kept[1:])


def test_what_another_sends_meanwhile_is_nothing_unreadable(spool):
    stays, comes_and_goes = entry(1), entry(2)
    spool.add(stays)

    def come_and_go() -> None:
        while not over.is_set():
            spool.add(comes_and_goes)
            spool.drop(comes_and_goes)

    over = threading.Event()
    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        for _ in range(300):
            held = spool.contents()
            assert held.unreadable == ()
            assert stays in held.entries
    finally:
        over.set()
        other.join()


def test_only_what_is_for_a_registry_is_returned_for_it(spool):
    here, there = entry(1), entry(2, repo="ssh://git@forge.example.com/other.git")
    spool.add(here)
    spool.add(there)
    assert spool.entries(URL) == [here]
    assert spool.entries("ssh://git@forge.example.com/other.git") == [there]


def test_folder_and_files_are_for_their_owner_only(spool):
    before = os.umask(0)
    try:
        path = spool.add(entry())
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700
    spool.folder.chmod(0o755)
    spool.add(entry(1))
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700


def test_a_folder_that_is_a_link_is_refused(spool, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    spool.folder.parent.mkdir(parents=True)
    spool.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OperationFailed, match="is a link or a file"):
        spool.add(entry())
    assert names(tmp_path / "elsewhere") == set()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make somebody else's folder")
@pytest.mark.parametrize("whose", ["itself", "above"])
def test_a_folder_of_somebody_else_is_refused(spool, whose):
    spool.folder.mkdir(parents=True)
    os.chown(spool.folder if whose == "itself" else spool.folder.parent, 12345, 12345)
    with pytest.raises(OperationFailed, match="belongs to another user"):
        spool.add(entry())


def test_a_folder_that_anybody_could_replace_is_refused(spool):
    spool.folder.mkdir(parents=True)
    spool.folder.parent.chmod(0o777)
    with pytest.raises(OperationFailed, match="can be replaced"):
        spool.add(entry())


def test_hostile_files_are_named_and_left_and_nothing_else_suffers(spool, tmp_path):
    good = entry(7)
    spool.add(good)
    (tmp_path / "secret").write_text("x", encoding="ascii")
    key = "0" * 31
    files = {
        f"{key}1.json": b"\x00\xff",
        f"{key}2.json": b'{"format": 9}',
        f"{key}3.json": b"",
        f"{key}4.json": b"{" * 500_000,
        f"{key}5.json": entry(5).line.encode()[:-30],
        "notes.txt": b"mine",
        "..json": b"{}",
        "\x1b[31m.json": b"{}",
    }
    for name, data in files.items():
        (spool.folder / name).write_bytes(data)
    (spool.folder / f"{key}6.json").symlink_to(tmp_path / "secret")
    (spool.folder / f"{key}7.json").symlink_to(spool.folder / f"{good.key}.json")
    (spool.folder / f"{key}8.json").mkdir()
    os.mkfifo(spool.folder / f"{key}9.json")
    before = names(spool.folder)
    held = spool.contents()
    assert held.entries == (good,)
    assert {path.name for path, _ in held.unreadable} == before - {f"{good.key}.json"}
    assert all(why for _, why in held.unreadable)
    assert names(spool.folder) == before


def test_what_was_refused_is_put_aside_and_says_why(spool):
    kept = entry(1, reason="no network")
    spool.add(kept)
    spool.set_aside(kept, "the product was deleted")
    assert spool.entries() == []
    assert spool.contents().refused == (kept._replace(reason="the product was deleted"),)


def test_a_file_of_the_spool_is_input_for_sending_it(spool):
    path = spool.add(entry(1, reason="x"))
    first, rest = path.read_text(encoding="ascii").split("\n", 1)
    assert parse_line(first).line == entry(1).line
    assert rest.startswith("# ")


def test_a_reason_with_a_secret_or_of_many_lines_is_kept_without(spool):
    spool.add(entry(1, reason=f"a\nb \x1b[31m https://x:{TOKEN}@h/ é"))
    text = (spool.folder / f"{entry(1).key}.json").read_text(encoding="ascii")
    assert TOKEN not in text
    assert text.count("\n") == 2


def test_drafts_of_killed_processes_are_swept_when_old(spool):
    spool.add(entry(1))
    draft = spool.folder / f"{'a' * 32}.json.123.new"
    mine = spool.folder / "mine.new"
    for path in (draft, mine):
        path.write_text("{", encoding="ascii")
        os.utime(path, (1000, 1000))
    assert spool.contents().unreadable == ()
    spool.sweep(before=999)
    assert draft.exists()
    spool.sweep(before=1001)
    assert not draft.exists()
    assert mine.exists()
    assert spool.entries() == [entry(1)]


KEEP = """
import resource, sys
from pathlib import Path
from tests.fixtures.spool_entries import entry
from versioner.errors import OperationFailed
from versioner.spool.store import Spool
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    Spool(Path(sys.argv[1])).add(entry())
except OperationFailed as failure:
    print(failure.message)
"""


def test_what_does_not_fit_on_the_disk_is_not_kept_by_half(spool):
    done = subprocess.run(
        [sys.executable, "-c", KEEP, str(spool.folder)],
        cwd=PROJECT, capture_output=True, text=True, check=True, timeout=PATIENCE,
    )  # fmt: skip
    assert "cannot write the event" in done.stdout
    assert "File too large" in done.stdout
    assert names(spool.folder) == set()


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    top = tmp_path / "small"
    top.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "tmpfs", str(top)],
        capture_output=True, check=False,
    )  # fmt: skip
    if mounted.returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        spool = Spool(top / "spool")
        kept = []
        with pytest.raises(OperationFailed, match="No space left"):
            for number in range(40):
                spool.add(entry(number))
                kept.append(entry(number))
        assert spool.entries() == kept
        assert spool.contents().unreadable == ()
        assert not [name for name in names(spool.folder) if name.endswith(".new")]
    finally:
        subprocess.run(["umount", str(top)], check=True)
