"""An edit at a URL comes to what it would in a clone, whoever else pushes meanwhile."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.bare_registry import Post, clone_of, commit_on_branch, copy_of, submission
from tests.fixtures.local_registry import NOW, Desk
from versioner.editing.observe import observe
from versioner.editing.products import create_product, delete_product, edit_product, rename_product
from versioner.editing.remote import edit_remotely
from versioner.editing.restore import restore_product
from versioner.editing.workloads.workload import Workload
from versioner.errors import Blocked, NotFound, UsageFault
from versioner.remote.faults import RemoteFailure
from versioner.remote.url import Remote

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from versioner.editing.session import EditResult
    from versioner.git.repository import Repository

pytestmark = pytest.mark.slow


@pytest.fixture
def post(pattern: Path, tmp_path: Path) -> Post:
    place = copy_of(pattern, tmp_path / "bare.git")
    for name in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        place.git("config", name, "true")
    return place


def edit(
    post: Post,
    operation: Callable[[Repository], EditResult],
    *,
    branch: str = "",
    restoring: str = "",
) -> EditResult:
    # By its URL, for git takes a plain path's objects without any transport.
    remote = Remote(f"file://{post.path}")
    return edit_remotely(remote, operation, branch=branch, restoring=restoring)


def create(name: str) -> Callable[[Repository], EditResult]:
    return lambda place: create_product(place, name, now=NOW)


def delete(post: Post, name: str) -> None:
    edit(post, lambda place: delete_product(place, name, force=True, by="jane", now=NOW))


def restore(post: Post, name: str) -> EditResult:
    return edit(post, lambda place: restore_product(place, name, now=NOW), restoring=name)


def files(post: Post, under: str, rev: str = "main") -> list[str]:
    return post.git("ls-tree", "-r", rev, "--", under).splitlines()


def test_an_edit_is_one_commit_on_the_branch(post: Post) -> None:
    before = post.git("rev-parse", "main")
    edited = edit(post, create("tea"))
    assert post.git("rev-parse", "main") == edited.commit
    assert post.git("rev-parse", "main~1") == before
    assert (edited.branch, edited.subject) == ("refs/heads/main", "Create product tea")
    post.served.assert_sound()


def test_what_is_so_already_pushes_nothing(post: Post) -> None:
    before = post.git("rev-parse", "main")
    again = edit(
        post, lambda place: edit_product(place, "shop", set_=["description=Sells"], now=NOW)
    )
    assert again.commit is None
    assert post.git("rev-parse", "main") == before


def test_what_the_rules_refuse_is_refused_and_pushes_nothing(post: Post) -> None:
    before = post.git("rev-parse", "main")
    with pytest.raises(Blocked, match="already exists"):
        edit(post, create("shop"))
    assert post.git("rev-parse", "main") == before


def test_nothing_stays_in_the_temporary_folder(
    post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    edit(post, create("tea"))
    with pytest.raises(Blocked):
        edit(post, create("tea"))
    assert list((tmp_path / "tmp").iterdir()) == []


def test_after_a_lost_race_the_edit_is_made_on_what_is_there_now(post: Post) -> None:
    seen = []

    def racing(place: Repository) -> EditResult:
        edited = create("tea")(place)
        seen.append(place.tip)
        if len(seen) < 3:
            commit_on_branch(post, f"other-{len(seen)}", b"x\n")
        return edited

    edited = edit(post, racing)
    assert len(set(seen)) == 3
    assert post.git("rev-parse", "main") == edited.commit
    assert post.git("ls-tree", "--name-only", "main").split("\n").count("other-2") == 1


def test_who_lost_the_race_to_the_same_edit_is_told_so(post: Post) -> None:
    def racing(place: Repository) -> EditResult:
        edited = create("tea")(place)
        edit(post, lambda other: create_product(other, "tea", description="Tea", now=NOW))
        return edited

    with pytest.raises(Blocked, match="already exists"):
        edit(post, racing)
    assert post.git("log", "--format=%s", "main").split("\n").count("Create product tea") == 1


def test_a_look_that_lost_the_race_to_the_same_look_writes_nothing(post: Post) -> None:
    looks: list[EditResult] = []

    def look(place: Repository, now: str = NOW) -> EditResult:
        seen = [Workload("web-1", "acme/shop:1.2")]
        result = observe(place, seen, environment="staging", source="docker", now=now)
        looks.append(result.edited)
        return result.edited

    def racing(place: Repository) -> EditResult:
        edited = look(place)
        if len(looks) == 1:
            edit(post, lambda other: look(other, NOW.replace(":00Z", ":01Z")))
        return edited

    assert edit(post, racing).commit is None
    assert [each.commit is None for each in looks] == [False, False, True]
    subjects = post.git("log", "--format=%s", "main").split("\n")
    assert subjects.count("Record observation of staging (1 product)") == 1


def test_who_loses_every_race_is_told_so(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("versioner.editing.remote._PAUSE_SECONDS", 0)

    def racing(place: Repository) -> EditResult:
        edited = create("tea")(place)
        commit_on_branch(post, "other", place.tip.encode() if place.tip else b"")
        return edited

    with pytest.raises(RemoteFailure, match="other writers pushed first") as caught:
        edit(post, racing)
    assert caught.value.fault == "race"


def test_a_branch_that_takes_no_push_is_told_with_its_own_words(post: Post) -> None:
    hook = post.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\necho 'GitLab: not allowed to push to protected branches'\nexit 1\n",
        encoding="utf-8",
    )
    hook.chmod(0o755)
    with pytest.raises(RemoteFailure, match="protected branches") as caught:
        edit(post, create("tea"))
    assert caught.value.fault == "protected"


def test_a_registry_on_another_branch_than_the_remotes_head_is_edited_there(post: Post) -> None:
    config = post.served.file("registry/registry.yaml") + "branch: registry\n"
    commit_on_branch(post, "registry/registry.yaml", config.encode())
    post.git("branch", "registry", "main")
    commit_on_branch(post, "README.md", b"of the code\n")
    main = post.git("rev-parse", "main")
    edited = edit(post, create("tea"))
    assert (edited.branch, post.git("rev-parse", "registry")) == (
        "refs/heads/registry",
        edited.commit,
    )
    assert post.git("rev-parse", "main") == main


def test_a_branch_that_is_not_there_is_told(post: Post) -> None:
    with pytest.raises(UsageFault, match='no branch "nowhere"'):
        edit(post, create("tea"), branch="nowhere")


def test_an_empty_remote_is_no_registry(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "bare.git")], check=True)
    with pytest.raises(UsageFault, match="no commit yet"):
        edit(Post(tmp_path / "bare.git"), create("tea"))


def test_a_remote_that_holds_other_things_is_no_registry(post: Post) -> None:
    tree = post.tree(f"100644 blob {post.blob(b'x')}\tREADME.md")
    post.git("update-ref", "refs/heads/main", post.git("commit-tree", tree, "-m", "x"))
    with pytest.raises(UsageFault, match="no registry"):
        edit(post, create("tea"))


# Restoring, which looks into the history


def test_a_deleted_product_comes_back_whole(post: Post) -> None:
    before = files(post, "registry/products/shop")
    delete(post, "shop")
    assert files(post, "registry/products/shop") == []
    edited = restore(post, "shop")
    assert files(post, "registry/products/shop") == before
    assert edited.notes == ("web depends on it again",)
    assert "shop" in post.served.file("registry/products/web/product.yaml")


def test_a_product_that_was_renamed_since_depends_on_it_again(post: Post) -> None:
    delete(post, "shop")
    edit(post, lambda place: rename_product(place, "web", "www", now=NOW))
    edited = restore(post, "shop")
    assert edited.notes == ("www depends on it again",)
    assert "shop" in post.served.file("registry/products/www/product.yaml")


def test_of_several_deletions_the_last_counts(post: Post) -> None:
    delete(post, "shop")
    edit(post, create("shop"))
    post.put("shop/n1", submission(id="n1"))
    post.collect()
    before = files(post, "registry/products/shop")
    delete(post, "shop")
    restore(post, "shop")
    assert files(post, "registry/products/shop") == before


def test_a_name_made_anew_gets_its_old_events_back(post: Post) -> None:
    old = post.ids("shop")
    delete(post, "shop")
    edit(post, create("shop"))
    post.put("shop/n1", submission(id="n1"))
    post.collect()
    restore(post, "shop")
    assert post.ids("shop") == [*old, "n1"]


def test_after_a_rename_the_old_name_leads_to_it(post: Post) -> None:
    edit(post, lambda place: rename_product(place, "shop", "store", now=NOW))
    before = files(post, "registry/products/store")
    delete(post, "store")
    restore(post, "shop")
    assert files(post, "registry/products/store") == before


def test_where_the_recorded_commit_is_gone_the_history_is_searched(post: Post) -> None:
    before = files(post, "registry/products/shop")
    delete(post, "shop")
    record = post.served.file("registry/deleted/shop.yaml")
    # As after a rewrite of the history that left the record as it was.
    line = next(each for each in record.splitlines() if each.startswith("last_commit"))
    text = record.replace(line, f'last_commit: "{"f" * 40}"')
    commit_on_branch(post, "registry/deleted/shop.yaml", text.encode())
    restore(post, "shop")
    assert files(post, "registry/products/shop") == before


def test_a_folder_that_was_deleted_by_hand_comes_back(post: Post) -> None:
    before = files(post, "registry/products/web")
    head = "commit refs/heads/main\ncommitter j <j> now\ndata 1\nx\nfrom refs/heads/main^0\n"
    text = f"{head}D registry/products/web\n".encode()
    post.git("fast-import", "--quiet", "--date-format=now", stdin=text)
    restore(post, "web")
    assert files(post, "registry/products/web") == before


def test_what_was_never_deleted_is_told_as_in_a_clone(post: Post) -> None:
    delete(post, "shop")
    with pytest.raises(NotFound) as here:
        restore(post, "shopp")
    with pytest.raises(NotFound) as there:
        restore_product(Desk(clone_of(post.path)).repository, "shopp", now=NOW)
    assert (here.value.message, here.value.hint) == (there.value.message, there.value.hint)
