"""The forge that hosts a repository, as the URL of a clone's remote shows it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.git.config import settings

if TYPE_CHECKING:
    from versioner.git.repository import Repository

__all__ = ["Hosting", "hosting_of_clone"]

# Words in a host name that show the forge; Codeberg runs Forgejo.
_HOST_WORDS: Final = {
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


class Hosting(NamedTuple):
    """The host of a repository: the type of forge and the URL of its page, or "" if unknown."""

    forge: str = ""
    url: str = ""

    @property
    def workflows(self) -> str:
        """Return the forge whose workflows are written; GitHub if none is known."""
        return self.forge or "github"

    @property
    def described(self) -> dict[str, str]:
        """Return the `forge` field of registry.yaml; empty if the forge is unknown."""
        if self.forge in ("", "none"):
            return {}
        fields = {"type": self.forge, "url": self.url}
        return {key: value for key, value in fields.items() if value}


def hosting_of_clone(repository: Repository) -> Hosting:
    """Return the host that the remote `origin` of a clone shows, else its only remote."""
    asked = r"^remote\..*\.url$"
    urls = {each.key.lower(): each.value for each in settings(repository.top, asked)}
    only = next(iter(urls.values())) if len(urls) == 1 else ""
    return _hosting_of(urls.get("remote.origin.url", only).strip())


def _hosting_of(origin: str) -> Hosting:
    """Return the host that the URL of a remote shows, without credentials."""
    web = _WEB.fullmatch(origin)
    found = web or _SSH.fullmatch(origin) or _SCP_LIKE.fullmatch(origin)
    if not found:
        return Hosting()
    scheme, host, port, path = web.groups() if web else ("https", found[1], "", found[2])
    kinds = (kind for word, kind in _HOST_WORDS.items() if word in host.lower())
    page = path.strip("/").removesuffix(".git")
    return Hosting(next(kinds, ""), f"{scheme}://{host}{port or ''}/{page}")
