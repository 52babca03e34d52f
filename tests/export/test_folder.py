"""The folder of an export: what is written again, what is removed, and what is never touched."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.builders import deployment, undeployment
from tests.export.registry import eventful
from versioner.errors import OperationFailed
from versioner.export import folder as folder_module
from versioner.export.manifest import JOURNAL, MANIFEST
from versioner.export.run import FORMATS, export_registry
from versioner.git.lock import open_lock, try_lock

if TYPE_CHECKING:
    from versioner.export.run import ExportReport
    from versioner.registry.records import Registry

PRODUCTION = "deployments/product=shop/month=2026-10/part-0.parquet"


def exported(out: Path) -> dict[str, bytes]:
    """Return the files of an export by path, without its own notes."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def counts(report: ExportReport) -> tuple[int, int, int]:
    return report.written, report.unchanged, report.removed


def changed(registry: Registry, name: str, *events: dict[str, object]) -> None:
    """Add events to a product, whose tree is another one then."""
    record = registry.products[name]
    record.deployment_events = [*record.deployment_events, *events]
    record.tree = f"{random.Random(len(record.deployment_events)).getrandbits(160):040x}"
    for kept in ("_folded", "versions"):
        record.__dict__.pop(kept, None)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_second_export_writes_nothing(tmp_path, format_):
    whole, out = eventful(), tmp_path / "out"
    first = export_registry(whole, out, format_)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    second = export_registry(whole, out, format_)
    assert counts(second) == (0, first.written, 0)
    assert (second.bytes, second.rows) == (first.bytes, first.rows)
    del before[out / ".versioner-export.lock"]
    assert (
        before.items()
        <= {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}.items()
    )


def test_an_event_changes_its_month_its_version_and_what_runs(tmp_path):
    whole, out = eventful(), tmp_path / "out"
    export_registry(whole, out, "parquet")
    before = exported(out)
    changed(whole, "shop", deployment("1.3.0", at="2026-11-05T10:00:00Z"))
    report = export_registry(whole, out, "parquet")
    after = exported(out)
    assert {path for path in after if after[path] != before.get(path)} == {
        "deployments/product=shop/month=2026-11/part-0.parquet",
        "versions/product=shop/part-0.parquet",
        "running/product=shop/part-0.parquet",
    }
    assert counts(report) == (3, len(after) - 3, 0)


@pytest.mark.parametrize("format_", FORMATS)
def test_after_any_changes_the_folder_has_what_a_new_one_would_have(tmp_path, format_):
    whole, out = eventful(), tmp_path / "out"
    export_registry(whole, out, format_)
    changed(whole, "idle", deployment("1", at="2026-03-05T10:00:00Z"))
    changed(whole, "shop", undeployment(at="2026-11-06T10:00:00Z"))
    del whole.products["2026-01-01"]
    whole.environments["test"]["title"] = "Test"
    for number, since in enumerate(["", "2026-10", "2026-09", "2027-01", ""]):
        export_registry(whole, out, format_, since=since)
        export_registry(whole, tmp_path / f"new{number}", format_, since=since)
        assert exported(out) == exported(tmp_path / f"new{number}")
    assert not (out / "deployments" / "product=2026-01-01").exists()


def test_since_leaves_out_what_began_before_that_month(tmp_path):
    whole, out = eventful(), tmp_path / "out"
    export_registry(whole, out, "parquet", since="2026-10")
    months = {path.name for path in out.glob("deployments/*/*")}
    assert months == {"month=2026-10"}
    assert (out / "versions" / "product=shop" / "part-0.parquet").exists()
    export_registry(whole, out, "jsonl", since="2026-10")
    lines = [json.loads(each) for each in (out / "deployments.jsonl").read_text().splitlines()]
    assert min(line["at"] for line in lines) >= "2026-10"
    assert sum("voids" in line for line in lines) == 2


@pytest.mark.parametrize("harm", ["removed", "cut", "longer", "folder", "link"])
def test_a_file_that_was_harmed_is_written_again(tmp_path, harm):
    whole, out = eventful(), tmp_path / "out"
    export_registry(whole, out, "parquet")
    before = exported(out)
    path = out / PRODUCTION
    data = path.read_bytes()
    if harm in ("cut", "longer"):
        path.write_bytes(data[:-1] if harm == "cut" else data + b"x")
    else:
        path.unlink()
    if harm == "link":
        (tmp_path / "theirs").write_bytes(b"kept")
        path.symlink_to(tmp_path / "theirs")
    if harm == "folder":
        path.mkdir()
        with pytest.raises(OperationFailed, match=r"cannot write .*part-0\.parquet"):
            export_registry(whole, out, "parquet")
        path.rmdir()
    assert export_registry(whole, out, "parquet").written >= 1
    assert exported(out) == before
    assert harm != "link" or (tmp_path / "theirs").read_bytes() == b"kept"


