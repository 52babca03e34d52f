"""The file: its size, its bytes, what is in it, and how it is written."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING
from zipfile import ZipFile

from tests.acceptance.tool import PATIENCE, PROJECT, versioner
from versioner.recorder.archive import made_recorder
from versioner.reporting.exports import recorder_json, recorder_text

if TYPE_CHECKING:
    from pathlib import Path

MAKE = "import os; os.umask(0o077); from versioner.__main__ import main; main()"
ELSEWHERE = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "77", "COLUMNS": "20"}


def test_it_is_small_has_no_compiled_module_and_every_licence(pyz: Path) -> None:
    assert pyz.stat().st_size < 1_000_000
    with ZipFile(pyz) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        facts = json.loads(archive.read("recorder.json"))
        licences = {name: archive.read(f"licenses/{name}.txt") for name in facts["packages"]}
    assert names == sorted(names)
    kinds = {name.rpartition(".")[2] for name in names}
    assert kinds == {"py", "json", "txt", "bin"}
    assert [*facts["packages"]] == ["versioner", "click", "pyyaml", "python-dateutil", "tzdata"]
    assert licences["versioner"] == (PROJECT / "LICENSE").read_bytes()
    for name, text in licences.items():
        assert b"opyright" in text or b"Apache" in text, name


def test_its_bytes_are_the_same_wherever_and_whenever_it_is_made(pyz: Path, tmp_path: Path) -> None:
    # A checkout elsewhere, with the lines of Windows and other times of the files.
    copy = tmp_path / "checkout"
    for part in ("versioner", "schemas"):
        shutil.copytree(PROJECT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "LICENSE", copy)
    for name in ("versioner/names.py", "schemas/product.schema.json", "LICENSE"):
        (copy / name).write_bytes((copy / name).read_bytes().replace(b"\n", b"\r\n"))
    subprocess.run(
        [sys.executable, "-c", MAKE, "recorder", "out.pyz"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), **ELSEWHERE},
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    assert (copy / "out.pyz").read_bytes() == pyz.read_bytes()
    assert stat.S_IMODE((copy / "out.pyz").stat().st_mode) == 0o755


def test_the_report_names_the_hash_that_sha256sum_finds(tmp_path: Path, pyz: Path) -> None:
    made = made_recorder()
    assert made.data == pyz.read_bytes()
    found = hashlib.sha256(made.data).hexdigest()
    assert made.checksum() == f"{found}  versioner.pyz\n".encode()
    report = json.loads(recorder_json(made, tmp_path / "v.pyz"))
    assert (report["sha256"], report["bytes"]) == (found, len(made.data))
    assert report["file"] == str(tmp_path / "v.pyz")
    assert report["packages"]["click"] in recorder_text(made, tmp_path)


def test_what_is_no_file_stays_and_a_missing_folder_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, message in (
        ("pipe", "pipe is not a regular file"),
        ("none/v.pyz", "there is no folder none"),
        (".", "is a directory"),
    ):
        assert message in versioner("recorder", name, cwd=tmp_path, code=2).stderr
    assert [each.name for each in tmp_path.iterdir()] == ["pipe"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
