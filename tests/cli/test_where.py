"""Where a change runs, against what git says of each commit."""

from __future__ import annotations

import json
import re
import subprocess
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from versioner.editing.imports import import_file
from versioner.git.repository import open_repository

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.registries import Desk

pytestmark = pytest.mark.slow

NOW = "2026-11-22T10:15:00Z"
FILES = ("a.txt", "b.txt", "c.txt")


class Source:
    """A source repository with a history of branches, merges, cherry-picks and reverts."""

    def __init__(self, top: Path) -> None:
        self.top = top
        top.mkdir()
        self.clock = 1_700_000_000
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Jane")
        self.git("config", "user.email", "jane@example.com")
        for name in FILES:
            (top / name).write_text("".join(f"line {number}\n" for number in range(60)))
        self.git("add", ".")
        self.git("commit", "-q", "-m", "Begin")

    def git(self, *args: str, check: bool = True) -> str:
        self.clock += 60
        when = f"{self.clock} +0000"
        env = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            ["git", "-C", str(self.top), *args], capture_output=True, text=True, env=env,
            check=False,
        )  # fmt: skip
        if check:
            assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def change(self, random: Random, subject: str) -> str:
        path = self.top / random.choice(FILES)
        lines = path.read_text().splitlines()
        lines[random.randrange(len(lines))] = f"changed {random.random()}"
        path.write_text("\n".join(lines) + "\n")
        self.git("commit", "-q", "-am", subject)
        return self.git("rev-parse", "HEAD")

    def grow(self, random: Random, steps: int) -> None:
        branches = ["main"]
        for number in range(steps):
            commits = self.git("rev-list", "--no-merges", "--all").split()
            what = random.random()
            self.git("checkout", "-q", random.choice(branches))
            if what < 0.5:
                self.change(random, f"Change {number}")
            elif what < 0.6 and len(branches) < 4:
                branches.append(f"branch-{number}")
                self.git("checkout", "-q", "-b", branches[-1])
            elif what < 0.75:
                self.try_("merge", "-q", "--no-edit", random.choice(branches))
            elif what < 0.88:
                self.try_("cherry-pick", random.choice(commits))
            else:
                self.try_("revert", "--no-edit", random.choice(commits))

    def try_(self, *args: str) -> None:
        self.git(*args, check=False)
        if self.git("status", "--porcelain"):
            self.git("reset", "-q", "--hard")
            (self.top / ".git/CHERRY_PICK_HEAD").unlink(missing_ok=True)
            (self.top / ".git/REVERT_HEAD").unlink(missing_ok=True)

    def read(self) -> None:
        """Read what git says of all commits, each at once: ancestors, patch ids, reverts."""
        parents = [line.split() for line in self.git("rev-list", "--parents", "--all").split("\n")]
        self.everything = [each[0] for each in parents]
        merges = {each[0] for each in parents if len(each) > 2}
        shown = subprocess.run(
            ["git", "-C", str(self.top), "log", "--all", "-p", "--no-renames", "--no-merges"],
            capture_output=True, check=True,
        ).stdout  # fmt: skip
        lines = subprocess.run(
            ["git", "-C", str(self.top), "patch-id", "--stable"], input=shown,
            capture_output=True, check=True,
        ).stdout.decode().split()  # fmt: skip
        pairs = zip(lines[1::2], lines[::2], strict=True)
        self.patch_ids = {commit: patch for commit, patch in pairs if commit not in merges}
        self.reverts: dict[str, list[str]] = {}
        for commit in self.everything:
            message = self.git("log", "-1", "--format=%B", commit)
            for reverted in re.findall(r"This reverts commit ([0-9a-f]{40})", message):
                self.reverts.setdefault(reverted, []).append(commit)
        self.ancestors: dict[tuple[str, str], bool] = {}

    def is_ancestor(self, commit: str, head: str) -> bool:
        found = self.ancestors.get((commit, head))
        if found is None:
            done = subprocess.run(
                ["git", "-C", str(self.top), "merge-base", "--is-ancestor", commit, head],
                check=False,
            )
            found = self.ancestors[commit, head] = done.returncode == 0
        return found

    def says(self, commit: str, head: str) -> bool:
        """Return whether a change is in a head, by the sentence that defines it."""
        own = self.patch_ids.get(commit)
        copies = {commit} | {
            each for each in self.everything if own and self.patch_ids.get(each) == own
        }
        return any(
            self.is_ancestor(copy, head)
            and not any(self.is_ancestor(revert, head) for revert in self.reverts.get(copy, ()))
            for copy in copies
        )


