"""Files that are not read because git's index knows them, against a reading of every file."""

from __future__ import annotations

import os
import random
import stat
import sys
import time

import pytest

from tests.fixtures.clones import make, sh
from versioner.errors import FilesChanged
from versioner.git.files.entries import FileEntry, product_of, product_trees_of
from versioner.git.files.index_file import read_index
from versioner.git.files.scan import WorkTreeFiles
from versioner.git.files.stat_rules import StatRules
from versioner.git.files.worktree_snapshot import snapshot_of_work_tree
from versioner.git.object_format import hash_object
from versioner.git.repository import open_repository

pytestmark = pytest.mark.slow

PRODUCTS = [f"p{number}" for number in range(10)]
PATHS = [
    f"registry/products/{product}/{name}"
    for product in PRODUCTS
    for name in ("product.yaml", "deployments/2026-10.yaml", "deployments/2026-11.yaml")
]


def read_all(top, object_format: str) -> dict[str, FileEntry]:
    """Return what is in the work tree, from the bytes of every file."""
    found = {}
    for line in sh(top, "ls-files", "-t", "-s").splitlines():
        head, _, path = line.partition("\t")
        tag, mode, name, _ = head.split()
        if tag == "S" and not os.path.lexists(top / path) and path.startswith("registry/"):
            size = int(sh(top, "cat-file", "-s", name))
            found[path] = FileEntry("file", size, name, int(mode, 8))
    for path in (top / "registry").rglob("*"):
        state = path.lstat()
        name = str(path.relative_to(top))
        if stat.S_ISLNK(state.st_mode):
            found[name] = FileEntry("link", state.st_size, None, 0)
        elif stat.S_ISREG(state.st_mode):
            data = path.read_bytes()
            mode = 0o100755 if state.st_mode & 0o100 else 0o100644
            found[name] = FileEntry(
                "file", len(data), hash_object("blob", data, object_format), mode
            )
    return found


class Edits:
    """Random edits of a work tree and its index."""

    def __init__(self, top, seed: int) -> None:
        self.top = top
        self.random = random.Random(seed)
        self.number = 0

    def content(self) -> bytes:
        # All have one size.
        self.number += 1
        return b"%08d\n" % self.number

    def edit(self) -> str:
        random_ = self.random
        path = random_.choice(PATHS)
        target = self.top / path
        name = random_.choice([each for each in dir(self) if each.startswith("do_")])
        target.parent.mkdir(parents=True, exist_ok=True)
        getattr(self, name)(path, target)
        return f"{name} {path}"

    def git(self, *args: str) -> None:
        sh(self.top, *args, check=False)

    def do_write(self, path, target):
        if not target.is_symlink():
            target.write_bytes(self.content())

    def do_write_in_place_with_the_old_time(self, path, target):
        if target.is_file() and not target.is_symlink():
            before = target.stat()
            target.write_bytes(self.content())
            os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))

    def do_add_and_write_at_once(self, path, target):
        self.do_write(path, target)
        self.git("add", path)
        self.do_write(path, target)

    def do_touch(self, path, target):
        if target.exists():
            target.touch()

    def do_date(self, path, target):
        if target.exists():
            moment = self.random.choice([0, 10**18, 4 * 10**18])
            os.utime(target, ns=(moment, moment), follow_symlinks=False)

    def do_chmod(self, path, target):
        if target.exists() and not target.is_symlink():
            target.chmod(self.random.choice([0o644, 0o755]))

    def do_swap(self, path, target):
        other = self.top / self.random.choice(PATHS)
        if target.exists() and other.exists() and target != other:
            draft = self.top / "draft"
            target.rename(draft)
            other.rename(target)
            draft.rename(other)

    def do_link(self, path, target):
        target.unlink(missing_ok=True)
        target.symlink_to("elsewhere")

    def do_replace(self, path, target):
        target.unlink(missing_ok=True)
        target.write_bytes(self.content())

    def do_remove(self, path, target):
        target.unlink(missing_ok=True)

    def do_untracked(self, path, target):
        (target.parent / "new.yaml").write_bytes(self.content())

    def do_add(self, path, target):
        self.git("add", path)

    def do_add_all(self, path, target):
        self.git("add", "-A")

    def do_commit(self, path, target):
        self.git("commit", "-qam", "Change")

    def do_checkout(self, path, target):
        self.git("checkout", "-q", "--", path)

    def do_reset(self, path, target):
        self.git("reset", "-q", self.random.choice(["--hard", "--mixed"]))

    def do_stash(self, path, target):
        self.git("stash", "-q")

    def do_stash_pop(self, path, target):
        self.git("stash", "pop", "-q")

    def do_assume(self, path, target):
        self.git("update-index", "--assume-unchanged", path)
        self.do_write(path, target)

    def do_assume_nothing(self, path, target):
        self.git("update-index", "--no-assume-unchanged", path)

    def do_skip(self, path, target):
        if not target.is_symlink():
            self.git("update-index", "--skip-worktree", path)
            if self.random.random() < 0.5:
                target.unlink(missing_ok=True)

    def do_unskip(self, path, target):
        self.git("update-index", "--no-skip-worktree", path)

    def do_intend(self, path, target):
        self.do_untracked(path, target)
        self.git("add", "-N", str(target.parent / "new.yaml"))

    def do_version(self, path, target):
        self.git("update-index", "--index-version", self.random.choice("234"))

    def do_split(self, path, target):
        self.git("update-index", self.random.choice(["--split-index", "--no-split-index"]))

    def do_refresh(self, path, target):
        # An index that is younger than all files: they are known by it from now on.
        time.sleep(0.06)
        for file in PATHS[:3]:
            self.git("update-index", file)
        self.git("update-index", "-q", "--refresh")

    def do_read_tree(self, path, target):
        self.git("read-tree", "HEAD")

    def do_rest(self, path, target):
        # What was written before is old enough to be kept as known from now on.
        time.sleep(0.06)

    def do_write_beside_the_products(self, path, target):
        beside = self.top / "registry/environments"
        beside.mkdir(exist_ok=True)
        (beside / self.random.choice("ab")).write_bytes(self.content())

    def do_leave_a_draft(self, path, target):
        (target.parent / ".draft.swp").write_bytes(self.content())

    def do_settings(self, path, target):
        key, values = self.random.choice(
            [
                ("core.fileMode", ("true",)),
                ("core.splitIndex", ("true", "false")),
                ("index.skipHash", ("true", "false")),
                ("index.threads", ("1", "4")),
            ]
        )
        self.git("config", key, self.random.choice(values))

    def do_conflict(self, path, target):
        self.git("reset", "-q", "--hard")
        self.git("checkout", "-q", "-b", f"b{self.number}")
        self.do_write(path, target)
        self.git("commit", "-qam", "There")
        self.git("checkout", "-q", "-")
        self.do_write(path, target)
        self.git("commit", "-qam", "Here")
        self.git("merge", "-q", f"b{self.number - 1}")