def test_files_of_others_are_never_touched(tmp_path):
    whole, out = eventful(), tmp_path / "out"
    export_registry(whole, out, "parquet")
    theirs = [
        out / "README.md",
        out / "deployments" / "_SUCCESS",
        out / "deployments" / "product=2026-01-01" / "notes.txt",
        out / "deployments" / "product=other" / "month=2026-10" / "part-0.parquet",
    ]
    for path in theirs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("theirs")
    del whole.products["2026-01-01"]
    report = export_registry(whole, out, "parquet")
    assert report.removed == 3
    assert [path.read_text() for path in theirs] == ["theirs"] * 4


@pytest.mark.parametrize("place", ["file", "above", "link"])
def test_a_file_of_others_in_the_way_is_refused_and_left(tmp_path, place):
    whole, out = eventful(), tmp_path / "out"
    export_registry(whole, out, "csv")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = out / PRODUCTION if place == "file" else out / "deployments"
    path.parent.mkdir(parents=True, exist_ok=True)
    if place == "link":
        path.symlink_to(elsewhere)
    else:
        path.write_text("theirs")
    with pytest.raises(OperationFailed, match=r"no export wrote it|is not a folder"):
        export_registry(whole, out, "parquet")
    assert path.is_symlink() or path.read_text() == "theirs"
    assert not [*elsewhere.iterdir()]


@pytest.mark.parametrize("kind", ["file", "link", "foreign", "read-only"])
def test_a_folder_that_is_not_an_exports_is_refused(tmp_path, kind):
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("theirs")
    elif kind == "link":
        (tmp_path / "target").mkdir()
        out.symlink_to(tmp_path / "target")
    else:
        out.mkdir()
    if kind == "foreign":
        (out / "\x1b[31mnotes.txt").write_text("theirs")
    if kind == "read-only":
        if os.geteuid() == 0:
            pytest.skip("the superuser may write everywhere")
        out.chmod(0o500)
    with pytest.raises(OperationFailed) as raised:
        export_registry(eventful(), out, "csv")
    assert "\x1b" not in raised.value.message
    assert kind != "foreign" or [path.read_text() for path in out.iterdir()] == ["theirs"]