def deploy(desk: Desk, rows: list[tuple[str, str, str]]) -> None:
    """Record that commits were deployed: a moment, an environment and a commit each."""
    path = desk.top.parent / "source-rows.csv"
    lines = ["at,product,environment,version,status,deployed_by,scm_sha,id"]
    for number, (at, environment, commit) in enumerate(rows):
        version = f"v{number}-{commit[:8]}"
        lines.append(f"{at},tea,{environment},{version},completed,jane,{commit},tea-{number}")
    path.write_text("\n".join(lines) + "\n")
    import_file(open_repository(desk.top), path, now=NOW)


def test_the_answer_is_what_git_says_of_each_commit(
    desk: Desk, tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    random = Random(7)
    source = Source(tmp_path / "source")
    source.grow(random, scale(24, 2000))
    source.read()
    commits = source.everything
    deployed = {each: random.choice(commits) for each in ("staging", "production")}
    deploy(desk, [("2026-11-01T09:00:00Z", *item) for item in deployed.items()])
    asked = random.sample(commits, scale(6, 1000))
    seen = set()
    for commit in asked:
        found = desk.run(
            "where", commit, "--source", str(source.top), "-p", "tea", "-o", "json"
        ).json()["environments"]
        states = {each["environment"]: each["state"] for each in found}
        for environment, head in deployed.items():
            expected = "there" if source.says(commit, head) else "never"
            assert states[environment] == expected, (commit, head)
            seen.add(expected)
    assert seen == {"there", "never"}


def test_a_change_that_was_reverted_or_rolled_back_is_taken_back(
    desk: Desk, tmp_path: Path
) -> None:
    random, source = Random(1), Source(tmp_path / "source")
    first = source.git("rev-parse", "HEAD")
    change = source.change(random, "Fix the login (#12)")
    source.git("revert", "--no-edit", change)
    reverted = source.git("rev-parse", "HEAD")
    source.git("revert", "--no-edit", reverted)
    again = source.git("rev-parse", "HEAD")
    deploy(
        desk,
        [
            ("2026-11-01T09:00:00Z", "staging", first),
            ("2026-11-02T09:00:00Z", "staging", change),
            ("2026-11-03T09:00:00Z", "staging", reverted),
            ("2026-11-01T09:00:00Z", "production", first),
            ("2026-11-04T09:00:00Z", "production", again),
        ],
    )
    for name in (change, change[:10], "#12"):
        found = desk.run("where", name, "--source", str(source.top), "-o", "json").json()
        assert found["commits"] == [{"id": change, "subject": "Fix the login (#12)"}]
        places = {each["environment"]: each for each in found["environments"]}
        assert {key: each["state"] for key, each in places.items()} == {
            "staging": "taken-back",
            "production": "there",
        } | {key: "never" for key in places if key not in ("staging", "production")}
        assert places["staging"]["since"] == "2026-11-02T09:00:00Z"
        assert places["staging"]["until"] == "2026-11-03T09:00:00Z"
        assert places["production"]["by"] == "jane"
        assert places["production"]["until"] is None
    text = desk.run("where", "#12", "--source", str(source.top)).out
    assert "taken back" in text


def test_without_a_source_only_the_versions_of_the_commit_are_known(desk: Desk) -> None:
    commit = "1234567890" * 4
    deploy(desk, [("2026-11-01T09:00:00Z", "staging", commit)])
    found = desk.run("where", commit[:12], "-o", "json").json()
    assert found["exact"] is False
    states = {each["environment"]: each["state"] for each in found["environments"]}
    assert states["staging"] == "there"
    assert desk.run("where", "#12").code == 2
    assert "--source" in desk.run("where", "#12").err
    assert desk.run("where", "abcdef123").code == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("abcdef0123", "has no commit"),
        ("#77", "no commit of the source names #77"),
        ("what", "is no commit, pull request or ticket"),
        ("--all", "No such option"),
    ],
)
def test_a_change_that_is_not_there_is_said_so(
    desk: Desk, tmp_path: Path, name: str, message: str
) -> None:
    source = Source(tmp_path / "source")
    done = desk.run("where", name, "--source", str(source.top))
    assert done.code == 2
    assert message in done.err


