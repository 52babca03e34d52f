"""Talk to a remote from a throw-away bare repository: fetch, list, push, and how that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.git.process import run
from versioner.remote.credentials import (
    credential_env,
    credential_settings,
    masked,
    ssh_settings,
)
from versioner.remote.push_status import (
    RefStatus,
    RemoteFailure,
    fault_of,
    reason_of,
    ref_faults,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.git.process import Completed
    from versioner.git.temporary import Scratch
    from versioner.remote.url import Remote

__all__ = ["SETTINGS", "RemoteClient", "Update", "failure_of"]

# By ids alone: the remote need not tell its refs, and nothing is there to negotiate.
_FETCH: Final = (
    *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"),
    "--no-recurse-submodules",
)
SETTINGS: Final = (
    *("fetch.negotiationAlgorithm=noop", "fetch.writeCommitGraph=false", "gc.auto=0"),
    "pack.useSparse=true",
    "advice.graftFileDeprecated=false",
    *("fetch.fsckObjects=false", "transfer.credentialsInUrl=die", "safe.bareRepository=all"),
    *("http.lowSpeedLimit=1000", "http.lowSpeedTime=30"),
)
# Only those that fetch take the clone for a partial one: all others would fetch what they miss,
# one by one. A push, which looks at all trees of a shallow clone, would fail at the first.
_PARTIAL: Final = ("remote.origin.promisor=true", "remote.origin.partialCloneFilter=blob:none")


class Update(NamedTuple):
    """A ref to move on the remote: from `old` to `new`, None for not there."""

    ref: str
    old: str | None
    new: str | None


class RemoteClient:
    """Stand for a remote in a folder of its own, made by hand, with nothing of it yet."""

    def __init__(self, remote: Remote, place: Scratch) -> None:
        self.remote = remote
        self.object_format = "sha1"
        self.folder = place.folder / "registry.git"
        self._fds = place.inherited
        self._said = ""
        self._make()
        self._own = (*ssh_settings(remote, self.folder), *remote.settings)

    def change_format(self) -> bool:
        """Begin anew as a repository of sha256; False where it is one already."""
        if self.object_format == "sha256":
            return False
        self.object_format = "sha256"
        self._make()
        return True

    def listed(self, *patterns: str) -> tuple[str, dict[str, str]]:
        """Ask the remote itself: the branch its HEAD names ("" if none), and refs by pattern."""
        done = self._remotely(["ls-remote", "--symref", "--", self.remote.url, "HEAD", *patterns])
        if done.returncode != 0:
            raise failure_of(done)
        head, refs = "", {}
        for line in done.stdout.decode("utf-8", "surrogateescape").split("\n")[:-1]:
            value, _, ref = line.partition("\t")
            if value.startswith("ref: "):
                head = value.removeprefix("ref: ")
            elif ref != "HEAD":
                refs[ref] = value
        return head, refs

    def push(self, updates: Sequence[Update], *, atomic: bool = False) -> dict[str, RefStatus]:
        """Move refs on the remote, each only where it stands at `old`; tell each one's outcome.

        Raises RemoteFailure where the remote told of none of them.
        """
        args = ["push", "--porcelain", "--no-verify", "--no-recurse-submodules", "--no-signed"]
        args += ["--quiet"]
        args += ["--atomic"] if atomic else []
        args += [f"--force-with-lease={each.ref}:{each.old or ''}" for each in updates]
        specs = [f"{each.new or ''}:{each.ref}" for each in updates]
        done = self._remotely([*args, "--", "origin", *specs])
        found = ref_faults(done)
        if done.returncode != 0 and not found:
            raise failure_of(done, pushed=True)
        self._said = reason_of(done)
        untold = RefStatus("unknown" if done.returncode else None, "")
        return {each.ref: found.get(each.ref, untold) for each in updates}

    def said(self) -> str:
        """Return what git and the remote had to say of the last push that failed."""
        return self._said

    def _make(self) -> None:
        """Make the repository by hand: `git init` takes as long as a fetch of nothing."""
        for name in ("objects", "refs"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "HEAD").write_text("ref: refs/heads/none\n", "utf-8")
        sha256 = self.object_format == "sha256"
        url = self.remote.url.replace("\\", "\\\\").replace('"', '\\"')
        lines = ["[core]", "\trepositoryformatversion = 1", "\tbare = true"]
        lines += ["[extensions]", "\tobjectFormat = sha256"] if sha256 else []
        lines += ['[remote "origin"]', f'\turl = "{url}"', "\ttagOpt = --no-tags"]
        (self.folder / "config").write_text("".join(f"{line}\n" for line in lines), "utf-8")

    def _fetch(
        self,
        args: Sequence[str],
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        return self._remotely([*_FETCH, *args], stdin, env, _PARTIAL)

    # Whoever must not wait for long runs git in another way.
    _run: Callable[..., Completed] = staticmethod(run)

    def _remotely(
        self,
        args: Sequence[str],
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        more: Sequence[str] = (),
    ) -> Completed:
        settings = [*SETTINGS, *more, *self._own, *credential_settings(self.remote)]
        done = self._run(
            [f"--git-dir={self.folder}", *args],
            cwd=self.folder,
            stdin=stdin,
            config=settings,
            env={**self.remote.env, **credential_env(self.remote), **(env or {})},
            network=True,
            pass_fds=self._fds,
        )
        return masked(done, self.remote)

    def _local(self, args: Sequence[str], stdin: bytes | None = None) -> Completed:
        return run([f"--git-dir={self.folder}", *args], cwd=self.folder, stdin=stdin)


def failure_of(done: Completed, *, pushed: bool = False) -> RemoteFailure:
    """Turn what a talk with a remote left behind into the error a user reads."""
    fault, sent = fault_of(done)
    if fault == "unknown" and not pushed:
        fault = "unreachable"
    return RemoteFailure(fault, reason_of(done), stderr=done.stderr, sent=sent and pushed)
