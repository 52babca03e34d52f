"""Which commits have a change: the commit itself, its copies, and what reverted them.

A copy of a commit has the same patch id: it is a cherry-pick, or the same change rebased. A revert
names the commit that it takes back in its message, as `git revert` writes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from versioner.errors import Ambiguous, NotFound, OperationFailed, UsageFault
from versioner.git.process import git, run
from versioner.git.repository import open_repository

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = ["SourceChange", "SourceHistory"]

_REVERTS: Final = re.compile(rb"This reverts commit ([0-9a-f]{7,64})")
_HEX: Final = re.compile(r"[0-9a-f]{4,64}")
# How a message names a pull request: squashed, merged, or of a merge request.
_OF_NUMBER: Final = (
    r"\(#{0}\)|Merge pull request #{0}( |$)|(^|[ (]|See merge request [^ ]*)!{0}([ )]|$)"
)
_NUMBER: Final = re.compile(r"[#!]([0-9]{1,9})")
_TICKET: Final = re.compile(r"[A-Z][A-Z0-9]+-[0-9]{1,9}")
_MERGES: Final = r"Merge pull request #{0}( |$)"
_QUOTED: Final = re.compile(r'\A(?:Revert|Reapply) ".*"')
_LOG: Final = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-notes", "--no-show-signature")


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A commit that is looked for: its copies, itself among them, each with what reverted it."""

    commit: str
    subject: str
    reverts: Mapping[str, frozenset[str]] = field(default_factory=dict)


