from __future__ import annotations

import subprocess

import pytest

from tests.fixtures.clones import (
    LOG,
    PRODUCT,
    WHEN,
    append,
    assert_sound,
    at_tip,
    commit,
    make,
    sh,
    status,
)
from versioner.errors import InvalidInput, OperationFailed
from versioner.git.commit import commit_changes
from versioner.git.process import LockedByGit, RefChanged
from versioner.git.repository import on_branch, open_repository
from versioner.git.transaction import transaction

pytestmark = pytest.mark.slow


@pytest.fixture
def top(tmp_path):
    return make(tmp_path / "c")


def test_changes_become_one_commit_in_branch_index_and_files(top):
    before = sh(top, "rev-parse", "HEAD").strip()
    made = commit(top, {LOG: b"# log\n- 1\n", "registry/new/deep/x.yaml": b"x\n"}, when=WHEN)
    assert sh(top, "rev-parse", "HEAD", "HEAD~1").split() == [made, before]
    assert (top / LOG).read_bytes() == at_tip(top, LOG) == b"# log\n- 1\n"
    assert (top / "registry/new/deep/x.yaml").read_bytes() == b"x\n"
    assert "100644" in sh(top, "ls-files", "-s", "registry/new/deep/x.yaml")
    assert sh(top, "log", "-1", "--format=%s|%an|%ae|%cI") == (
        "Change|Test Engineer|engineer@example.test|2026-11-22T10:15:00+00:00\n"
    )
    assert_sound(top)


def test_nothing_to_change_makes_no_commit(top):
    before = sh(top, "rev-parse", "HEAD")
    assert commit(top, {LOG: b"# log\n", "registry/none.yaml": None}) is None
    assert sh(top, "rev-parse", "HEAD") == before


def test_the_first_commit_is_made_on_an_unborn_branch(tmp_path):
    sh(tmp_path, "init", "-q", "-b", "trunk")
    (tmp_path / "other.txt").write_text("untracked\n")
    made = commit(tmp_path, {PRODUCT: b"x\n"})
    assert sh(tmp_path, "rev-list", "trunk").split() == [made]
    assert status(tmp_path) == "?? other.txt\n"


def test_a_bare_repository_takes_commits(top, tmp_path):
    sh(tmp_path, "clone", "-q", "--bare", str(top), "bare.git")
    bare = tmp_path / "bare.git"
    made = append(bare, b"- 1")
    assert sh(bare, "rev-parse", "main").strip() == made
    assert at_tip(bare, LOG) == b"# log\n- 1\n"
    assert sh(bare, "ls-tree", "-r", "--name-only", "HEAD").split() == [LOG, PRODUCT]


def test_an_empty_bare_repository_takes_the_first_commit(tmp_path):
    sh(tmp_path, "init", "-q", "--bare", "-b", "main")
    made = commit(tmp_path, {PRODUCT: b"x\n"})
    assert sh(tmp_path, "rev-parse", "main").strip() == made


def test_a_sha256_repository_takes_commits(tmp_path):
    top = make(tmp_path / "c", None, "--object-format=sha256")
    assert len(append(top, b"- 1")) == 64
    assert (top / LOG).read_bytes() == b"# log\n- 1\n"
    commit(top, {LOG: None})
    assert_sound(top)


def test_files_beside_the_registry_stay_as_they_are(tmp_path):
    top = make(tmp_path / "c", {LOG: b"# log\n", "src/app.py": b"pass\n", "README": b"x\n"})
    append(top, b"- 1")
    assert (top / "src/app.py").read_bytes() == at_tip(top, "src/app.py") == b"pass\n"
    assert_sound(top)


def test_a_branch_that_is_not_checked_out_can_be_written_to(top):
    sh(top, "branch", "side")
    side = on_branch(open_repository(top), "side")
    with transaction(side) as repo:
        commit_changes(repo, {LOG: b"side\n"}, "Side")
    assert at_tip(top, LOG, "side") == b"side\n"
    assert at_tip(top, LOG) == (top / LOG).read_bytes() == b"# log\n"
    assert_sound(top)


def test_an_orphaned_branch_name_gets_its_first_commit(top):
    fresh = on_branch(open_repository(top), "fresh")
    with transaction(fresh) as repo:
        commit_changes(repo, {LOG: b"fresh\n"}, "Fresh")
    assert sh(top, "rev-list", "--count", "fresh").strip() == "1"


def test_a_whole_product_goes_with_its_directories(top):
    commit(top, {PRODUCT: None, LOG: None, "registry/deleted/shop.yaml": b"x\n"})
    assert not (top / "registry/products").exists()
    assert (top / "registry/deleted/shop.yaml").exists()
    assert_sound(top)


def test_a_deleted_directory_with_untracked_files_keeps_these(top):
    (top / "registry/products/shop/notes.txt").write_text("mine\n")
    commit(top, {PRODUCT: None, LOG: None})
    assert status(top) == "?? registry/\n"
    assert (top / "registry/products/shop/notes.txt").read_text() == "mine\n"
    assert not (top / LOG).parent.exists()


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "/x",
        "a//b",
        "a/./b",
        ".git/config",
        "a/.GIT/x",
        "a\\b",
        "C:x",
        "a\nb",
        "",
        "git~1/x",
        "x./y",
        "a/",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(top, path):
    before = sh(top, "rev-parse", "HEAD")
    with pytest.raises(InvalidInput, match="cannot be a path"):
        commit(top, {path: b"x\n"})
    assert sh(top, "rev-parse", "HEAD") == before