@pytest.mark.thorough
@pytest.mark.parametrize(("seed", "object_format"), [(1, "sha1"), (2, "sha1"), (3, "sha256")])
def test_a_snapshot_of_random_edits_is_as_one_that_reads_every_file(tmp_path, seed, object_format):
    files = {path: b"%08d\n" % number for number, path in enumerate(PATHS)}
    top = make(tmp_path / "c", files, f"--object-format={object_format}")
    (top / ".git/versioner").mkdir()
    edits = Edits(top, seed)
    done = []
    for _ in range(60):
        done.append(edits.edit())
        expected = read_all(top, object_format)
        drafts = [path for path in expected if path.endswith(".draft.swp")]
        if drafts and not sh(top, "ls-tree", "-r", "HEAD", "--", *drafts):
            for path in drafts:
                del expected[path]
        trees = product_trees_of(expected, object_format)
        repo = open_repository(top)
        snapshot = snapshot_of_work_tree(repo)
        beside = {path: each for path, each in expected.items() if not product_of(path)}
        assert snapshot.selected_entries(()) == beside, done
        assert snapshot.product_trees() == trees, done
        assert snapshot_of_work_tree(repo).product_trees() == trees, done
        assert snapshot_of_work_tree(repo).selected_entries(()) == beside, done
        assert snapshot.entries() == dict(sorted(expected.items())), done
        assert snapshot.product_trees() == trees, done
        product = edits.random.choice(PRODUCTS)
        one = {name: tree for name, tree in trees.items() if name == product}
        assert snapshot_of_work_tree(repo).product_trees([product]) == one, done


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Make a clone whose index is younger than its files, so that it knows them all."""
    files = {path: b"%08d\n" % number for number, path in enumerate(PATHS)}
    top = make(tmp_path_factory.mktemp("known") / "c", files)
    time.sleep(0.06)
    (top / ".git/index").touch()
    return top


def unread(top, *settings: str) -> int:
    """Return how many files are known without being read."""
    for key, value in (each.split("=") for each in settings):
        sh(top, "config", key, value)
    files = WorkTreeFiles(open_repository(top), top)
    try:
        for path, entry in files.below("registry").items():
            assert entry.id == hash_object("blob", (top / path).read_bytes())
        return sum(path not in files._bytes for path in PATHS)
    finally:
        for key, _ in (each.split("=") for each in settings):
            sh(top, "config", "--unset", key)


@pytest.mark.parametrize("change", [["2"], ["3"], ["4"], ["2", "--split-index"]])
def test_no_file_is_read_that_the_index_knows(known, change):
    sh(known, "update-index", "--index-version", *change)
    assert unread(known) == len(PATHS)
    sh(known, "update-index", "--no-split-index", "--index-version", "2")


@pytest.mark.parametrize(
    ("attributes", "settings", "count"),
    [
        ("*.yaml text eol=lf merge=union\n*.png filter=lfs -text\n", [], len(PATHS)),
        ("registry/** filter=secret", [], 0),
        ("[attr]own ident", [], 0),
        ("", ["core.autocrlf=true"], len(PATHS)),
        ("", ["core.checkStat=minimal"], 0),
        ("", ["core.trustctime=false"], len(PATHS)),
    ],
)
def test_files_that_git_may_convert_or_hardly_knows_are_read(known, attributes, settings, count):
    (known / ".gitattributes").write_text(attributes)
    assert unread(known, *settings) == count
    (known / ".gitattributes").unlink()


def test_an_index_that_is_cut_or_overwritten_is_not_believed(known):
    index = known / ".git/index"
    data, moment = index.read_bytes(), index.stat().st_mtime_ns
    for damaged in (data[:-1], data[:50], b"", b"DIRC", data[:100] + b"\xff" + data[101:]):
        index.write_bytes(damaged)
        os.utime(index, ns=(moment, moment))
        assert unread(known) == 0
    index.write_bytes(data)
    os.utime(index, ns=(moment, moment))
    assert unread(known) == len(PATHS)


def test_a_file_that_is_changed_after_it_was_known_is_read_as_it_was(known):
    path = known / PATHS[0]
    before = path.read_bytes()
    snapshot = snapshot_of_work_tree(open_repository(known))
    entry = snapshot.entries()[PATHS[0]]
    path.write_bytes(b"changed!\n")
    try:
        assert hash_object("blob", snapshot.read(PATHS[0])) == entry.id
        assert snapshot_of_work_tree(open_repository(known)).read(PATHS[0]) == b"changed!\n"
    finally:
        path.write_bytes(before)


def test_a_file_added_with_crlf_that_git_keeps_with_lf_is_as_in_the_commit(tmp_path):
    top = make(tmp_path / "c", {PATHS[0]: b"a\n", ".gitattributes": b"*.yaml text eol=lf\n"})
    (top / PATHS[0]).write_bytes(b"b\r\n")
    time.sleep(0.06)
    sh(top, "commit", "-qam", "CRLF")
    snapshot = snapshot_of_work_tree(open_repository(top))
    assert snapshot.read(PATHS[0]) == b"b\n"
    assert snapshot.product_trees() == {
        "p0": sh(top, "rev-parse", "HEAD:registry/products/p0").strip()
    }


@pytest.fixture
def looked_at(tmp_path):
    """Make a clone of which everything is known after a second look."""
    files = {path: b"%08d\n" % number for number, path in enumerate(PATHS)}
    top = make(tmp_path / "c", {**files, "registry/registry.yaml": b"schema_version: 1\n"})
    (top / ".git/versioner").mkdir()
    time.sleep(0.06)
    work_of(top)
    return top


def work_of(top, products=None) -> tuple[int, int, bool]:
    """Return how many files a look compares, how many it opens, and whether it starts git."""
    repo = open_repository(top)
    compared, opened, started = [], [], []

    def seen(event, args):
        if event == "open" and str(args[0]).endswith(".yaml"):
            opened.append(args[0])
        elif event == "subprocess.Popen":
            started.append(args)

    lstat = os.lstat
    HOOKS.append(seen)
    os.lstat = lambda path, **more: (compared.append(path), lstat(path, **more))[1]
    try:
        snapshot = snapshot_of_work_tree(repo)
        snapshot.selected_entries(())
        snapshot.product_names()
        snapshot.product_trees(products)
    finally:
        os.lstat = lstat
        HOOKS.remove(seen)
    files = [path for path in compared if str(path).endswith(".yaml")]
    return len(files), len(opened), bool(started)


HOOKS: list = []
sys.addaudithook(lambda event, args: [hook(event, args) for hook in HOOKS])


def test_a_second_look_opens_no_file_and_starts_no_git(looked_at):
    assert work_of(looked_at) == (len(PATHS) + 1, 0, False)
    # A question about one product compares its files and those beside the products.
    assert work_of(looked_at, ["p3"]) == (3 + 1, 0, False)


def test_of_one_changed_product_alone_the_files_are_read(looked_at):
    (looked_at / PATHS[0]).write_bytes(b"another\n")
    assert work_of(looked_at, ["p3"]) == (3 + 1, 0, False)
    _, opened, started = work_of(looked_at)
    assert 1 <= opened <= 3 and started
    time.sleep(0.06)
    work_of(looked_at)
    assert work_of(looked_at) == (len(PATHS) + 1, 0, False)


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9])
def test_what_is_kept_of_files_is_not_believed_once_it_is_damaged(looked_at, part):
    kept = looked_at / ".git/versioner/work-tree.known"
    right = snapshot_of_work_tree(open_repository(looked_at)).product_trees()
    data = kept.read_bytes()
    at = int(len(data) * part)
    for damaged in (data[:at], data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], b"[]", b"1 2\n"):
        kept.write_bytes(damaged)
        assert snapshot_of_work_tree(open_repository(looked_at)).product_trees() == right
    kept.unlink()
    kept.mkdir()
    assert snapshot_of_work_tree(open_repository(looked_at)).product_trees() == right


def test_a_link_in_place_of_the_registry_is_not_followed_though_its_files_are_known(looked_at):
    (looked_at / "registry").rename(looked_at / "elsewhere")
    (looked_at / "registry").symlink_to("elsewhere")
    assert snapshot_of_work_tree(open_repository(looked_at)).product_trees(["p3"]) == {}


def test_a_repository_inside_a_known_product_is_a_submodule_beside_the_products(looked_at):
    sh(looked_at / "registry/products/p3", "init", "-q")
    found = snapshot_of_work_tree(open_repository(looked_at)).selected_entries(())
    assert found["registry/products/p3"].kind == "submodule"


def test_a_file_that_was_written_just_before_the_index_is_read(known):
    """It may have been written again within one step of the clock, with the same time and size."""
    sh(known, "config", "core.trustctime", "false")
    path, index = known / PATHS[3], known / ".git/index"
    before, written = path.read_bytes(), index.stat().st_mtime_ns
    moment = path.stat().st_mtime_ns
    try:
        path.write_bytes(b"%09d" % 7)
        os.utime(path, ns=(moment, moment))
        os.utime(index, ns=(moment + 1_000_000, moment + 1_000_000))
        snapshot = snapshot_of_work_tree(open_repository(known))
        tree = snapshot.product_trees()["p1"]
        assert snapshot.entries()[PATHS[3]].id == hash_object("blob", b"%09d" % 7)
        assert tree == product_trees_of(read_all(known, "sha1"))["p1"]
        assert tree != sh(known, "rev-parse", "HEAD:registry/products/p1").strip()
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(moment, moment))
        os.utime(index, ns=(written, written))
        sh(known, "config", "--unset", "core.trustctime")


@pytest.mark.parametrize("rule", [StatRules.comparison, StatRules.whole_comparison])
def test_only_an_entry_that_is_older_than_the_index_and_merged_counts_as_unchanged(known, rule):
    index = read_index(known / ".git", 20)
    record, found = index.records[PATHS[6].encode()], (known / PATHS[6]).lstat()
    old, young = found.st_mtime_ns + 50_000_001, found.st_mtime_ns + 50_000_000

    def is_unchanged(flags: int, extended: bytes = b"", written: int = old) -> bool:
        changed = record[:60] + flags.to_bytes(2, "big") + extended
        return rule(StatRules(), written, 20)(changed, found)

    name = int.from_bytes(record[60:62], "big")
    assert is_unchanged(name)
    assert not is_unchanged(name, written=young)
    assert is_unchanged(name | 0x8000)
    for stage in (0x1000, 0x2000, 0x3000):
        assert not is_unchanged(name | stage)
    skip_worktree, intent_to_add = b"\x40\x00", b"\x20\x00"
    assert is_unchanged(name | 0x4000, skip_worktree)
    assert not is_unchanged(name | 0x4000, intent_to_add)


def test_files_that_are_changed_after_their_tree_was_told_are_not_read_as_that_tree(looked_at):
    snapshot = snapshot_of_work_tree(open_repository(looked_at))
    trees = snapshot.product_trees()
    assert set(trees) == set(PRODUCTS)
    (looked_at / PATHS[0]).write_bytes(b"another\n")
    assert snapshot.entries("registry/products/p1")
    with pytest.raises(FilesChanged, match="changed while they were read"):
        snapshot.entries("registry/products/p0")