def recorded(desk: Desk, rows: list[tuple[str, str, str, dict[str, object] | None]]) -> None:
    """Record deployments of versions: a day of November, an environment, and the commits."""
    path = desk.top.parent / "recorded.jsonl"
    lines = []
    for number, (day, environment, version, changes) in enumerate(rows):
        event = {
            "at": f"2026-11-{day}T09:00:00Z", "product": "tea", "environment": environment,
            "version": version, "status": "completed", "deployed_by": "jane", "id": f"tea-{number}",
        }  # fmt: skip
        lines.append(json.dumps(event | ({"changes": changes} if changes else {})))
    path.write_text("\n".join(lines) + "\n")
    import_file(open_repository(desk.top), path, now=NOW)


def listed(since: str, *subjects: str, **more: object) -> dict[str, object]:
    """Return the list of a version; the id of a commit is made of its subject."""
    commits = []
    for subject in subjects:
        commit: dict[str, object] = {"id": sha256(subject.encode()).hexdigest()[:10]}
        commit["subject"] = subject
        if keys := re.findall(r"[#!][0-9]+|[A-Z]+-[0-9]+", subject):
            commit["keys"] = keys
        commits.append(commit)
    return {"since": since, **more, "commits": commits}


@pytest.fixture
def recorded_desk(desk: Desk) -> Desk:
    recorded(
        desk,
        [
            ("01", "staging", "1.0", None),
            ("01", "production", "1.0", None),
            ("02", "staging", "1.1", listed("1.0", "Fix the login (#12)", "Add ABC-7")),
            ("03", "production", "1.1", None),
            ("04", "production", "1.0", None),
            ("05", "staging", "1.2", listed("1.1", "More of ABC-7", "Pour !4", more=1)),
            ("06", "test", "1.0.1", listed("1.0", "Patch")),
            ("07", "review", "9.9", None),
        ],
    )
    return desk


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("#12", ["there", "taken-back", "never", "unknown"]),
        (sha256(b"Fix the login (#12)").hexdigest(), ["there", "taken-back", "never", "unknown"]),
        # All of its commits, of which one was in staging alone.
        ("ABC-7", ["there", "never", "never", "unknown"]),
        ("!4", ["there", "never", "never", "unknown"]),
        (sha256(b"Patch").hexdigest()[:8], ["unknown", "never", "there", "unknown"]),
    ],
)
def test_recorded_commits_tell_where_a_change_is(
    recorded_desk: Desk, name: str, states: list[str]
) -> None:
    found = recorded_desk.run("where", name, "-o", "json").json()
    assert found["exact"] is False
    places = {each["environment"]: each for each in found["environments"]}
    assert [places[each]["state"] for each in ("staging", "production", "test", "review")] == states
    if name == "#12":
        assert found["commits"][0]["subject"] == "Fix the login (#12)"
        assert places["staging"]["since"] == "2026-11-02T09:00:00Z"
        assert places["production"]["until"] == "2026-11-04T09:00:00Z"
    assert "a revert is not known" in recorded_desk.run("where", name).out


@pytest.mark.sampled
@pytest.mark.parametrize("name", ["#13", "XYZ-1", "abcdef1234", "what", "--", "#"])
def test_a_change_that_no_recorded_commit_names_is_an_error(recorded_desk: Desk, name: str) -> None:
    done = recorded_desk.run("where", name)
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err


