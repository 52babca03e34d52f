"""A source repository, for what `track` and `where` read of one."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.cli.registries import Desk

__all__ = ["SourceClone", "name_source_paths"]


class SourceClone:
    """A repository with commits whose messages and authors are given."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.clock = 1_700_000_000
        top.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *args: str, message: bytes | None = None, author: str = "Jane Doe") -> str:
        """Run git, with an author of this name; return its output."""
        self.clock += 60
        when = f"{self.clock} +0000"
        login = author.split()[0].lower()
        identity = {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (
                ("NAME", author), ("EMAIL", f"7+{login}@users.noreply.github.com"), ("DATE", when),
            )
        }  # fmt: skip
        done = subprocess.run(
            ["git", "-C", str(self.top), *args], input=message, capture_output=True,
            env={**os.environ, **identity}, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.decode("utf-8", "replace").strip()

    def commit(self, message: str | bytes, *, author: str = "Jane Doe", path: str = "") -> str:
        """Make a commit, which changes a file where one is named; return its id."""
        if path:
            file = self.top / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(str(self.clock))
            self.git("add", path)
        data = message.encode() if isinstance(message, str) else message
        args = ("commit", "-q", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim")
        self.git(*args, "-F", "-", message=data, author=author)
        return self.git("rev-parse", "HEAD")

    def commit_all(self, messages: Iterable[str]) -> None:
        """Make many commits after the one of `main`, in one process."""
        stream, parent = [], "from refs/heads/main^0\n"
        for message in messages:
            self.clock += 60
            who = f"committer Jane Doe <7+jane@users.noreply.github.com> {self.clock} +0000"
            data = f"data {len(message.encode())}\n{message}\n"
            stream.append(f"commit refs/heads/main\n{who}\n{data}{parent}")
            parent = ""
        self.git("fast-import", "--quiet", message="".join(stream).encode())


def name_source_paths(desk: Desk, *paths: str) -> None:
    """Write into the product "tea" from which paths of its source it is built."""
    product = desk.top / "registry/products/tea/product.yaml"
    product.write_text(f"{product.read_text()}source_paths: {json.dumps(paths)}\n")
    desk.git("commit", "-qam", "Name the paths")
