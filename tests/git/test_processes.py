"""What a write costs, counted in git processes: a count holds on any machine."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.fixtures.clones import LOG, append, commit, make, sh

COUNTED = 6


def test_one_appended_line_costs_six_git_processes(tmp_path, monkeypatch):
    top = make(tmp_path / "c")
    started = []
    real = subprocess.Popen.__init__

    def counting(self, args, *rest, **options):
        started.append(args)
        real(self, args, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(subprocess.Popen, "__init__", counting)
        append(top, b"- 1")
    commands = [
        next(arg for arg in args[2:] if not arg.startswith("-") and "=" not in arg and arg != "git")
        for args in started
    ]
    assert commands == [
        "rev-parse", "config", "cat-file", "unpack-objects", "update-ref", "update-index"
    ]  # fmt: skip
    assert len(commands) == COUNTED


def test_git_itself_starts_no_process_more(tmp_path, monkeypatch):
    top = make(tmp_path / "c")
    trace = tmp_path / "trace"
    config = tmp_path / "config"
    config.write_text(f"[user]\n\tname = T\n\temail = t@x\n[trace2]\n\teventTarget = {trace}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    append(top, b"- 1")
    events = [json.loads(line) for line in trace.read_text().splitlines()]
    names = sorted(event["name"] for event in events if event["event"] == "cmd_name")
    assert len(names) == COUNTED
    assert "unpack-objects" in names  # a loose object for each, no pack


def test_a_small_commit_leaves_no_pack_behind(tmp_path):
    top = make(tmp_path / "c")
    for number in range(3):
        append(top, b"- %d" % number)
    assert not list((top / ".git/objects/pack").iterdir())


def test_the_hot_path_imports_nothing_heavy():
    heavy = [
        "yaml",
        "jsonschema",
        "jsonschema_rs",
        "git",
        "jinja2",
        "ruamel",
        "sqlite3",
        "asyncio",
        "tempfile",
        "shutil",
    ]
    code = (
        "import sys; before = set(sys.modules)\n"
        "import versioner.git.commit, versioner.git.transaction, versioner.git.snapshot\n"
        "print(*(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {name.split(".")[0] for name in done.stdout.split()} & set(heavy)


def test_the_cost_does_not_grow_with_the_files_of_other_products(tmp_path, monkeypatch):
    top = make(tmp_path / "c")
    commit(top, {f"registry/products/p{n}/product.yaml": b"%d\n" % n for n in range(500)})
    asked = []
    from versioner.git.objects import ObjectReader

    real = ObjectReader._answer

    def counting(self, answers, name):
        found = real(self, answers, name)
        asked.append(name)
        return found

    monkeypatch.setattr(ObjectReader, "_answer", counting)
    append(top, b"- 1")
    assert len(asked) <= 8
    assert sh(top, "status", "--porcelain") == ""
    assert (top / LOG).read_bytes() == b"# log\n- 1\n"
