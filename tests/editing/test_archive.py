"""Archive: closed months become one log a year, and nothing else is different."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.clones import commit
from tests.fixtures.local_registry import NOW, Desk
from versioner import layout
from versioner.cli.errors import run
from versioner.editing.archive import ArchiveResult, archive_months
from versioner.editing.corrections import redact_field, void_event
from versioner.editing.environment_moves import rename_environment
from versioner.editing.imports import import_file
from versioner.editing.product_merge import merge_product
from versioner.editing.products import create_product, delete_product, rename_product
from versioner.editing.restore import restore_product
from versioner.editing.validate import validate_change, validate_registry
from versioner.errors import Blocked, NotFound, OperationFailed, UsageFault
from versioner.git.event_commits import recorded_events
from versioner.git.snapshot import snapshot_at
from versioner.serialization.log import append, header
from versioner.serialization.year_log import year_header

if TYPE_CHECKING:
    from versioner.recording.record import RecordResult

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
YEAR = layout.log_path("shop", "deployment", "2026")
OLD = layout.log_path("shop", "deployment", "2026-10")
OPEN = layout.log_path("shop", "deployment", "2026-11")
BUILDS = layout.log_path("shop", "build", "2026")
LATE = "2026-10-09T08:00:00Z"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Return a registry with events of three years, of two kinds, by several runs."""
    for number, month in enumerate(("2024-12", "2025-03", "2025-11", "2026-09"), 1):
        day = f"{month}-0{number}T09:00:00Z"
        deploy(desk, f"0.{number}", at=day, invoke_id=f"run-{number}", event_id=f"o-{number}")
    log = layout.log_path("shop", "build", "2026-10")
    event = {"at": "2026-10-01T08:00:00Z", "version": "1.0", "status": "completed", "id": "b-1"}
    commit(desk.top, {log: append("build", None, [event])}, "Record build")
    return desk


def deploy(desk: Desk, version: str, **fields: Any) -> RecordResult:
    return desk.record("shop", version, **fields)


def archive(desk: Desk, before: str = "2026-11", **options: Any) -> ArchiveResult:
    return archive_months(desk.repository, before=before, now=NOW, **options)


def read(desk: Desk, path: str) -> bytes:
    return (desk.top / path).read_bytes()


def lines(desk: Desk) -> list[bytes]:
    """Return the lines of all events, in the order in which logs are read."""
    paths = [path.relative_to(desk.top).as_posix() for path in desk.top.glob("registry/*/*/*/*")]
    found = [line for path in sorted(paths) for line in read(desk, path).splitlines(keepends=True)]
    return sorted(line for line in found if line.startswith(b"- "))


