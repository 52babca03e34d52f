"""The client of one git remote: list its refs, fetch from it, push to it.

The client runs git in a bare repository of ours, so that no hook, credential helper, ssh command
or URL rewriting of a user's clone takes part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.git.process import run, run_limited
from versioner.remote.credentials import (
    credential_env,
    credential_settings,
    masked,
    ssh_settings,
)
from versioner.remote.faults import RemoteFailure
from versioner.remote.push_status import RefStatus, fault_of, reason_of, ref_faults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from versioner.git.process import Completed
    from versioner.remote.url import Remote

__all__ = ["RefUpdate", "RemoteClient", "RemoteRefs", "create_bare", "failure_of"]

_FETCH: Final = (
    *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"),
    "--no-recurse-submodules",
)
_PUSH: Final = (
    *("push", "--porcelain", "--no-verify", "--no-recurse-submodules", "--no-signed", "--quiet"),
)


class RefUpdate(NamedTuple):
    """An update of one ref on the remote, from `old` to `new`; None means that there is no ref."""

    ref: str
    old: str | None
    new: str | None


class RemoteRefs(NamedTuple):
    """The refs of a remote, and the branch that its HEAD names, "" for none."""

    head: str
    refs: dict[str, str]


class RemoteClient:
    """A git remote, and the bare repository in `folder` that git runs in to reach it.

    `settings` are git's own (`key=value`), for every command; `inherited` are the file
    descriptors that git processes keep open. After `limit` seconds a command is ended.
    """

    def __init__(
        self,
        remote: Remote,
        folder: Path,
        *,
        inherited: Sequence[int] = (),
        settings: Sequence[str] = (),
        limit: float | None = None,
    ) -> None:
        self.remote = remote
        self.folder = folder
        self._inherited = inherited
        self._settings = (*settings, *ssh_settings(remote, folder), *remote.settings)
        self._limit = limit

    def list_refs(self, *patterns: str) -> RemoteRefs:
        """Return the remote's refs that match patterns as `git ls-remote` takes them.

        Raises RemoteFailure.
        """
        done = self._run(["ls-remote", "--symref", "--", self.remote.url, "HEAD", *patterns])
        if done.returncode != 0:
            raise failure_of(done)
        head, refs = "", {}
        for line in done.stdout.decode("utf-8", "surrogateescape").split("\n")[:-1]:
            value, _, ref = line.partition("\t")
            if value.startswith("ref: "):
                head = value.removeprefix("ref: ")
            elif ref != "HEAD":
                refs[ref] = value
        return RemoteRefs(head, refs)

    def fetch(
        self,
        args: Sequence[str],
        *,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        settings: Sequence[str] = (),
    ) -> Completed:
        """Run `git fetch`; `args` are its options, the remote and the refs."""
        return self._run([*_FETCH, *args], stdin, env, settings)

    def push(self, updates: Sequence[RefUpdate], *, atomic: bool = False) -> dict[str, RefStatus]:
        """Update refs on the remote, each only where it is at `old`; return each one's status.

        Raises RemoteFailure where the remote reported the status of none of them.
        """
        args = ["--atomic"] if atomic else []
        args += [f"--force-with-lease={each.ref}:{each.old or ''}" for each in updates]
        done = self._run(
            [
                *_PUSH,
                *args,
                "--",
                self.remote.url,
                *(f"{each.new or ''}:{each.ref}" for each in updates),
            ]
        )
        found = ref_faults(done)
        if done.returncode != 0 and not found:
            raise failure_of(done, pushed=True)
        unreported = RefStatus("unknown" if done.returncode else None, "")
        statuses = {each.ref: found.get(each.ref, unreported) for each in updates}
        return {
            ref: status
            if status.fault is None
            else status._replace(reason=reason_of(done, status.reason))
            for ref, status in statuses.items()
        }

    def dry_run_push(self, commit: str, ref: str, *, atomic: bool, receiver: str = "") -> None:
        """Do all of a push but the update; raise RemoteFailure where the remote refuses that.

        `receiver` is the command to run on the remote's side instead of `git receive-pack`.
        """
        args = ["--dry-run", *(["--atomic"] if atomic else [])]
        args += [f"--receive-pack={receiver}"] if receiver else []
        done = self._run([*_PUSH, *args, "--", self.remote.url, f"{commit}:{ref}"])
        if done.returncode != 0:
            raise failure_of(done)

    def _run(
        self,
        args: Sequence[str],
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        settings: Sequence[str] = (),
    ) -> Completed:
        command = [f"--git-dir={self.folder}", *args]
        config = [*self._settings, *settings, *credential_settings(self.remote)]
        variables = {**self.remote.env, **credential_env(self.remote), **(env or {})}
        if self._limit is None:
            done = run(
                command,
                cwd=self.folder,
                stdin=stdin,
                config=config,
                env=variables,
                network=True,
                pass_fds=self._inherited,
            )
        else:
            done = run_limited(
                command,
                limit=self._limit,
                cwd=self.folder,
                stdin=stdin,
                config=config,
                env=variables,
                network=True,
                pass_fds=self._inherited,
            )
        return masked(done, self.remote)


def failure_of(done: Completed, *, pushed: bool = False) -> RemoteFailure:
    """Return the failure of a command that the remote reported no ref's status to."""
    fault, sent = fault_of(done)
    if fault == "unknown" and not pushed:
        fault = "unreachable"
    return RemoteFailure(fault, reason_of(done), stderr=done.stderr, sent=sent and pushed)


def create_bare(folder: Path, url: str, object_format: str) -> None:
    """Write an empty bare repository whose `origin` is a URL.

    Written file by file: `git init` takes as long as a fetch of nothing.
    """
    for name in ("objects", "refs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "HEAD").write_text("ref: refs/heads/none\n", "utf-8")
    url = url.replace("\\", "\\\\").replace('"', '\\"')
    lines = ["[core]", "\trepositoryformatversion = 1", "\tbare = true"]
    if object_format == "sha256":
        lines += ["[extensions]", "\tobjectFormat = sha256"]
    lines += ['[remote "origin"]', f'\turl = "{url}"', "\ttagOpt = --no-tags"]
    (folder / "config").write_text("".join(f"{line}\n" for line in lines), "utf-8")
