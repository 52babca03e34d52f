from __future__ import annotations

import os

import pytest

from tests.fixtures.clones import LOG, PRODUCT, WHEN, commit, make, sh
from versioner.errors import GitFailure, NotFound, OperationFailed
from versioner.git import state
from versioner.git.files.worktree_snapshot import snapshot_of_work_tree
from versioner.git.repository import open_repository
from versioner.git.snapshot import MemorySnapshot, OverlaySnapshot, snapshot_at
from versioner.setup.init import initialise

FILES = {
    PRODUCT: b'name: "shop"\n',
    LOG: b"# log\n",
    "registry/products/cart/product.yaml": b'name: "cart"\n',
    "registry/registry.yaml": b"schema_version: 1\n",
    "src/code.py": b"pass\n",
}


@pytest.fixture
def top(tmp_path):
    return make(tmp_path / "c", FILES)


def tree_of(top, product: str) -> str:
    return sh(top, "rev-parse", f"HEAD:registry/products/{product}").strip()


def test_all_kinds_of_snapshot_agree(top):
    repo = open_repository(top)
    memory = MemorySnapshot(FILES)
    split = OverlaySnapshot(
        MemorySnapshot({PRODUCT: b"old\n", "registry/gone": b"x", "src/code.py": b"pass\n"}),
        {path: data for path, data in FILES.items() if path != "src/code.py"}
        | {"registry/gone": None},
    )
    for snapshot in (snapshot_at(repo, "HEAD"), snapshot_of_work_tree(repo), split):
        for under in ("registry", "registry/products/shop", "", "src", "registry/none"):
            found = {
                path: entry
                for path, entry in snapshot.entries(under).items()
                if not path.startswith(".git/")
            }
            assert found == memory.entries(under), (type(snapshot), under)
        assert snapshot.product_trees() == memory.product_trees()
        assert snapshot.product_trees(["shop", "none"]) == memory.product_trees({"shop"})
        assert snapshot.product_names() == {"cart", "shop"}
        selected = [PRODUCT, LOG, "registry/registry.yaml"]
        assert snapshot.selected_entries(["shop", "none"]) == {
            path: memory.entries()[path] for path in selected
        }
        assert snapshot.read_many([*FILES, "registry/none"]) == FILES
        assert (snapshot.read(LOG), snapshot.read("registry/none")) == (b"# log\n", None)
    assert memory.product_trees() == {"shop": tree_of(top, "shop"), "cart": tree_of(top, "cart")}


def test_a_revision_and_its_work_tree_tell_commit_and_time(top):
    made = commit(top, {"registry/x.yaml": b"x\n"}, when=WHEN)
    repo = open_repository(top)
    for snapshot in (snapshot_at(repo, "main"), snapshot_of_work_tree(repo)):
        assert (snapshot.revision, snapshot.commit_time) == (made, WHEN)


def test_an_unborn_work_tree_has_no_revision(tmp_path):
    sh(tmp_path, "init", "-q")
    snapshot = snapshot_of_work_tree(open_repository(tmp_path))
    assert (snapshot.revision, snapshot.commit_time, snapshot.entries()) == (None, None, {})


def test_a_past_revision_shows_what_was_then(top):
    commit(top, {LOG: b"# log\nmore\n"})
    repo = open_repository(top)
    assert snapshot_at(repo, "HEAD~1").read(LOG) == b"# log\n"
    with pytest.raises(NotFound):
        snapshot_at(repo, "HEAD~7")


def test_a_bare_repository_shows_its_tip(top, tmp_path):
    sh(tmp_path, "clone", "-q", "--bare", str(top), "bare.git")
    snapshot = snapshot_of_work_tree(open_repository(tmp_path / "bare.git"))
    assert snapshot.read(PRODUCT) == FILES[PRODUCT]


