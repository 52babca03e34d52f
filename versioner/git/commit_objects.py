"""Build one commit, which no ref names yet, and sign it where the user signs commits."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from versioner.errors import GitFailure
from versioner.git.object_format import TreeEntry, hash_bytes, hash_object, tree_bytes
from versioner.git.objects import GitObject
from versioner.git.process import failure, finish, git, start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.git.identity import Committer
    from versioner.git.objects import TreeView
    from versioner.git.session import LockedRepository

__all__ = ["MOST_FILES", "build_commit", "epoch_of", "unpack_commit"]

# Each file becomes a loose object, and so does each directory above it.
MOST_FILES: Final = 16


def build_commit(
    repo: LockedRepository,
    changes: Mapping[str, bytes | None],
    message: str,
    committer: Committer,
    when: str | None,
    *,
    most_files: int = MOST_FILES,
    ids: Mapping[str, str | None] | None = None,
) -> str:
    """Write the objects of a commit on the tip, and return its id.

    A commit of more than `most_files` files is made by `git fast-import`. `ids` are those of the
    blobs by path, where they are known.
    """
    seconds = None if when is None else epoch_of(when)
    if seconds is not None and len(changes) <= most_files:
        commit, tree = unpack_commit(repo, changes, message, committer, seconds, ids)
    else:
        # Rare: a large commit, or one that git's own clock dates.
        from versioner.git.fast_import import import_commit

        commit, tree = import_commit(repo, changes, message, committer, seconds)
    return _sign(repo, tree, message, committer, seconds) if committer.signing else commit


def epoch_of(when: str) -> int:
    """Return the seconds since 1970 of an RFC 3339 time in UTC."""
    return int(datetime.fromisoformat(when.removesuffix("Z") + "+00:00").timestamp())


def _sign(
    repo: LockedRepository, tree: str, message: str, committer: Committer, seconds: int | None
) -> str:
    """Write the same commit with a signature, by the programs that the user's settings name."""
    env: dict[str, str] = {}
    for role in ("author", "committer"):
        name, email = getattr(committer, role)
        env |= {f"GIT_{role.upper()}_NAME": name, f"GIT_{role.upper()}_EMAIL": email}
        if seconds is not None:
            env[f"GIT_{role.upper()}_DATE"] = f"{seconds} +0000"
    parents = ["-p", repo.tip] if repo.tip else []
    settings = [*(committer.signing or ()), "i18n.commitEncoding=UTF-8"]
    try:
        made = git(
            ["commit-tree", "-S", *parents, "-F", "-", tree],
            cwd=repo.top,
            stdin=message.encode("utf-8"),
            config=settings,
            env=env,
            pass_fds=repo.session.pass_fds,
        )
    except GitFailure as error:
        error.hint = error.hint or (
            "your git configuration asks for signed commits (commit.gpgsign): check with "
            "`git commit --allow-empty -S`"
        )
        raise
    return made.decode("ascii").strip()


_KINDS: Final = {"commit": 1, "tree": 2, "blob": 3}
_FILE: Final = 0o100644
_DIRECTORY: Final = 0o40000


def unpack_commit(
    repo: LockedRepository,
    changes: Mapping[str, bytes | None],
    message: str,
    committer: Committer,
    seconds: int,
    ids: Mapping[str, str | None] | None = None,
) -> tuple[str, str]:
    """Write a commit on the tip with `git unpack-objects`; return its id and its tree's."""
    args = ["unpack-objects", "-q"]
    fds = repo.session.pass_fds
    # git starts while the objects are built.
    with start(args, cwd=repo.top, pass_fds=fds, piped=True) as process:
        pack = _Pack(repo.object_format, ids or {})
        tree = _with_changes(repo.view(), "", changes, pack)
        commit = pack.add("commit", _commit(repo, tree, message, committer, seconds))
        done = finish(process, pack.close())
    if done.returncode != 0:
        raise failure(args, done.stderr)
    repo.reader.note_written(pack.objects)
    return commit, tree


def _commit(
    repo: LockedRepository, tree: str, message: str, committer: Committer, seconds: int
) -> bytes:
    lines = [f"tree {tree}", *([f"parent {repo.tip}"] if repo.tip else [])]
    lines += ["author {} <{}> {} +0000".format(*committer.author, seconds)]
    lines += ["committer {} <{}> {} +0000".format(*committer.committer, seconds), "", message]
    return ("\n".join(lines) + ("" if message.endswith("\n") else "\n")).encode("utf-8")


def _with_changes(
    view: TreeView, path: str, changes: Mapping[str, bytes | None], pack: _Pack
) -> str:
    """Add a changed directory and all below it to a pack; return its id, "" if it is empty."""
    entries = dict(view.directory(path) or {})
    before = f"{path}/" if path else ""
    below: dict[str, dict[str, bytes | None]] = {}
    for name, data in changes.items():
        first, slash, rest = name.partition("/")
        if slash:
            below.setdefault(first, {})[rest] = data
        elif data is None:
            entries.pop(name, None)
        else:
            entries[name] = TreeEntry(_FILE, pack.add_file(before + name, data))
    for name, inner in below.items():
        made = _with_changes(view, before + name, inner, pack)
        if made:
            entries[name] = TreeEntry(_DIRECTORY, made)
        else:
            entries.pop(name, None)
    return pack.add("tree", tree_bytes(entries)) if entries or not path else ""


class _Pack:
    """A pack in git's format (version 2), of whole objects without deltas."""

    def __init__(self, object_format: str, ids: Mapping[str, str | None]) -> None:
        self._format, self._ids = object_format, ids
        self._packed: list[bytes] = []
        self.objects: list[GitObject] = []

    def add_file(self, path: str, data: bytes) -> str:
        """Add the content of a file, and return its id."""
        return self.add("blob", data, self._ids.get(path))

    def add(self, kind: str, data: bytes, name: str | None = None) -> str:
        """Add an object, and return its id, which is `name` where it is known."""
        from zlib import compress

        head = [_KINDS[kind] << 4 | len(data) & 0b1111]
        size = len(data) >> 4
        while size:
            head[-1] |= 0x80
            head.append(size & 0x7F)
            size >>= 7
        # Level 0 stores the bytes: git compresses what it unpacks.
        self._packed.append(bytes(head) + compress(data, 0))
        name = name or hash_object(kind, data, self._format)
        self.objects.append(GitObject(name, kind, data))
        return name

    def close(self) -> bytes:
        """Return the bytes of the pack."""
        head = b"PACK\0\0\0\2" + len(self._packed).to_bytes(4, "big")
        packed = head + b"".join(self._packed)
        return packed + bytes.fromhex(hash_bytes(packed, self._format))