def test_the_commits_between_two_versions_are_told_in_both_directions(recorded_desk: Desk) -> None:
    def told(*arguments: str) -> dict[str, Any]:
        return dict(recorded_desk.run("version", "changes", "tea", *arguments, "-o", "json").json())

    forward, back = told("1.0..1.1"), told("1.1..1.0")
    assert [each["subject"] for each in forward["added"]["commits"]] == [
        "Fix the login (#12)", "Add ABC-7",
    ]  # fmt: skip
    assert forward["removed"]["count"] == 0
    assert (back["removed"], back["added"]["count"]) == (forward["added"], 0)
    assert forward["added"]["commits"][0]["keys"] == [{"key": "#12", "url": None}]
    whole = told("--from-env", "staging", "--to-env", "production")
    assert (whole["from"], whole["to"], whole["exact"]) == ("1.0", "1.2", True)
    assert whole["added"]["count"] == 5
    assert told("1.2")["added"]["count"] == 3
    shown = recorded_desk.run("version", "show", "tea", "1.1", "-o", "json").json()["changes"]
    assert (shown["since"], len(shown["commits"])) == ("1.0", 2)
    text = recorded_desk.run("version", "show", "tea", "1.2").out
    assert "3 commits: More of ABC-7; Pour !4; 1 more" in text
    assert "subject" not in text
    shown = recorded_desk.run("deployment", "show", "tea-5").out
    assert "3 commits: More of ABC-7" in shown
    assert "subject" not in shown
    doubtful = told("1.2..9.9")
    assert (doubtful["exact"], doubtful["unknown"]) == (False, ["9.9"])
    text = recorded_desk.run("version", "changes", "tea", "1.1..1.0").out
    assert "2 commits taken away:" in text
    assert "1 commit not listed" in recorded_desk.run("version", "changes", "tea", "1.0..1.2").out
    rows = recorded_desk.run("version", "changes", "tea", "1.0..1.1", "-o", "csv").out.splitlines()
    assert rows[0] == "change,id,subject,author,keys,url"
    assert len(rows) == 3


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["1.0..7"], 'has no version "7"'),
        (["1.0.."], "is not A..B"),
        (["1.0"], "the version before tea 1.0 is not known"),
        ([], "give A..B"),
        (["--from-env", "staging"], "give A..B"),
        (["1.0..1.1", "--from-env", "a", "--to-env", "b"], "give A..B"),
        (["--from-env", "staging", "--to-env", "mars"], 'no environment "mars"'),
    ],
)
def test_versions_that_cannot_be_compared_are_said_so(
    recorded_desk: Desk, arguments: list[str], message: str
) -> None:
    done = recorded_desk.run("version", "changes", "tea", *arguments)
    assert done.code == 2
    assert message in done.err


def test_links_lead_to_the_forge_and_to_the_pages_of_patterns(recorded_desk: Desk) -> None:
    config = recorded_desk.top / "registry/registry.yaml"
    patterns = [
        {"match": "(#N)"},
        {"match": "[A-Z]+-N", "url": "https://tickets.example.com/{key}?n={number}"},
    ]
    config.write_text(f"{config.read_text()}changes: {json.dumps({'patterns': patterns})}\n")
    product = recorded_desk.top / "registry/products/tea/product.yaml"
    address = "https://github.com/acme/tea"
    product.write_text(f'{product.read_text()}extra_metadata: {{repository: "{address}"}}\n')
    recorded_desk.git("commit", "-qam", "Name the source")
    found = recorded_desk.run("version", "changes", "tea", "1.0..1.1", "-o", "json").json()
    first, second = found["added"]["commits"]
    assert first["url"] == f"{address}/commit/{first['id']}"
    assert first["keys"] == [{"key": "#12", "url": f"{address}/pull/12"}]
    assert second["keys"][0]["url"] == "https://tickets.example.com/ABC-7?n=7"


def test_the_index_has_the_lists_after_an_event_as_when_made_anew(recorded_desk: Desk) -> None:
    assert recorded_desk.run("index").code == 0
    file = recorded_desk.top.parent / "changes.json"
    file.write_text(json.dumps(listed("1.2", "Steep (#15)")))
    named = ["-p", "tea", "--version", "1.3", "--changes-from", str(file)]
    assert recorded_desk.run("track", "build", *named).code == 0
    found = recorded_desk.run("version", "changes", "tea", "1.1..1.3", "-o", "json").json()
    assert found["added"]["count"] == 4
    assert recorded_desk.run("index", "--check").code == 0
    event = recorded_desk.git("grep", "-h", 'version: "1.3"', "--", "registry").split('id: "')[-1]
    assert recorded_desk.run("deployment", "redact", event[:32], "changes").code == 0
    found = recorded_desk.run("version", "changes", "tea", "1.1..1.3", "-o", "json").json()
    assert (found["exact"], found["unknown"]) == (False, ["1.3"])
    assert recorded_desk.run("index", "--check").code == 0