def test_an_empty_bare_repository_is_an_error(tmp_path):
    sh(tmp_path, "init", "-q", "--bare")
    with pytest.raises(OperationFailed, match="no commit yet"):
        snapshot_of_work_tree(open_repository(tmp_path))


def test_a_dirty_product_has_a_tree_of_its_own_and_the_others_keep_theirs(top):
    (top / PRODUCT).write_bytes(b"changed\n")
    trees = snapshot_of_work_tree(open_repository(top)).product_trees()
    assert trees["cart"] == tree_of(top, "cart")
    assert trees["shop"] not in (None, tree_of(top, "shop"))


def test_links_fifos_and_repositories_are_told_and_never_opened(top, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.yaml").write_text("secret")
    base = top / "registry/products/shop"
    (base / "file-link").symlink_to("/etc/passwd")
    (base / "versions").symlink_to(tmp_path / "outside")
    os.mkfifo(base / "deployments/2026-10.yaml")
    sh(top, "init", "-q", "registry/products/sub")
    snapshot = snapshot_of_work_tree(open_repository(top))
    kinds = {path: entry.kind for path, entry in snapshot.entries().items()}
    shop = "registry/products/shop"
    assert kinds[f"{shop}/file-link"] == kinds[f"{shop}/versions"] == "link"
    assert kinds[f"{shop}/deployments/2026-10.yaml"] == "other"
    assert kinds["registry/products/sub"] == "submodule"
    for chosen in ((), ["shop"]):
        beside = snapshot_of_work_tree(open_repository(top)).selected_entries(chosen)
        assert beside["registry/products/sub"].kind == "submodule"
    assert not any("secret" in path for path in kinds)
    for path in ("file-link", "versions/secret.yaml", "deployments/2026-10.yaml"):
        assert snapshot.read(f"{shop}/{path}") is None
    trees = snapshot.product_trees()
    assert trees["shop"] is None
    assert trees["cart"] == tree_of(top, "cart")


def test_links_and_submodules_of_a_revision_are_told(top, tmp_path):
    (top / "registry/products/shop/link").symlink_to("product.yaml")
    sh(top, "add", "-A")
    tip = sh(top, "rev-parse", "HEAD").strip()
    sh(top, "update-index", "--add", "--cacheinfo", f"160000,{tip},registry/products/cart/sub")
    sh(top, "commit", "-q", "-m", "odd")
    snapshot = snapshot_at(open_repository(top), "HEAD")
    kinds = {path: entry.kind for path, entry in snapshot.entries().items()}
    assert kinds["registry/products/shop/link"] == "link"
    assert kinds["registry/products/cart/sub"] == "submodule"
    assert snapshot.product_trees() == {"shop": None, "cart": None}
    assert snapshot.read("registry/products/shop/link") is None


def test_a_registry_that_is_a_link_is_told_as_one(tmp_path):
    top = make(tmp_path / "c", {"real/registry.yaml": b"x\n"})
    (top / "registry").symlink_to("real")
    snapshot = snapshot_of_work_tree(open_repository(top))
    assert [(p, e.kind) for p, e in snapshot.entries().items()] == [("registry", "link")]
    assert snapshot.read("registry/registry.yaml") is None


def test_a_file_too_large_to_read_is_told_with_its_size(top, monkeypatch):
    with (top / "registry/huge.yaml").open("wb") as file:
        file.truncate(state.MAX_FILE_BYTES + 1)
    snapshot = snapshot_of_work_tree(open_repository(top))
    assert snapshot.entries()["registry/huge.yaml"].size == state.MAX_FILE_BYTES + 1
    with pytest.raises(OperationFailed, match="larger than 64 MiB"):
        snapshot.read("registry/huge.yaml")


def test_odd_file_names_are_read_back(tmp_path):
    names = ["registry/a b", "registry/ä", 'registry/"q"', "registry/x\ny", "registry/t\tx"]
    files = {name: name.encode() for name in names} | {os.fsdecode(b"registry/\xff"): b"raw"}
    top = make(tmp_path / "c", files)
    repo = open_repository(top)
    for snapshot in (snapshot_at(repo, "HEAD"), snapshot_of_work_tree(repo)):
        assert snapshot.read_many(files) == files


LITTER = [
    ".DS_Store", "Thumbs.db", "desktop.ini", ".product.yaml.swp", ".product.yaml.swo",
    "product.yaml~", ".#product.yaml", "#product.yaml#", "4913", "product.yaml.orig",
    "product.yaml.rej",
]  # fmt: skip


@pytest.mark.parametrize("name", LITTER)
def test_what_an_editor_leaves_is_passed_over_until_it_is_committed(top, name):
    path = f"registry/products/shop/{name}"
    (top / path).write_bytes(b"x")
    found = snapshot_of_work_tree(open_repository(top))
    assert path not in found.entries()
    assert found.product_trees()["shop"] == tree_of(top, "shop")
    sh(top, "add", "-f", path)
    sh(top, "commit", "-qm", "Too much")
    assert path in snapshot_of_work_tree(open_repository(top)).entries()


def test_an_editors_lock_that_is_a_link_is_passed_over_and_another_link_is_not(top):
    (top / "registry/.#registry.yaml").symlink_to("jane@host.1")
    (top / "registry/other.yaml").symlink_to("registry.yaml")
    found = snapshot_of_work_tree(open_repository(top)).entries()
    assert "registry/.#registry.yaml" not in found
    assert found["registry/other.yaml"].kind == "link"


def test_a_new_registry_keeps_out_of_git_what_a_snapshot_passes_over(tmp_path):
    initialise(tmp_path / "new", now=WHEN)
    paths = [f"registry/products/shop/{name}" for name in LITTER]
    assert sh(tmp_path / "new", "check-ignore", *paths).splitlines() == paths
    assert not sh(tmp_path / "new", "check-ignore", PRODUCT, LOG, check=False)


def test_files_that_a_sparse_checkout_leaves_out_are_read_from_the_index(top):
    repo = open_repository(top)
    full = snapshot_of_work_tree(repo)
    entries, trees = dict(full.entries()), dict(full.product_trees())
    contents = dict(full.read_many(entries))
    sh(top, "sparse-checkout", "set", "registry/products/cart")
    assert not (top / PRODUCT).exists()
    sparse = snapshot_of_work_tree(open_repository(top))
    assert (sparse.entries(), sparse.product_trees()) == (entries, trees)
    assert sparse.read_many(entries) == contents
    assert snapshot_of_work_tree(repo).read(PRODUCT) == FILES[PRODUCT]
    sh(top, "sparse-checkout", "set", "--sparse-index", "registry/products/cart")
    assert snapshot_of_work_tree(repo).entries() == entries


def test_a_file_that_was_removed_by_hand_or_written_beside_a_sparse_checkout_counts_as_it_is(top):
    sh(top, "sparse-checkout", "set", "registry/products/cart")
    (top / "registry/products/cart/product.yaml").unlink()
    (top / PRODUCT).parent.mkdir(parents=True)
    (top / PRODUCT).write_bytes(b"mine\n")
    found = snapshot_of_work_tree(open_repository(top))
    assert "registry/products/cart/product.yaml" not in found.entries()
    assert (found.read(PRODUCT), found.read(LOG)) == (b"mine\n", b"# log\n")


def test_a_file_marked_skip_worktree_by_hand_is_read_from_the_index(top):
    sh(top, "update-index", "--skip-worktree", PRODUCT)
    (top / PRODUCT).unlink()
    assert snapshot_of_work_tree(open_repository(top)).read(PRODUCT) == FILES[PRODUCT]


@pytest.mark.parametrize("filter_", ["blob:none", "tree:0"])
def test_a_partial_clone_that_lacks_an_object_names_the_remedy_that_helps(tmp_path, top, filter_):
    commit(top, {LOG: b"# log\n# more\n"})
    sh(top, "config", "uploadpack.allowFilter", "true")
    sh(tmp_path, "clone", "-q", f"--filter={filter_}", f"file://{top}", "part")
    repo = open_repository(tmp_path / "part")
    with pytest.raises(GitFailure, match="this partial clone does not have") as caught:
        snapshot_at(repo, "HEAD~1").read(LOG)
    remedy = caught.value.hint.split("`")[1].split()[1:]
    sh(tmp_path / "part", *remedy)
    assert snapshot_at(repo, "HEAD~1").read(LOG) == b"# log\n"


def test_a_submodule_is_seen_in_a_clone_that_did_not_fetch_it(tmp_path, top):
    inner = make(tmp_path / "inner", {"a": b"a\n"})
    path = "registry/products/shop/sub"
    allowed = ["-c", "protocol.file.allow=always"]
    sh(top, *allowed, "submodule", "add", "-q", str(inner), path)
    sh(top, "commit", "-q", "-m", "Add a submodule")
    sh(tmp_path, "clone", "-q", str(top), "clone")
    (tmp_path / "clone" / "registry/products/empty").mkdir()
    for place in (top, tmp_path / "clone"):
        repo = open_repository(place)
        for snapshot in (snapshot_of_work_tree(repo), snapshot_at(repo, "HEAD")):
            assert snapshot.entries()[path].kind == "submodule"
            assert snapshot.product_trees()["shop"] is None
            assert "registry/products/empty" not in snapshot.entries()


@pytest.mark.parametrize(
    ("settings", "attributes", "converted"),
    [
        (["core.autocrlf=true"], "", True),
        (["core.autocrlf=true"], "*.yaml text=auto", True),
        (["core.autocrlf=true"], "*.yaml -text", False),
        (["core.autocrlf=true"], "*.yaml text eol=lf", False),
        (["core.autocrlf=input"], "", False),
        (["core.eol=crlf"], "*.yaml text", True),
        (["core.eol=crlf"], "", False),
        ([], "*.yaml text eol=crlf", True),
        ([], "", False),
    ],
)
def test_a_file_that_git_writes_with_crlf_is_as_in_the_commit(
    tmp_path, top, settings, attributes, converted
):
    (top / ".gitattributes").write_text(f"{attributes}\n")
    sh(top, "add", ".gitattributes")
    sh(top, "commit", "-q", "-m", "Attributes")
    options = [part for each in settings for part in ("-c", each)]
    sh(tmp_path, *options, "clone", "-q", *options, str(top), "clone")
    clone = tmp_path / "clone"
    assert (b"\r\n" in (clone / PRODUCT).read_bytes()) == converted
    repo = open_repository(clone)
    here, there = snapshot_of_work_tree(repo), snapshot_at(repo, "HEAD")
    assert here.entries() == there.entries()
    assert here.read(PRODUCT) == snapshot_of_work_tree(repo).read(PRODUCT) == FILES[PRODUCT]
    # Where git converts nothing, CRLF is a change.
    (clone / PRODUCT).write_bytes(b'name: "shop"\r\n')
    assert (snapshot_of_work_tree(repo).read(PRODUCT) == FILES[PRODUCT]) == converted
    new = PRODUCT.replace("shop", "new")
    (clone / new).parent.mkdir()
    (clone / new).write_bytes(b"name: new\r\n")
    assert (snapshot_of_work_tree(repo).read(new) == b"name: new\n") == converted


def test_a_file_that_is_committed_with_crlf_keeps_it(top):
    (top / PRODUCT).write_bytes(b'name: "shop"\r\n')
    sh(top, "commit", "-qam", "CRLF")
    sh(top, "config", "core.autocrlf", "true")
    assert snapshot_of_work_tree(open_repository(top)).read(PRODUCT) == b'name: "shop"\r\n'
