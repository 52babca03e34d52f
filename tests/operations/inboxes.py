"""A bare registry with an inbox, and what anyone who may push can put there."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.operations.desk import NOW, Desk
from tests.remote.served import Options, Served
from versioner.delivery.collect import collect
from versioner.delivery.inbox_admin import list_inbox
from versioner.git.repository import open_repository
from versioner.remote.url import Remote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from versioner.delivery.collect import Collected
    from versioner.remote.inbox_refs import Inbox

__all__ = [
    "INBOX",
    "Post",
    "clone_of",
    "commit_on_branch",
    "copy_of",
    "entropy",
    "hostile_refs",
    "ids_of",
    "post_clone",
    "push",
    "submission",
]

INBOX = "refs/versioner/inbox/"


def entropy() -> tuple[int, bytes]:
    return 1, os.urandom(10)


def submission(product: str = "shop", version: str = "2.0", **said: Any) -> dict[str, Any]:
    """Return what a deployment of a product says of itself; None leaves a field out."""
    fields = {"at": NOW, "environment": "staging", "version": version, "status": "completed"}
    event = {key: value for key, value in {**fields, **said}.items() if value is not None}
    event_id = event.pop("id", f"{product}-{version}".replace(".", "-"))
    return {
        "format": 1,
        "kind": "deployment",
        "product": product,
        "detected": False,
        "event_id": event_id,
        "event": event,
    }


@dataclass(frozen=True)
class Post:
    """Stand beside a bare registry: put events into its inbox, and collect them."""

    path: Path

    @property
    def remote(self) -> Remote:
        return Remote(str(self.path))

    @property
    def served(self) -> Served:
        return Served("bare", self.path, "", Options())

    def git(self, *args: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["git", *args],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            check=True,
            env={**os.environ, **(env or {})},
        )
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def blob(self, data: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", stdin=data)

    def tree(self, *lines: str) -> str:
        return self.git(
            "mktree", "--missing", stdin="".join(f"{line}\n" for line in lines).encode()
        )

    def commit(self, files: dict[str, bytes], *parents: str, at: str = NOW) -> str:
        lines = [f"100644 blob {self.blob(data)}\t{name}" for name, data in files.items()]
        led = [word for parent in parents for word in ("-p", parent)]
        dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
        return self.git("commit-tree", self.tree(*lines), *led, "-m", "Hand over", env=dates)

    def put(self, ref: str, data: bytes | dict[str, Any], at: str = NOW) -> str:
        """Let an event wait; `ref` is what comes behind the inbox's own prefix."""
        raw = data if isinstance(data, bytes) else json.dumps(data).encode() + b"\n"
        commit = self.commit({"event.json": raw}, at=at)
        self.git("update-ref", INBOX + ref, commit)
        return commit

    def put_many(self, documents: Iterable[dict[str, Any]]) -> list[str]:
        """Let many wait, in one go; return their ids."""
        told = list(documents)
        refs = (f"{each['product']}/{each['event_id']}" for each in told)
        self.put_all(dict(zip(refs, (json.dumps(each) for each in told), strict=True)))
        return [each["event_id"] for each in told]

    def put_all(self, texts: Mapping[str, str]) -> None:
        """Let anything wait, in one go, the first as the oldest."""
        stream = [
            f"commit {INBOX}{ref}\ncommitter v <v> {1_790_000_000 + number} +0000\n"
            f"data 1\nx\nM 100644 inline event.json\ndata {len(text.encode())}\n{text}\n"
            for number, (ref, text) in enumerate(texts.items())
        ]
        self.git("fast-import", "--quiet", stdin="".join(stream).encode())

    def collect(self, branch: str = "", now: str = NOW) -> Collected:
        return collect(self.remote, branch, now=now, entropy=entropy)

    def inbox(self) -> Inbox:
        return list_inbox(self.remote)

    def refs(self) -> list[str]:
        """Return what waits and what was refused, without the prefix that all share."""
        found = self.git("for-each-ref", "--format=%(refname)", "refs/versioner/")
        return [line.removeprefix("refs/versioner/") for line in found.splitlines()]

    def ids(self, product: str = "") -> list[str]:
        return self.served.event_ids("main", product)


def copy_of(pattern: Path, path: Path) -> Post:
    subprocess.run(["cp", "-r", str(pattern), str(path)], check=True)
    return Post(path)


def commit_on_branch(post: Post, path: str, data: bytes) -> None:
    """Commit one file, as somebody does beside the tool."""
    head = "commit refs/heads/main\ncommitter j <j> now\ndata 1\nx\nfrom refs/heads/main^0\n"
    text = f"{head}M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"
    post.git("fast-import", "--quiet", "--date-format=now", stdin=text)


def hostile_refs(post: Post) -> dict[str, str]:
    """Make refs of odd names, at objects of all kinds; return what each stands at, by name."""
    unread = post.commit({"event.json": b"[]"})
    tag = post.git("mktag", stdin=tag_of(post.git("rev-parse", "main"), "commit"))
    of_blob = post.git("mktag", stdin=tag_of(post.blob(b"{}"), "blob"))
    inner = {
        "dir": post.tree(f"040000 tree {post.tree()}\tevent.json"),
        "sub": post.tree(f"160000 commit {'1' * 40}\tevent.json"),
        "link": post.tree(f"120000 blob {post.blob(b'/etc/passwd')}\tevent.json"),
        "empty": post.tree(),
    }
    refs = {
        "onelevel": post.commit({"event.json": b"{}"}),
        "a/b/c/d": unread,
        "shop/\u00fcn\u00ef": post.commit({"event.json": b"1"}),
        b"shop/\xff\xfe".decode("utf-8", "surrogateescape"): post.commit({"event.json": b"2"}),
        "shop/\u2028line": post.commit({"event.json": b"3"}),
        "shop/" + "k" * 200: post.commit({"event.json": b"4"}),
        "shop/UPPER": post.commit({"event.json": b"5"}),
        "NotAName/x": post.commit({"event.json": b"6"}),
        "shop/main": post.git("rev-parse", "main"),
        "shop/tag": tag,
        "shop/tag-of-blob": of_blob,
        "shop/blob": post.blob(b'{"a": 1}'),
        "shop/tree": post.tree(f"100644 blob {post.blob(b'hi')}\tfile"),
        **{f"odd/{name}": post.git("commit-tree", tree, "-m", "x") for name, tree in inner.items()},
    }
    for name, value in refs.items():
        post.git("update-ref", INBOX + name, value)
    return refs


def tag_of(name: str, kind: str) -> bytes:
    return f"object {name}\ntype {kind}\ntag t\ntagger j <j> 1790000000 +0000\n\nx\n".encode()


def clone_of(path: Path) -> Path:
    clone = path.with_name("clone")
    subprocess.run(["git", "clone", "-q", str(path), str(clone)], check=True)
    return clone


def post_clone(post: Post, tmp_path: Path) -> Desk:
    """Sit at a clone of it in a folder, from where `push` pushes."""
    subprocess.run(["git", "clone", "-q", str(post.path), str(tmp_path / "clone")], check=True)
    assert open_repository(tmp_path / "clone").tip
    return Desk(tmp_path / "clone")


def push(tmp_path: Path) -> None:
    subprocess.run(["git", "push", "-q"], cwd=tmp_path / "clone", check=True)


def ids_of(collected: Collected) -> list[str]:
    return [each.event["id"] for each in collected.recorded]
