"""A repository that a server serves: set like a forge's, and looked at from inside."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import yaml

from tests.git_server.disks import fill
from tests.git_server.hooks import hooks_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Options", "Served"]

_INCLUDE = "[include]\n\tpath = forge.config\n"
_EVENT_ID = re.compile(rb'(?m)^- \{.*\bid: "([^"]+)"\}$')


@dataclass(frozen=True)
class Options:
    """Say how a repository behaves; the defaults are those of a plain git server."""

    hook_seconds: float = 0
    hook: Literal["post-receive", "pre-receive"] = "post-receive"
    # What each token may do; without any, everybody may do everything.
    tokens: Mapping[str, Literal["write", "read", "expired", "hidden"]] = field(
        default_factory=dict
    )
    public: bool = False
    limited: bool = False
    filters: bool = True
    protocol: Literal[0, 2] = 2
    atomic: bool = True
    protected: Literal["", "github", "gitlab", "github-signed", "gitlab-signed"] = ""
    custom_refs: Literal["", "update", "pre-receive", "receive.hideRefs", "transfer.hideRefs"] = ""
    file_limit: int | None = None
    config: Mapping[str, str] = field(default_factory=dict)

    def settings(self) -> dict[str, str]:
        """Return git's own settings."""
        settings = {
            "http.receivepack": "true",
            "receive.autogc": "false",
            "uploadpack.allowFilter": str(self.filters).lower(),
            "receive.advertiseAtomic": str(self.atomic).lower(),
        }
        if self.limited:
            settings |= {
                "uploadpackfilter.allow": "false",
                "uploadpackfilter.blob:none.allow": "true",
                "uploadpackfilter.tree.allow": "true",
                "uploadpackfilter.tree.maxDepth": "0",
            }
        if self.custom_refs.endswith("hideRefs"):
            settings[self.custom_refs] = "refs/versioner"
        if self.protected in {"github", "github-signed"}:
            settings["receive.procReceiveRefs"] = "refs/heads/main"
        return settings | dict(self.config)

    def gateway(self) -> str:
        """Return what the gateway reads."""
        tokens = " ".join(f"{token}:{right}" for token, right in self.tokens.items())
        blocks = "" if self.file_limit is None else max(1, self.file_limit // 512)
        return (
            f"tokens={shlex.quote(tokens)}\npublic={'yes' if self.public else ''}\n"
            f"protocol={self.protocol}\nfile_blocks={blocks}\n"
        )


@dataclass
class Served:
    """Hold a bare repository and where it is served."""

    name: str
    path: Path
    server_url: str
    options: Options = field(default_factory=Options)

    @property
    def url(self) -> str:
        """Return where clients find it."""
        return f"{self.server_url}/{self.name}.git"

    def set(self, **options: Any) -> None:
        """Change some options, from the next request on."""
        self.options = replace(self.options, **options)
        config = self.path / "config"
        own = config.read_text(encoding="utf-8").removesuffix(_INCLUDE)
        config.write_text(own + _INCLUDE, encoding="utf-8")
        settings = _sections(self.options.settings())
        (self.path / "forge.config").write_text(settings, encoding="utf-8")
        (self.path / "forge.sh").write_text(self.options.gateway(), encoding="utf-8")
        self._write_hooks()

    def _write_hooks(self) -> None:
        folder = self.path / "hooks"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        chosen = self.options
        hooks = hooks_of(chosen.protected, chosen.custom_refs, chosen.hook, chosen.hook_seconds)
        for name, text in hooks.items():
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(0o755)

    def git(self, *args: str, check: bool = True) -> str:
        """Run git in it, beside the server."""
        return self._git(*args, check=check).decode()

    def _git(self, *args: str, stdin: bytes = b"", check: bool = True) -> bytes:
        done = subprocess.run(
            ["git", "--git-dir", str(self.path), *args],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    def refs(self, *patterns: str) -> dict[str, str]:
        """Return refs and what they point at; all of them, or those under the patterns."""
        told = self.git("for-each-ref", "--format=%(refname) %(objectname)", *patterns)
        return dict(line.split(" ", 1) for line in told.splitlines())

    def tip(self, branch: str = "main") -> str:
        """Return the commit of a branch, or nothing."""
        ref = f"refs/heads/{branch}"
        return self.refs(ref).get(ref, "")

    def commits(self, branch: str = "main") -> int:
        """Return how many commits a branch has."""
        return int(self.git("rev-list", "--count", branch))

    def file(self, path: str, branch: str = "main") -> str:
        """Return the text of a file on a branch."""
        return self.git("show", f"{branch}:{path}")

    def event_ids(self, branch: str = "main", product: str = "") -> list[str]:
        """Return the id of each event line on a branch: twice, if it is there twice."""
        under = f"registry/products/{product}" if product else "registry/products"
        listed = self._git("ls-tree", "-r", branch, "--", under)
        wanted = [line.split()[2] for line in listed.splitlines() if line.count(b"/") == 4]
        contents = self._git("cat-file", "--batch", stdin=b"\n".join(wanted) + b"\n")
        return [found.decode() for found in _EVENT_ID.findall(contents)]

    def events(self, product: str, branch: str = "main") -> list[dict[str, Any]]:
        """Return the deployment events of a product, oldest month first."""
        under = f"registry/products/{product}/deployments"
        paths = self.git("ls-tree", "-r", "--name-only", branch, "--", under).splitlines()
        return [event for path in paths for event in yaml.safe_load(self.file(path, branch))]

    def plant_lock(self, ref: str = "refs/heads/main") -> Path:
        """Leave a lock as a killed git would; `ref` may also be `packed-refs` or `HEAD`."""
        lock = self.path / f"{ref}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
        return lock

    def fill_disk(self, leave: int = 0) -> Path:
        """Fill the disk of its own; remove the file that this returns to make room."""
        return fill(self.path, leave)

    def assert_sound(self, branch: str = "main") -> None:
        """Hold that git finds nothing wrong, history is linear, and nothing is half done."""
        done = subprocess.run(
            ["git", "--git-dir", str(self.path), "fsck", "--strict", "--no-dangling"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
        assert self.git("rev-list", "--merges", branch) == ""
        left = [*self.path.rglob("*.lock"), *self.path.glob("objects/tmp_objdir-*")]
        assert left == []


def _sections(settings: Mapping[str, str]) -> str:
    lines = []
    for key, value in settings.items():
        section, _, rest = key.partition(".")
        sub, _, name = rest.rpartition(".")
        lines.append(f'[{section} "{sub}"]' if sub else f"[{section}]")
        lines.append(f"\t{name} = {value}")
    return "\n".join(lines) + "\n"