class SourceHistory:
    """The commits of a clone of a product's source; nothing is fetched."""

    def __init__(self, path: Path) -> None:
        self._top = open_repository(path).top
        if self._git("rev-parse", "--is-shallow-repository").strip() == b"true":
            raise OperationFailed(
                f"{path} is a shallow clone, so its history does not show what is in a commit",
                hint="fetch the rest of it: git fetch --unshallow",
            )

    def _git(self, *args: str, stdin: bytes | None = None, check: bool = True) -> bytes:
        return git(args, cwd=self._top, stdin=stdin, check=check)

    def commits_named(self, text: str) -> list[str]:
        """Return the commits that a text names: an id, a pull request (`#12`) or a ticket.

        Of a pull request that was merged by a merge commit, that is the one. Raises NotFound,
        Ambiguous for the beginning of several ids, and UsageFault for another text.
        """
        if number := _NUMBER.fullmatch(text):
            wanted = number[1]
            merges = self._matching(_MERGES.format(wanted), "--merges")
            return merges or self._found(text, self._matching(_OF_NUMBER.format(wanted)))
        if _TICKET.fullmatch(text):
            return self._found(text, self._matching(rf"(^|[^A-Z0-9]){text}([^0-9]|$)"))
        if not _HEX.fullmatch(text.lower()):
            raise UsageFault(
                f'"{text[:60]}" is no commit, pull request or ticket',
                hint="give a commit id, #12, !12 or ABC-123",
            )
        return [self._commit(text.lower())]

    def _found(self, text: str, commits: list[str]) -> list[str]:
        if not commits:
            raise NotFound(
                f"no commit of the source names {text}", hint="fetch it there, or name its commit"
            )
        return commits

    def _matching(self, pattern: str, *options: str) -> list[str]:
        """Return the commits whose message names something, newest first.

        What the subject of a revert quotes is another commit's message.
        """
        search = ("--all", "--extended-regexp", f"--grep={pattern}", *options)
        text = self._git("log", *_LOG, "-z", "--format=%H %B", *search).decode("utf-8", "replace")
        found = []
        for entry in filter(None, text.split("\0")):
            commit, _, message = entry.partition(" ")
            if re.search(pattern, _QUOTED.sub("", message), re.M):
                found.append(commit)
        return found

    def _commit(self, text: str) -> str:
        done = run(
            ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}"],
            cwd=self._top,
        )
        if done.returncode == 0:
            return done.stdout.decode("ascii").strip()
        if "ambiguous" in done.stderr:
            ids = sorted(set(re.findall(r"^hint:\s+([0-9a-f]+) commit", done.stderr, re.M)))
            raise Ambiguous(
                f'several commits of the source begin with "{text}"', ids,
                remedy="write more characters of one of these ids",
            )  # fmt: skip
        raise NotFound(f'the source has no commit "{text}"', hint="fetch it there: git fetch")

    def known(self, ids: Collection[str]) -> dict[str, str]:
        """Return by id, which may be a short one, the commit that it names here."""
        wanted = sorted({each for each in ids if _HEX.fullmatch(each)})
        if not wanted:
            return {}
        asked = "".join(f"{each}^{{commit}}\n" for each in wanted).encode("ascii")
        lines = self._git("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked)
        found: dict[str, str] = {}
        for name, line in zip(wanted, lines.decode("ascii").splitlines(), strict=True):
            commit, _, kind = line.partition(" ")
            if kind == "commit":
                found[name] = commit
        return found

    def change_of(self, commit: str, heads: Collection[str]) -> SourceChange:
        """Return the copies of a commit in the history of some heads, and their reverts."""
        heads = {commit, *heads}
        subject = self._git("show", "-s", *_LOG[:1], "--format=%s", commit).decode(
            "utf-8", "replace"
        )
        copies = {commit, *self._copies(commit, heads)}
        reverts: dict[str, set[str]] = {each: set() for each in copies}
        for revert, reverted in self._reverts(heads):
            for copy in copies:
                if copy.startswith(reverted):
                    reverts[copy].add(revert)
        return SourceChange(
            commit, subject.strip(), {copy: frozenset(each) for copy, each in reverts.items()}
        )

    def _copies(self, commit: str, heads: Collection[str]) -> set[str]:
        own = self._patch_ids(self._patches(("--no-walk",), [commit]))
        if commit not in own:
            # A merge, or a commit without a change: only itself is it.
            return set()
        paths = self._git(
            "diff-tree", "--root", "-r", "-z", "--name-only", "--no-commit-id", commit
        )
        named = [each for each in paths.split(b"\0") if each]
        # Only a commit that touches the same files can be a copy; all of its patch is compared.
        literal = [f":(literal,top){each.decode('utf-8', 'surrogateescape')}" for each in named]
        found = self._patch_ids(self._patches(("--no-merges", "--full-diff"), heads, literal))
        return {each for each, patch in found.items() if patch == own[commit]}

    def _patches(
        self, options: Sequence[str], starts: Iterable[str], paths: Sequence[str] = ()
    ) -> bytes:
        return self._git(
            "log", *_LOG, "--patch", "--no-renames", "--root", "--format=commit %H", *options,
            "--stdin", *(["--", *paths] if paths else []),
            stdin="".join(f"{each}\n" for each in sorted(starts)).encode("ascii"),
        )  # fmt: skip

    def _patch_ids(self, patches: bytes) -> dict[str, str]:
        lines = self._git("patch-id", "--stable", stdin=patches).decode("ascii").splitlines()
        pairs = (line.split() for line in lines)
        return {commit: patch for patch, commit in pairs}

    def _reverts(self, heads: Collection[str]) -> list[tuple[str, str]]:
        """Return the commits that revert another one, each with the id that its message names."""
        text = self._git(
            "log", *_LOG, "-z", "--format=%H %B", "--grep=This reverts commit", "--stdin",
            stdin="".join(f"{each}\n" for each in sorted(heads)).encode("ascii"),
        )  # fmt: skip
        found = []
        for entry in text.split(b"\0"):
            commit, _, message = entry.partition(b" ")
            for reverted in _REVERTS.findall(message):
                found.append((commit.decode("ascii"), reverted.decode("ascii")))
        return found

    def heads_with(self, changes: Sequence[SourceChange], heads: Collection[str]) -> set[str]:
        """Return the heads that have every change.

        A change is there where a copy of it is in the history of the head, and no revert of that
        copy is.
        """
        marked = sorted({
            each
            for change in changes
            for copy, reverts in change.reverts.items()
            for each in (copy, *reverts)
        })  # fmt: skip
        reached = self._reached(marked, heads)
        bit = {commit: 1 << number for number, commit in enumerate(marked)}
        return {
            head
            for head in heads
            if all(_is_there(change, reached.get(head, 0), bit) for change in changes)
        }

    def _reached(self, marked: Sequence[str], heads: Collection[str]) -> dict[str, int]:
        """Return for each head which of some commits are in its history, as bits."""
        lines = self._git(
            "rev-list", "--topo-order", "--reverse", "--parents", "--stdin",
            stdin="".join(f"{each}\n" for each in sorted(heads)).encode("ascii"),
        )  # fmt: skip
        own = {commit: 1 << number for number, commit in enumerate(marked)}
        masks: dict[str, int] = {}
        for line in lines.decode("ascii").splitlines():
            commit, *parents = line.split()
            mask = own.get(commit, 0)
            for parent in parents:
                mask |= masks.get(parent, 0)
            masks[commit] = mask
        return {head: masks[head] for head in heads if head in masks}


def _is_there(change: SourceChange, reached: int, bit: Mapping[str, int]) -> bool:
    return any(
        reached & bit[copy] and not any(reached & bit[revert] for revert in reverts)
        for copy, reverts in change.reverts.items()
    )