@pytest.mark.parametrize(
    "listed",
    [
        {"../../theirs": ["", 1, 1]},
        {"notes.txt": ["", 1, 1]},
        {"deployments/product=../part-0.parquet": ["", 1, 1]},
        {"deployments.csv": 3},
        ["deployments.csv"],
    ],
    ids=repr,
)
def test_a_manifest_that_lists_files_of_others_is_not_believed(tmp_path, listed):
    out = tmp_path / "out"
    export_registry(eventful(), out, "csv")
    manifest = json.loads((out / MANIFEST).read_bytes())
    manifest["parts"]["csv"] = {"": {"key": "", "files": listed}}
    (out / MANIFEST).write_text(json.dumps(manifest))
    (tmp_path / "theirs").write_text("theirs")
    (out / "notes.txt").write_text("theirs")
    with pytest.raises(OperationFailed, match="is not a list of an export's files"):
        export_registry(eventful(), out, "csv")
    assert (tmp_path / "theirs").exists()
    assert (out / "notes.txt").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": "other/1"}', "[" * 100_000])
def test_a_damaged_manifest_is_refused_with_a_remedy(tmp_path, text):
    out = tmp_path / "out"
    export_registry(eventful(), out, "csv")
    (out / MANIFEST).write_text(text)
    with pytest.raises(OperationFailed) as raised:
        export_registry(eventful(), out, "csv")
    assert raised.value.hint == "remove the folder, or give another one"


def test_a_journal_that_is_a_link_is_not_followed(tmp_path):
    out = tmp_path / "out"
    export_registry(eventful(), out, "csv")
    (tmp_path / "theirs").write_text("theirs")
    (out / JOURNAL).symlink_to(tmp_path / "theirs")
    with pytest.raises(OperationFailed, match="cannot write"):
        export_registry(eventful(), out, "sqlite")
    assert (tmp_path / "theirs").read_text() == "theirs"


def test_a_second_export_at_the_same_time_is_refused(tmp_path):
    out = tmp_path / "out"
    export_registry(eventful(), out, "csv")
    lock = open_lock(out / ".versioner-export.lock")
    assert try_lock(lock)
    with pytest.raises(OperationFailed, match="another export is writing"):
        export_registry(eventful(), out, "csv")
    os.close(lock)
    export_registry(eventful(), out, "csv")


class Killed(BaseException):
    """The end of a process, as far as the files of an export know it."""


@pytest.mark.parametrize("format_", FORMATS)
def test_an_export_that_ends_at_any_write_is_completed_by_the_next(tmp_path, monkeypatch, format_):
    """Whatever state a killed export leaves, the next one gives what a new folder would have."""
    export_registry(eventful(), tmp_path / "old", format_)
    later = eventful()
    changed(later, "idle", deployment("1", at="2026-03-05T10:00:00Z"))
    changed(later, "shop", deployment("3", at="2026-12-05T10:00:00Z"))
    del later.products["123"]
    export_registry(later, tmp_path / "new", format_)
    # Each step for the formats of few files; for Parquet, which has many, one in three.
    for number in range(0, 60, 3 if format_ == "parquet" else 1):
        out = tmp_path / f"out{number}"
        shutil.copytree(tmp_path / "old", out)
        action = partial(export_registry, later, out, format_)
        if not ends_after(number, monkeypatch, action):
            break
        # Another export may come between, of the old state or of the new one.
        if number % 2:
            export_registry(eventful(), out, format_)
            assert exported(out) == exported(tmp_path / "old"), number
        export_registry(later, out, format_)
        assert exported(out) == exported(tmp_path / "new"), number
        assert {path.name for path in out.glob(".*")} == {MANIFEST, ".versioner-export.lock"}
    assert number > 2


def ends_after(steps, monkeypatch, action) -> bool:
    """Run an action that ends, without any cleaning, at a change of a file after some others."""
    left = [steps]

    def counting(function):
        def counted(*args, **kwargs):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return function(*args, **kwargs)

        return counted

    with monkeypatch.context() as patch:
        for name in ("replace", "unlink", "rmdir", "mkdir"):
            patch.setattr(Path, name, counting(getattr(Path, name)))
        patch.setattr(folder_module.Manifest, "_note", counting(folder_module.Manifest._note))
        # A killed process removes no draft.
        exit_ = folder_module.ExportFolder.__exit__

        def leave(self, kind, error, trace):
            if kind is Killed:
                self._unlock()
                return None
            return exit_(self, kind, error, trace)

        patch.setattr(folder_module.ExportFolder, "__exit__", leave)
        try:
            action()
        except Killed:
            return True
    return False


RUN = """
import sys
from functools import partial
from pathlib import Path
from tests.export.registry import eventful
from versioner.export.run import export_registry
whole = eventful()
record = whole.products["shop"]
print("ready", flush=True)
while True:
    record.tree = None
    export_registry(whole, Path(sys.argv[1]), sys.argv[2], since=next(iter(sys.argv[3:]), ""))
    export_registry(whole, Path(sys.argv[1]), sys.argv[2], since="2026-10")
"""


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["parquet", "sqlite"])
def test_a_killed_process_leaves_a_folder_that_the_next_one_completes(tmp_path, format_):
    whole, out = eventful(), tmp_path / "out"
    export_registry(whole, tmp_path / "new", format_)
    expected = {path: len(data) for path, data in exported(tmp_path / "new").items()}
    for number in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(out), format_],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.35 + number * 0.083)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        export_registry(whole, out, format_)
        assert {path: len(data) for path, data in exported(out).items()} == expected


def test_a_full_disk_is_one_error_and_leaves_the_old_files(tmp_path, monkeypatch):
    if sys.platform != "linux":
        pytest.skip("the limit of a file's size stands in for a full disk")
    import resource

    whole, out = eventful(), tmp_path / "out"
    for format_ in FORMATS:
        export_registry(whole, out, format_)
    before = exported(out)
    changed(whole, "shop", deployment("9" * 100, at="2026-11-05T10:00:00Z"))
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
        for format_ in FORMATS:
            with pytest.raises(OperationFailed, match="cannot write"):
                export_registry(whole, out, format_)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert exported(out) == before
    for format_ in FORMATS:
        export_registry(whole, out, format_)
        export_registry(whole, tmp_path / "new", format_)
    assert exported(out) == exported(tmp_path / "new")
