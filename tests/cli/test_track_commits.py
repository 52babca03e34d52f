"""The commits that `track` records with a version, from a checkout of its source or a file."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.sources import SourceClone, name_source_paths
from versioner.cli.errors import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.registries import Desk

pytestmark = pytest.mark.slow


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SourceClone:
    """Return a source in whose checkout the commands are run."""
    clone = SourceClone(tmp_path / "source")
    monkeypatch.chdir(clone.top)
    return clone


@pytest.fixture
def build(desk: Desk) -> Callable[..., Any]:
    """Return a function that records the build of a version of a commit, and returns its event."""

    def record(version: str, sha: str, *options: str, kind: str = "build") -> Any:
        place = ["-e", "staging"] if kind == "deployment" else []
        named = ["-p", "tea", "--version", version, *place]
        done = desk.run(
            "track", kind, *named, *(["--scm-sha", sha] if sha else []), "-o", "json", *options
        )
        return done.json()["event"]

    return record


def subjects(event: Any) -> list[str]:
    return [each.get("subject", "") for each in event["changes"]["commits"]]


def test_a_build_has_the_commits_since_the_version_before_with_their_keys(
    source: SourceClone, build: Callable[..., Any]
) -> None:
    first = source.commit("Begin")
    assert "changes" not in build("1.0", first)
    second = source.commit("Fix the login (#12)\n\nCloses ABC-7, see UTF-8.\n")
    third = source.commit("Merge pull request #13 from acme/x\n\nAdd tea", author="Omar Li")
    event = build("1.1", third)
    assert event["changes"] == {
        "since": "1.0",
        "commits": [
            {
                "id": third[:8],
                "subject": "Merge pull request #13 from acme/x",
                "author": "omar",
                "keys": ["#13"],
            },
            {
                "id": second[:8],
                "subject": "Fix the login (#12)",
                "author": "jane",
                "keys": ["#12", "ABC-7"],
            },
        ],
    }
    # Each version has its commits once.
    assert "changes" not in build("1.1", third, kind="deployment")
    # The same commit again is another version without commits of its own.
    assert build("1.1.1", third)["changes"] == {"since": "1.1", "commits": []}


def test_a_deployment_takes_the_commit_that_the_build_named(
    source: SourceClone, build: Callable[..., Any]
) -> None:
    build("1.0", source.commit("Begin"), "--no-changes")
    build("1.1", source.commit("Pour"), "--no-changes")
    event = build("1.1", "", kind="deployment")
    assert event["changes"]["since"] == "1.0"
    assert subjects(event) == ["Pour"]


def test_the_version_before_is_an_ancestor(source: SourceClone, build: Callable[..., Any]) -> None:
    begin = source.commit("Begin")
    build("1.0", begin)
    source.git("checkout", "-q", "-b", "side")
    build("side-1", source.commit("Aside"))
    source.git("checkout", "-q", "main")
    event = build("1.1", source.commit("Ahead"))
    assert (event["changes"]["since"], subjects(event)) == ("1.0", ["Ahead"])
    source.git("merge", "-q", "--no-ff", "side", "-m", "Merge side")
    event = build("1.2", source.git("rev-parse", "HEAD"))
    assert (event["changes"]["since"], subjects(event)) == ("1.1", ["Merge side", "Aside"])
    # A patch of a version before the latest one.
    source.git("checkout", "-q", "-b", "patch", begin)
    event = build("1.0.1", source.commit("Patch"))
    assert (event["changes"]["since"], subjects(event)) == ("1.0", ["Patch"])


def test_a_checkout_of_depth_1_gives_its_commit_alone(
    source: SourceClone,
    build: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build("1.0", source.commit("Begin"))
    source.commit("Middle")
    last = source.commit("Last (#3)")
    clone = ["git", "clone", "-q", "--depth=1", f"file://{source.top}", str(tmp_path / "shallow")]
    subprocess.run(clone, check=True)
    monkeypatch.chdir(tmp_path / "shallow")
    event = build("1.1", last)
    assert event["changes"]["partial"] is True
    assert "since" not in event["changes"]
    assert subjects(event) == ["Last (#3)"]
    # An event with the whole list is recorded too, and no third one.
    assert "changes" not in build("1.1", last, "--event-id", "again")
    monkeypatch.chdir(source.top)
    assert subjects(build("1.1", last, kind="deployment")) == ["Last (#3)", "Middle"]
    assert "changes" not in build("1.1", last, "--event-id", "more")


def test_nothing_is_recorded_where_the_commit_is_not_known(
    source: SourceClone, build: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    build("1.0", source.commit("Begin"))
    assert "changes" not in build("1.1", "1234567890" * 4)
    assert "changes" not in build("1.2", "")
    source.commit("Next")
    # What is not committed is in no version.
    (source.top / "more").write_text("draft")
    assert subjects(build("1.3", source.git("rev-parse", "HEAD"))) == ["Next"]
    monkeypatch.chdir(tmp_path)
    assert "changes" not in build("1.4", source.commit("Last"))


def test_a_checkout_that_git_refuses_or_that_is_broken_hinders_nothing(
    source: SourceClone, build: Callable[..., Any]
) -> None:
    build("1.0", source.commit("Begin"))
    sha = source.commit("Next")
    (source.top / ".git/HEAD").write_bytes(b"\0garbage")
    assert "changes" not in build("1.1", sha)


def test_a_product_of_a_shared_repository_has_the_commits_of_its_paths(
    desk: Desk, source: SourceClone, build: Callable[..., Any]
) -> None:
    build("1.0", source.commit("Begin", path="tea/a"))
    name_source_paths(desk, "tea", "shared/*.txt")
    source.commit("Brew coffee", path="coffee/a")
    source.commit("Warm the pot", path="tea/b")
    source.git("checkout", "-q", "-b", "side")
    source.commit("Literal", path="shared/*.txt")
    source.commit("No match", path="shared/a.txt")
    source.git("checkout", "-q", "main")
    source.commit("Grind", path="coffee/b")
    source.git("merge", "-q", "--no-ff", "side", "-m", "Merge pull request #4 from side")
    event = build("1.1", source.git("rev-parse", "HEAD"))
    assert subjects(event) == ["Merge pull request #4 from side", "Literal", "Warm the pot"]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("people", "authors", "subject"),
    [
        ("none", [None, None], "Ask [e-mail]"),
        ("login", ["jane", None], "Ask [e-mail]"),
        ("all", ["jane", "Bo Ek"], "Ask bo@example.com"),
    ],
)
def test_authors_are_recorded_as_people_allows(
    desk: Desk,
    source: SourceClone,
    build: Callable[..., Any],
    people: str,
    authors: list[str | None],
    subject: str,
    tmp_path: Path,
) -> None:
    config = desk.top / "registry/registry.yaml"
    config.write_text(f"{config.read_text()}people: {people}\n")
    desk.git("commit", "-qam", "People")
    build("1.0", source.commit("Begin"))
    source.git("config", "user.email", "bo@example.com")
    source.commit("Ask bo@example.com")
    commits = build("1.1", source.git("rev-parse", "HEAD"))["changes"]["commits"]
    assert commits[0].get("author") == authors[0]
    assert commits[0]["subject"] == subject
    file = tmp_path / "changes.txt"
    file.write_text("1234567\tjane\tOne\n1234568\tBo Ek\tAsk bo@example.com\n")
    commits = build("1.2", "", "--changes-from", str(file))["changes"]["commits"]
    assert [each.get("author") for each in commits] == authors
    assert commits[1]["subject"] == subject


def test_a_hostile_message_is_recorded_as_one_harmless_line(
    desk: Desk, source: SourceClone, build: Callable[..., Any]
) -> None:
    build("1.0", source.commit("Begin"))
    hostile = [
        b"\x1b[31mred\x1b[0m \x07bell\r\x9bC1 \xe2\x80\xaeflip\xe2\x80\xac",
        b'- {at: "x", id: y}\n# no comment\n\nbody',
        b"\xff\xfe not UTF-8 \xe2\x80\xa8 line",
        b"::error::owned %0A ##vso[task] <script>alert(1)</script> {{ x }}",
        b"x" * 10_000,
        b"\n\n  \n",
        b"key AKIAIOSFODNN7EXAMPLE and token ghp_" + b"a" * 36,
        "Grüße 🍵 \ufeff".encode(),
    ]
    for message in hostile:
        source.commit(message)
    done = desk.run(
        "track", "build", "-p", "tea", "--version", "1.1", "--scm-sha",
        source.git("rev-parse", "HEAD"), "-o", "json",
    )  # fmt: skip
    event = done.json()["event"]
    found = subjects(event)[::-1]
    assert found[0] == "red bell C1 flip"
    assert found[1] == '- {at: "x", id: y} # no comment'
    assert found[2] == "ÿþ not UTF-8 line"
    assert len(found[4]) == 120
    assert found[5:] == ["", "", "Grüße 🍵"]
    assert "secret" in done.err
    assert "AKIA" not in done.out + done.err
    assert all(text.isprintable() for text in found)
    assert desk.run("validate").code == 0
    line = desk.git("show", "HEAD").splitlines()
    assert sum(each.startswith("+- ") for each in line) == 1


def test_only_200_commits_are_listed_and_the_others_counted(
    source: SourceClone, build: Callable[..., Any]
) -> None:
    build("1.0", source.commit("Begin"))
    source.commit_all(["more"] * 230)
    changes = build("1.1", source.git("rev-parse", "main"))["changes"]
    assert len(changes["commits"]) == 200
    assert changes["more"] == 30


def test_a_long_list_has_short_subjects_and_the_id_and_keys_of_each_commit(
    desk: Desk, source: SourceClone, build: Callable[..., Any]
) -> None:
    build("1.0", source.commit("Begin"))
    wordy = "Explain at length what this does " * 4
    texts = [f"{wordy}(#{number})" for number in range(100, 117)]
    texts += ["Merge branch 'main' into side", "Merge pull request #7 from acme/a-long-name\n\nTea"]
    texts += ["Brew (#8)", "Wait"]
    source.commit_all(texts)
    event = build("1.1", source.git("rev-parse", "HEAD"))
    commits = event["changes"]["commits"]
    assert len(commits) == len(texts)
    assert [each.get("subject") for each in commits[:4]] == [
        "Wait", "Brew (#8)", "Merge pull request #7 from…", None
    ]  # fmt: skip
    cut = {each["subject"] for each in commits[4:]}
    assert all(len(text) in range(69, 73) and "… (#1" in text for text in cut)
    assert [each["keys"] for each in commits[4:]] == [[f"#{n}"] for n in range(116, 99, -1)]
    line = desk.git("grep", "-h", 'since: .1.0\\|"since"', "--", "registry/products/tea")
    assert len(line.partition("changes: ")[2]) < 2000
    for name in ("#104", commits[-1]["id"], commits[3]["id"]):
        assert desk.run("where", name, "-o", "json").code == 0
    texts = [f"{number} {wordy} ABC-{number}" for number in range(60)]
    source.commit_all(texts)
    commits = build("1.2", source.git("rev-parse", "HEAD"))["changes"]["commits"]
    assert [each["keys"] for each in commits] == [[f"ABC-{n}"] for n in range(59, -1, -1)]
    has_subject = ["subject" in each for each in commits]
    assert 10 < has_subject.index(False) < 40
    assert not any(has_subject[has_subject.index(False) :])
    assert desk.run("where", "ABC-0", "-o", "json").code == 0


FILES = {
    "oneline.txt": "4f5d1c2a Fix (#1)\n4f5d1c2b Add ABC-2\n",
    "tabs.txt": "4f5d1c2a\tjane\tFix (#1)\n4f5d1c2b\tBo Ek\tAdd ABC-2\n",
    "array.json": json.dumps(
        [{"id": "4f5d1c2a", "subject": "Fix (#1)"}, {"sha": "4f5d1c2b", "message": "Add ABC-2\n"}]
    ),
    "object.json": json.dumps(
        {"since": "0.9", "commits": [{"id": "4f5d1c2a", "title": "Fix (#1)", "keys": ["X-1"]}]}
    ),
}


@pytest.mark.sampled
@pytest.mark.parametrize("name", FILES)
def test_commits_of_a_file_are_recorded(
    build: Callable[..., Any], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    build("1.0", "")
    (tmp_path / name).write_text(FILES[name])
    changes = build("1.1", "", "--changes-from", name)["changes"]
    assert changes["commits"][0]["id"] == "4f5d1c2a"
    assert changes["commits"][0]["subject"] == "Fix (#1)"
    assert "#1" in changes["commits"][0]["keys"]
    if name == "object.json":
        assert changes["commits"][0]["keys"] == ["#1", "X-1"]
        assert changes["since"] == "0.9"
    else:
        assert changes["since"] == "1.0"
        assert changes["commits"][1]["keys"] == ["ABC-2"]


@pytest.mark.sampled
@pytest.mark.parametrize(
    "text", ["hello", "{", "[1]", '{"commits": 3}', '{"since": "..", "commits": []}']
)
def test_a_file_that_is_no_list_of_commits_is_a_warning(
    desk: Desk, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "changes"
    file.write_text(text)
    for name in (str(file), str(tmp_path / "missing"), str(tmp_path)):
        done = desk.run(
            "track", "build", "-p", "tea", "--version", f"v{hash(name)}", "--changes-from", name
        )
        assert done.code == 0
        assert "no commits are recorded" in done.err


def test_the_patterns_of_the_registry_say_what_a_key_is(
    desk: Desk, source: SourceClone, build: Callable[..., Any]
) -> None:
    config = desk.top / "registry/registry.yaml"
    patterns = 'changes: {patterns: [{match: "AB#N", url: "https://example.com/{number}"}]}'
    config.write_text(f"{config.read_text()}{patterns}\n")
    desk.git("commit", "-qam", "Patterns")
    build("1.0", source.commit("Begin"))
    event = build("1.1", source.commit("Fix AB#77 (#12), not CRAB#5"))
    assert event["changes"]["commits"][0]["keys"] == ["AB#77"]
    config.write_text(config.read_text().replace("AB#N", "AB#"))
    desk.git("commit", "-qam", "Break a pattern")
    assert "has no number" in desk.run("validate").out
    assert "keys" not in build("1.2", source.commit("Fix AB#78"))["changes"]["commits"][0]
    text = config.read_text()
    config.write_text(text[: text.index("changes:")] + "changes: {record: never}\n")
    desk.git("commit", "-qam", "Record none")
    assert "changes" not in build("1.3", source.commit("Fix AB#79"))


def test_one_git_process_reads_the_source(
    source: SourceClone, build: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build("1.0", source.commit("Begin"))
    sha = source.commit("Next")
    trace = tmp_path / "trace"
    (tmp_path / "config").write_text(f"[trace2]\neventTarget = {trace}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    build("1.1", sha)
    build("1.1", sha, kind="deployment")
    started = [line for line in trace.read_text().splitlines() if '"event":"start"' in line]
    assert sum(str(source.top) in line or '"log"' in line for line in started) == 1


def test_a_command_records_the_commits_when_it_starts(
    desk: Desk, source: SourceClone, build: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    build("1.0", source.commit("Begin"))
    sha = source.commit("Next")
    monkeypatch.setenv("VERSIONER_REPO", str(desk.top))
    named = ["-p", "tea", "-e", "staging", "--version", "1.1", "--scm-sha", sha]
    assert run(["track", "deployment", *named, "--", "true"]) == 0
    lines = desk.git("grep", "-h", 'version: "1.1"', "--", "registry/products/tea").splitlines()
    assert ["changes: " in line for line in lines] == [True, False]
    assert 'status: "started"' in lines[0]


def test_a_job_finds_the_checkout_of_its_system_and_needs_no_folder(
    source: SourceClone,
    build: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build("1.0", source.commit("Begin"))
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert "changes" not in build("1.1", source.commit("Next"))
    for name, value in (("GITLAB_CI", "true"), ("CI", "true"), ("CI_PROJECT_DIR", source.top)):
        monkeypatch.setenv(name, str(value))
    event = build("1.2", source.commit("More"), "--event-id", "one", "--local")
    assert (event["changes"]["since"], subjects(event)) == ("1.1", ["More"])
    monkeypatch.setenv("CI_PROJECT_DIR", "relative")
    assert "changes" not in build("1.3", source.commit("Last"), "--event-id", "two", "--local")


def test_the_registrys_own_commits_are_never_recorded(
    desk: Desk, build: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.top)
    build("1.0", desk.git("rev-parse", "HEAD"))
    assert "changes" not in build("1.1", desk.git("rev-parse", "HEAD"))


def test_commits_are_recorded_at_a_url_and_those_of_a_file_in_the_inbox(
    desk: Desk, source: SourceClone, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "forge.git"
    desk.git("clone", "-q", "--bare", str(desk.top), str(bare))
    file = tmp_path / "changes.txt"
    file.write_text("4f5d1c2a Fix (#1)\n")

    def track(version: str, *options: str) -> Any:
        named = ["-p", "user-service", "--version", version, "--repo", f"file://{bare}"]
        assert run(["track", "build", *named, "-o", "json", *options]) == 0
        return json.loads(capsys.readouterr().out)

    track("1.0", "--scm-sha", source.commit("Begin"))
    recorded = track("1.1", "--scm-sha", source.commit("Next"))
    assert recorded["outcome"] == "recorded"
    assert recorded["event"]["changes"]["since"] == "1.0"
    assert subjects(recorded["event"]) == ["Next"]
    # Nobody looks at the registry there, so that the version before is not known.
    assert (
        "changes" not in track("1.2", "--scm-sha", source.commit("Last"), "--via", "inbox")["event"]
    )
    assert track("1.3", "--changes-from", str(file), "--via", "inbox")["outcome"] == "received"
    assert run(["collect", "--repo", f"file://{bare}"]) == 0
    capsys.readouterr()
    assert run(["version", "list", "user-service", "--repo", str(bare)]) == 0
    logs = subprocess.run(
        ["git", "-C", str(bare), "grep", "-h", 'version: "1.3"', "main"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert 'changes: {"since": "1.2", "commits": ["4f5d1c2a Fix (#1)"]}' in logs


def test_a_list_or_the_texts_of_one_commit_can_be_taken_away(
    desk: Desk, source: SourceClone, build: Callable[..., Any]
) -> None:
    build("1.0", source.commit("Begin"))
    source.commit("A name that should not be here (#5)")
    event = build("1.1", source.commit("Fine"))
    base = desk.git("rev-parse", "HEAD")
    first, second = event["changes"]["commits"]
    for field in ("changes.commits", "changes.since", "changes.12345678"):
        done = desk.run("deployment", "redact", event["id"], field)
        assert done.code == 4
        assert "no commit" in done.err
    assert desk.run("deployment", "redact", event["id"], f"changes.{second['id']}").code == 0
    assert desk.run("deployment", "redact", event["id"], f"changes.{second['id']}").code == 0
    found = desk.run("version", "changes", "tea", "1.0..1.1", "-o", "json").json()["added"]
    assert [(each["id"], each["subject"]) for each in found["commits"]] == [
        (first["id"], "Fine"),
        (second["id"], None),
    ]
    assert desk.run("where", "#5").code == 2
    assert desk.run("validate", "--base", base, "--allow-log-changes").code == 0
    assert desk.run("deployment", "redact", event["id"], "changes").code == 0
    assert desk.run("validate", "--base", base, "--allow-log-changes").code == 0
    # What was taken away is not recorded again.
    assert "changes" not in build("1.1", source.git("rev-parse", "HEAD"), kind="deployment")
    assert not desk.run("version", "changes", "tea", "1.0..1.1", "-o", "json").json()["exact"]
