"""The files that a registry begins with, as its forge and its branch want them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.resources import starter_dir

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORGES", "Hosting", "hosting_of", "starter_files"]

# Which files are one forge's alone, by how their paths in the starter begin, and where they go.
_OWN: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "github": ((".github/", ".github/"),),
    "gitlab": ((".gitlab", ".gitlab"),),
    "gitea": ((".gitea/", ".gitea/"),),
    # Gitea's workflows, where Forgejo looks for its own.
    "forgejo": ((".gitea/", ".forgejo/"),),
    "bitbucket": (),
    "none": (),
}
FORGES: Final = tuple(_OWN)
_ANY_OWN: Final = tuple({begin for pairs in _OWN.values() for begin, _ in pairs})

# By a word in the host's name; Codeberg runs Forgejo.
_TELLTALES: Final = {
    "github": "github",
    "gitlab": "gitlab",
    "forgejo": "forgejo",
    "codeberg": "forgejo",
    "gitea": "gitea",
    "bitbucket": "bitbucket",
}
_HOST: Final = r"([A-Za-z0-9][A-Za-z0-9.-]*)"
_PATH: Final = r"/*([A-Za-z0-9._~/-]+)"
_WEB: Final = re.compile(rf"(https?)://(?:[^/@\s]*@)?{_HOST}(:\d+)?{_PATH}")
_SSH: Final = re.compile(rf"ssh://(?:[^/@\s]+@)?{_HOST}(?::\d+)?{_PATH}")
_SCP_LIKE: Final = re.compile(rf"(?:[^/@:\s]+@)?{_HOST}:{_PATH}")
_BRANCH_LINE: Final = re.compile(
    r"^( *(?:branches: \[|ref: |BRANCH: |VERSIONER_BRANCH: ))main(?=\]?$)", re.MULTILINE
)


class Hosting(NamedTuple):
    """Say where a repository is hosted: the kind of forge, and its page; each may be ""."""

    forge: str = ""
    url: str = ""

    @property
    def workflows(self) -> str:
        """Return the forge whose workflows are written; GitHub's where none is known."""
        return self.forge or "github"

    @property
    def described(self) -> dict[str, str]:
        """Return it as registry.yaml describes it; nothing where the forge is unknown."""
        if self.forge in ("", "none"):
            return {}
        told = {"type": self.forge, "url": self.url}
        return {key: value for key, value in told.items() if value}


def hosting_of(origin: str) -> Hosting:
    """Tell from a remote's URL where a repository is hosted; no credential in it is taken."""
    web = _WEB.fullmatch(origin)
    found = web or _SSH.fullmatch(origin) or _SCP_LIKE.fullmatch(origin)
    if not found:
        return Hosting()
    scheme, host, port, path = web.groups() if web else ("https", found[1], "", found[2])
    kinds = (kind for word, kind in _TELLTALES.items() if word in host.lower())
    page = path.strip("/").removesuffix(".git")
    return Hosting(next(kinds, ""), f"{scheme}://{host}{port or ''}/{page}")


def starter_files(forge: str, branch: str) -> dict[str, bytes]:
    """Return the files that go beside `registry/`, by path."""
    files = {}
    for path in sorted(starter_dir().rglob("*")):
        if path.is_file():
            # Kept without their dots in the package, where some build tools drop dot files.
            relative = path.relative_to(starter_dir()).as_posix().replace("dot-", ".")
            target = _place(relative, forge)
            if target:
                files[target] = path.read_bytes()
    return _for_branch(files, branch)


def _place(path: str, forge: str) -> str:
    """Return where a starter's file goes, "" where it is another forge's."""
    if not path.startswith(_ANY_OWN):
        return path
    places = (
        there + path.removeprefix(here) for here, there in _OWN[forge] if path.startswith(here)
    )
    return next(places, "")


def _for_branch(files: Mapping[str, bytes], branch: str) -> dict[str, bytes]:
    """Name the registry's branch in the workflows."""
    if branch == "main":
        return dict(files)
    named = json.dumps(branch, ensure_ascii=False)
    return {
        path: _BRANCH_LINE.sub(lambda found: found[1] + named, data.decode()).encode()
        if "/workflows/" in path
        else data
        for path, data in files.items()
    }