def test_any_bytes_and_odd_names_go_through(top):
    files = {
        "registry/a b": b"\0\xff\r\n\n",
        "registry/ä": b"",
        'registry/"q" 1': b"from x\n\ndone\n",
        "registry/t\u2028x": b"no end",
    }
    commit(top, files)
    for path, data in files.items():
        assert (top / path).read_bytes() == at_tip(top, path) == data
    assert_sound(top)


def test_a_message_of_several_lines_and_letters_is_kept(top):
    commit(top, {LOG: b"x\n"}, "Record ä\n\nMore, of data 3\n\nfrom here")
    assert sh(top, "log", "-1", "--format=%B").strip() == "Record ä\n\nMore, of data 3\n\nfrom here"
    assert "versioner: Record ä" in sh(top, "reflog", "-1")


def test_a_file_in_the_way_of_a_directory_is_named(top):
    with pytest.raises(
        OperationFailed, match=r"registry/products/shop/product\.yaml is not a directory"
    ):
        commit(top, {f"{PRODUCT}/x.yaml": b"x\n"})
    with pytest.raises(OperationFailed, match="is a directory"):
        commit(top, {"registry/products/shop": b"x\n"})
    with pytest.raises(OperationFailed, match="is a directory"):
        commit(top, {"registry/products": None})
    assert_sound(top)


def test_a_file_and_a_directory_take_each_others_place_in_two_commits_only(top):
    with pytest.raises(OperationFailed, match="is not a directory"):
        commit(top, {PRODUCT: None, f"{PRODUCT}/x.yaml": b"x\n"})
    commit(top, {PRODUCT: None})
    commit(top, {f"{PRODUCT}/x.yaml": b"x\n"})
    assert (top / PRODUCT / "x.yaml").read_bytes() == b"x\n"
    assert_sound(top)


def test_changes_judged_at_another_tip_are_a_lost_race(top):
    sh(top, "branch", "side")
    with transaction(on_branch(open_repository(top), "side")) as repo:
        commit_changes(repo, {LOG: b"# log\n- 1\n"}, "Record")
        with pytest.raises(RefChanged):
            commit_changes(repo, {LOG: b"# log\n- 2\n"}, "Record")
    assert at_tip(top, LOG, "side") == b"# log\n- 1\n"
    assert_sound(top)


def test_a_users_commit_in_between_is_a_lost_race_and_stays(top):
    with transaction(open_repository(top)) as repo:
        (top / "other").write_text("x")
        sh(top, "add", "other")
        sh(top, "commit", "-q", "-m", "Mine")
        with pytest.raises(RefChanged):
            commit_changes(repo, {LOG: b"# log\n- 2\n"}, "Record")
    assert sh(top, "log", "-1", "--format=%s").strip() == "Mine"
    assert_sound(top)


@pytest.mark.parametrize("lock", ["index.lock", "refs/heads/main.lock"])
def test_a_lock_that_a_killed_git_left_is_named_with_age_and_never_removed(top, lock):
    path = top / ".git" / lock
    path.touch()
    subprocess.run(["touch", "-d", "3 hours ago", path], check=True)
    before = sh(top, "rev-parse", "HEAD")
    with pytest.raises(LockedByGit) as caught:
        append(top, b"- 1")
    assert str(path) in caught.value.message
    assert "3 hours old" in caught.value.message
    assert "remove that file" in caught.value.hint
    assert path.exists()
    assert sh(top, "rev-parse", "HEAD") == before
    path.unlink()
    append(top, b"- 1")
    assert_sound(top)


def test_a_registrys_identity_serves_where_git_knows_nobody(top, monkeypatch, tmp_path):
    nobody = tmp_path / "nobody"
    nobody.write_text("[user]\n\tuseConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(nobody))
    commit(top, {LOG: b"1\n"}, identity={"name": "Registry <Bot>", "email": "bot@example.test"})
    assert sh(top, "log", "-1", "--format=%an|%ae|%cn").strip() == (
        "Registry Bot|bot@example.test|Registry Bot"
    )
    commit(top, {LOG: b"2\n"})
    assert sh(top, "log", "-1", "--format=%an|%ae").strip() == "versioner|versioner@localhost"


def test_author_and_committer_of_the_users_environment_count(top, monkeypatch):
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ann")
    sh(top, "config", "committer.email", "other@example.test")
    commit(top, {LOG: b"1\n"})
    assert sh(top, "log", "-1", "--format=%an|%ae|%cn|%ce").strip() == (
        "Ann|engineer@example.test|Test Engineer|other@example.test"
    )


def test_many_files_make_one_commit(top, scale):
    count = scale(300, 5000)
    commit(top, {f"registry/products/p{n}/product.yaml": b"%d\n" % n for n in range(count)})
    assert len(sh(top, "ls-files").splitlines()) == count + 2
    assert_sound(top)