def reports(desk: Desk, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what the commands print that show events, with positions in logs left out."""
    found = []
    for command in (
        ("status",),
        ("deployment", "list", "--limit", "100"),
        ("deployment", "show", "o-2"),
        ("version", "list", "shop"),
        ("version", "show", "shop", "1.0"),
        ("product", "show", "shop"),
        ("diff", "staging", "production"),
        ("validate",),
    ):
        for output in ("text", "json"):
            assert run([*command, "--repo", str(desk.top), "--output", output]) == 0
            # The commit and the clock are told, and differ.
            out = re.sub(r'"revision": "[0-9a-f]*"', "", capsys.readouterr().out)
            found.append(re.sub(r'(?m)^  "at": ".*"|"age_seconds": [0-9]+', "", out))
    return found


def check_base(desk: Desk, base: str, *, allow: bool = False) -> list[str]:
    repository = desk.repository
    snapshot = snapshot_at(repository, "HEAD")
    checked = validate_registry(snapshot, now=NOW)
    validate_change(repository, checked, snapshot, base, allow_log_changes=allow)
    return [f"{each.path}:{each.line} {each.code}" for each in checked.problems]


# ---- what it does ------------------------------------------------------------------------


def test_closed_months_become_one_file_a_year_and_no_line_changes(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    before, told, commits = lines(desk), reports(desk, capsys), desk.commits()
    events = desk.registry.products["shop"].deployment_events
    first, october = read(desk, layout.log_path("shop", "deployment", "2026-09")), read(desk, OLD)
    result = archive(desk)
    assert (result.products, result.months, result.events) == (1, 6, 6)
    assert [(each.path, each.months) for each in result.years if each.kind == "deployment"] == [
        (layout.log_path("shop", "deployment", "2024"), ("2024-12",)),
        (layout.log_path("shop", "deployment", "2025"), ("2025-03", "2025-11")),
        (YEAR, ("2026-09", "2026-10")),
    ]
    begin = header("deployment").encode()
    assert read(desk, YEAR) == (
        year_header("deployment") + first.removeprefix(begin) + october.removeprefix(begin)
    )
    assert b"in one year (UTC)" in read(desk, YEAR)
    folder = desk.top / "registry/products/shop/deployments"
    assert sorted(path.name for path in folder.iterdir()) == [
        "2024.yaml", "2025.yaml", "2026-11.yaml", "2026.yaml",
    ]  # fmt: skip
    assert desk.commits() == commits + 1
    assert desk.git("show", "-s", "--format=%s") == "Archive the months before 2026-11"
    assert lines(desk) == before
    assert desk.registry.products["shop"].deployment_events == events
    assert reports(desk, capsys) == told
    desk.assert_sound()
    assert run(["format", "--check", "--repo", str(desk.top)]) == 0
    again = archive(desk)
    assert (again.years, again.edited.commit, desk.commits()) == ([], None, commits + 1)


def test_only_the_months_and_products_that_are_named_are_archived(desk: Desk) -> None:
    desk.record("web", "1.0", at="2026-10-02T10:00:00Z", event_id="w-1")
    result = archive(desk, "2025-11", products=["shop"])
    assert [each.months for each in result.years] == [("2024-12",), ("2025-03",)]
    subject = desk.git("show", "-s", "--format=%s")
    assert subject == "Archive the months of shop before 2025-11"
    rename_product(desk.repository, "web", "store", now=NOW)
    assert [each.product for each in archive(desk, products=["web"]).years] == ["store"]
    with pytest.raises(NotFound, match="nobody"):
        archive(desk, products=["nobody"])
    # What is archived later follows in the same file.
    archive(desk)
    assert b"o-2" in read(desk, layout.log_path("shop", "deployment", "2025")).splitlines()[-2]
    desk.assert_sound()


def test_comments_of_people_stay_with_their_lines(desk: Desk) -> None:
    text = read(desk, OLD) + b"# the outage began here\n"
    commit(desk.top, {OLD: text})
    archive(desk)
    assert read(desk, YEAR).endswith(b"# the outage began here\n")
    assert read(desk, YEAR).count(b"yaml-language-server") == 1
    desk.assert_sound()


# ---- late events -------------------------------------------------------------------------


def test_a_late_event_begins_its_month_anew_and_is_archived_after_the_others(desk: Desk) -> None:
    plain = desk.registry.products["shop"]
    archive(desk)
    made = deploy(desk, "1.0.1", at=LATE, event_id="late")
    assert made.path == OLD
    assert read(desk, OLD).startswith(header("deployment").encode())
    order = [*desk.ids("shop")]
    assert order.index("late") == order.index("s-1") + 1
    assert len(order) == len(plain.deployment_events) + 1
    before = desk.git("rev-parse", "HEAD")
    again = archive(desk)
    assert [(each.path, each.months, each.events) for each in again.years] == [
        (YEAR, ("2026-10",), 1)
    ]
    assert desk.ids("shop") == order
    assert not (desk.top / OLD).exists()
    assert b'id: "late"' in read(desk, YEAR).splitlines()[-1]
    assert check_base(desk, before) == []
    desk.assert_sound()


def test_a_retry_of_an_archived_event_is_recorded_already(desk: Desk) -> None:
    fields = {"at": LATE, "invoke_id": "9001", "source_system": "github"}
    made = deploy(desk, "3.0", scm_sha="a" * 40, **fields)
    deploy(desk, "3.0", event_id="given", at=LATE, environment="production")
    archive(desk)
    retried = deploy(desk, "3.0", scm_sha="a" * 40, **fields)
    assert (retried.already, retried.event["id"]) == (True, made.event["id"])
    # Over the end of a month, as without an archive.
    later = {**fields, "at": "2026-11-01T00:10:00Z"}
    assert deploy(desk, "3.0", scm_sha="a" * 40, **later).already
    with pytest.raises(Blocked, match="was built from aaaaaaaaaaaa"):
        deploy(desk, "3.0", scm_sha="b" * 40, **fields)
    with pytest.raises(Blocked, match="only in case"):
        deploy(desk, "3.0-RC", at=LATE) and deploy(desk, "3.0-rc", at=LATE)
    assert deploy(desk, "3.0", event_id="given", at=LATE, environment="production").already


def test_a_writer_sees_of_a_year_the_month_and_the_one_before_only(desk: Desk) -> None:
    deploy(desk, "4.0", at="2025-06-01T09:00:00Z", scm_sha="a" * 40)
    archive(desk)
    # Without an archive, June is not read for an event of December.
    made = deploy(desk, "4.0", at="2025-12-01T09:00:00Z", scm_sha="b" * 40)
    assert not made.already
    with pytest.raises(Blocked, match="was built from bbbbbbbbbbbb"):
        deploy(desk, "4.0", at="2026-01-01T09:00:00Z", scm_sha="c" * 40)
    named = deploy(desk, "0.2", at=NOW, deployment="o-2", status="failed")
    assert not named.already


# ---- what others do with archived events -------------------------------------------------


def test_archived_events_are_voided_and_redacted(desk: Desk) -> None:
    deploy(desk, "1.5", at=LATE, event_id="x-1", deployed_by="jane")
    archive(desk)
    base = desk.git("rev-parse", "HEAD")
    assert redact_field(desk.repository, "x-1", "deployed_by", now=NOW).paths == (YEAR,)
    assert void_event(desk.repository, "x-1", reason="wrong", now=NOW).paths == (OPEN,)
    events = {event["id"]: event for event in desk.registry.products["shop"].deployment_events}
    assert events["x-1"]["redacted"] == ["deployed_by"]
    assert check_base(desk, base, allow=True) == []
    desk.assert_sound()


def test_products_with_archived_months_are_renamed_deleted_and_restored(desk: Desk) -> None:
    archive(desk)
    ids, base = desk.ids("shop"), desk.git("rev-parse", "HEAD")
    rename_product(desk.repository, "shop", "store", now=NOW)
    assert desk.ids("store") == ids
    assert check_base(desk, base, allow=True) == []
    delete_product(desk.repository, "store", force=True, by="jane", now=NOW)
    restore_product(desk.repository, "store", now=NOW)
    assert desk.ids("store") == ids
    rename_environment(desk.repository, "staging", "stage", now=NOW)
    assert {
        event["environment"] for event in desk.registry.products["store"].deployment_events
    } == {"stage"}
    desk.assert_sound()


def test_a_product_that_was_made_anew_is_restored_with_each_event_once(desk: Desk) -> None:
    archive(desk)
    ids = desk.ids("shop")
    text = b"".join(read(desk, path) for path in (YEAR,))
    delete_product(desk.repository, "shop", force=True, by="jane", now=NOW)
    create_product(desk.repository, "shop", now=NOW)
    copies = [line for line in text.splitlines(keepends=True) if b"2026-10" in line]
    new = b'- {at: "2026-10-30T09:00:00Z", environment: "staging", version: "7", '
    new += b'status: "completed", id: "n-1"}\n'
    commit(desk.top, {OLD: header("deployment").encode() + b"".join(copies) + new})
    base = desk.git("rev-parse", "HEAD")
    restore_product(desk.repository, "shop", now=NOW)
    assert sorted(desk.ids("shop")) == sorted([*ids, "n-1"])
    assert read(desk, OLD) == header("deployment").encode() + new
    assert check_base(desk, base, allow=True) == []
    assert desk.registry.problems == []


def test_a_merge_of_products_joins_their_years(desk: Desk) -> None:
    desk.record("web", "1.0", at="2026-10-02T10:00:00Z", event_id="w-1")
    desk.record("web", "1.1", at="2024-12-02T10:00:00Z", event_id="w-2")
    archive(desk)
    base = desk.git("rev-parse", "HEAD")
    everything = {*desk.ids("shop"), *desk.ids("web")}
    merge_product(desk.repository, "shop", "web", now=NOW)
    assert set(desk.ids("web")) == everything
    builds = read(desk, layout.log_path("web", "build", "2026"))
    assert builds.startswith(year_header("build"))
    assert check_base(desk, base, allow=True) == []
    archive(desk, products=["web"])
    desk.assert_sound()


def test_rows_that_are_archived_are_not_imported_again(desk: Desk) -> None:
    rows = desk.top.parent / "rows.csv"
    rows.write_text(
        "at,product,environment,version\n"
        "2025-03-09T09:00:00Z,shop,staging,8.0\n2026-10-09T09:00:00Z,shop,staging,8.1\n"
    )
    assert import_file(desk.repository, rows, now=NOW).added == 2
    archive(desk)
    again = import_file(desk.repository, rows, now=NOW)
    assert (again.added, again.already, again.commit) == (0, 2, None)
    with rows.open("a") as more:
        more.write("2025-03-10T09:00:00Z,shop,staging,8.2\n")
    assert import_file(desk.repository, rows, now=NOW).added == 1
    assert (desk.top / layout.log_path("shop", "deployment", "2025-03")).exists()
    desk.assert_sound()


# ---- history -----------------------------------------------------------------------------


def test_git_still_finds_the_commit_that_recorded_an_event(desk: Desk) -> None:
    recorded = desk.git("log", "-1", "--format=%H", "-S", 'id: "s-1"')
    known = recorded_events(desk.repository, desk.git("rev-parse", "HEAD"))
    archive(desk)
    archived = desk.git("rev-parse", "HEAD")
    found = desk.git("log", "--format=%H", "-S", 'id: "s-1"').splitlines()
    assert found[-1] == recorded
    blame = desk.git("blame", "-C", "--line-porcelain", YEAR).splitlines()
    at = next(n for n, line in enumerate(blame) if line.startswith("\t") and 'id: "s-1"' in line)
    heads = [line for line in blame[:at] if line.startswith(recorded)]
    assert heads
    for again in (recorded_events(desk.repository, archived), _anew(desk, archived)):
        assert dict(again) == dict(known)
        assert archived not in {by.commit for by in again.values()}


def _anew(desk: Desk, revision: str) -> Any:
    for path in (desk.top / ".git/versioner").glob("recorded*"):
        path.unlink()
    return recorded_events(desk.repository, revision)


def test_a_pull_request_may_archive_and_may_not_lose_an_event(desk: Desk) -> None:
    base = desk.git("rev-parse", "HEAD")
    archive(desk)
    assert check_base(desk, base) == []
    assert run(["validate", "--base", base, "--repo", str(desk.top)]) == 0
    good = read(desk, YEAR)
    rows = good.splitlines(keepends=True)
    for bad, told in (
        (rows[:-1], "history-missing"),
        ([*rows[:-1], rows[-1].replace(b'"1.0"', b'"1.9"')], "history-changed"),
        ([*rows[:3], rows[4], rows[3]], "history-order"),
        ([*rows, rows[-1].replace(b'"s-1"', b'"s-9"')], "history-added"),
    ):
        commit(desk.top, {YEAR: b"".join(bad)})
        assert [line.partition(" ")[2] for line in check_base(desk, base, allow=False)] == [told]
    commit(desk.top, {YEAR: good})
    desk.git("revert", "--no-edit", "HEAD", "HEAD^", "HEAD^^", "HEAD~3", "HEAD~4", "HEAD~5")
    assert (desk.top / OLD).exists()
    assert check_base(desk, base) == []


# ---- what it refuses ---------------------------------------------------------------------


def test_an_open_month_is_refused_by_name(desk: Desk) -> None:
    for before in ("2026-12", "2027-01", "9999-12"):
        with pytest.raises(UsageFault, match="2026-11 is not closed"):
            archive(desk, before)
    for before in ("2026", "2026-13", "2026-1", "last month", "2026-11-01", "２０２６-11"):  # noqa: RUF001
        with pytest.raises(UsageFault, match="YYYY-MM"):
            archive(desk, before)


def test_a_touched_file_with_changes_is_refused_and_all_stays(desk: Desk) -> None:
    text = read(desk, OLD)
    tip = desk.git("rev-parse", "HEAD")
    for path, data in ((OLD, text + b"# mine\n"), (YEAR, b"# mine\n")):
        (desk.top / path).write_bytes(data)
        with pytest.raises(OperationFailed, match=f"{path}: uncommitted changes"):
            archive(desk)
        assert read(desk, path) == data
        assert desk.git("rev-parse", "HEAD") == tip
        desk.git("clean", "-fdq")
        desk.git("checkout", "-q", ".")
    # Others may have changes.
    (desk.top / OPEN).write_bytes(read(desk, OPEN) + b"# mine\n")
    assert archive(desk).edited.commit
    assert desk.git("status", "--porcelain") == f"M {OPEN}"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text + b"- {}\n", "cannot be archived"),
        (lambda text: text.replace(b"2026-10-01", b"2026-11-01"), "the file is for 2026-10"),
        (lambda text: text.replace(b"\n", b"\r\n"), "not in canonical form"),
        (lambda text: text.replace(b'"s-1"', b'"o-4"'), 'has an event with the id "o-4"'),
        (lambda text: text + text, "also has the id s-1"),
    ],
)
def test_a_log_with_problems_is_refused_by_name(desk: Desk, change: Any, told: str) -> None:
    commit(desk.top, {OLD: change(read(desk, OLD))})
    commits = desk.commits()
    with pytest.raises(Blocked, match=told) as caught:
        archive(desk)
    assert OLD in caught.value.message
    assert "try again" in caught.value.hint
    assert desk.commits() == commits
    assert archive(desk, "2026-10").months == 4


def test_a_log_that_would_be_too_large_stays(desk: Desk) -> None:
    size = len(read(desk, layout.log_path("shop", "deployment", "2026-09")))
    result = archive(desk, limit=size)
    assert OLD in result.kept
    assert [each.months for each in result.years if each.path == YEAR] == [("2026-09",)]
    desk.assert_sound()


def test_a_link_in_the_place_of_the_year_is_refused(desk: Desk) -> None:
    (desk.top / YEAR).symlink_to("2026-10.yaml")
    desk.git("add", "-A")
    desk.git("commit", "-qm", "Link")
    with pytest.raises(Blocked, match="is not a regular file"):
        archive(desk)


# ---- the command -------------------------------------------------------------------------


def test_the_command_shows_first_and_then_archives(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.top)
    commits = desk.commits()
    command = ["archive", "--before", "2026-11"]
    assert run([*command, "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("would archive 6 events of 1 product: 6 logs of months in 4 logs of year")
    assert f"  {YEAR}: 2026-09 to 2026-10, 2 events\n" in out
    assert desk.commits() == commits
    assert run([*command, "--output", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["commit"] == desk.git("rev-parse", "HEAD")
    assert (document["months"], document["events"], document["kept"]) == (6, 6, [])
    assert {each["kind"] for each in document["logs"]} == {"build", "deployment"}
    assert run(command) == 0
    assert "no month before 2026-11 has a log of its own" in capsys.readouterr().out
    assert run(["archive", "--before", "9999-01"]) == 2
    assert run(["archive"]) == 2


def test_it_archives_and_records_at_a_url(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare.git"
    desk.git("clone", "-q", "--bare", str(desk.top), str(bare))
    desk.git("-C", str(bare), "config", "uploadpack.allowFilter", "true")
    url = f"file://{bare}"
    assert run(["archive", "--before", "2026-11", "--repo", url]) == 0
    assert "archived 6 events" in capsys.readouterr().out
    event = [
        "--product",
        "shop",
        "--environment",
        "staging",
        "--version",
        "1.0",
        "--completed-at",
        LATE,
    ]
    for words in ("recorded", "already recorded"):
        assert run(["track", "deployment", *event, "--event-id", "u-1", "--repo", url]) == 0
        assert words in capsys.readouterr().out
        run(["archive", "--before", "2026-11", "--repo", url])
        capsys.readouterr()
    desk.git("pull", "-q", str(bare), "HEAD")
    assert "u-1" in desk.ids("shop")
    desk.assert_sound()


KILLED = """
import os, signal, sys
from versioner.editing.archive import archive_months
from versioner.git import checkout, commit
from versioner.git.repository import open_repository
from pathlib import Path

def die(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)

module, name = {"move": (commit, "_move"), "refresh": (commit, "refresh"),
                "index": (checkout, "_refresh_index")}[sys.argv[2]]
setattr(module, name, die)
archive_months(open_repository(Path(sys.argv[1])), before="2026-11", now="2026-11-22T10:15:00Z")
"""


@pytest.mark.parametrize("moment", ["move", "refresh", "index"])
def test_a_kill_leaves_the_old_state_or_the_new_one(desk: Desk, moment: str) -> None:
    before, ids = lines(desk), desk.ids("shop")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(desk.top), moment],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    # What users do then: commit all that the work tree shows.
    (desk.top / "notes.txt").write_text("mine\n")
    (desk.top / ".git/index.lock").unlink(missing_ok=True)
    desk.git("add", "-A")
    desk.git("commit", "-qm", "Mine")
    deploy(desk, "9.0", at=NOW, event_id="k-1")
    assert sorted(desk.ids("shop")) == sorted([*ids, "k-1"])
    assert sorted(line for line in lines(desk) if b'"k-1"' not in line) == before
    assert (desk.top / YEAR).exists() == (moment != "move")
    assert (desk.top / OLD).exists() == (moment == "move")
    desk.assert_sound()
