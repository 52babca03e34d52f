"""Links to the forge that hosts the registry: editor, log, commits, workflows, a new file."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from versioner.query.source_links import FORGES
from versioner.site.urls import outward

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ForgeLinks"]

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class ForgeLinks(NamedTuple):
    """Links to the repository of the registry; each is `""` where no forge is configured."""

    kind: str
    url: str
    branch: str

    @classmethod
    def of(cls, config: Mapping[str, Any], clone: Mapping[str, str] = _NOTHING) -> ForgeLinks:
        """Return the links that `forge` and `branch` in registry.yaml give.

        `clone` is the forge that the remote of the clone shows, with the same keys: it tells what
        registry.yaml does not, unless that has the type `none` or an address.
        """
        named = config.get("forge") or {}
        told = named if named.get("type") == "none" or named.get("url") else clone
        forge = {**told, **named}
        url = outward(str(forge.get("url", ""))).rstrip("/").removesuffix(".git")
        kind = str(forge.get("type", "none")) if url else "none"
        return cls(kind, url, str(config.get("branch") or "main"))

    @property
    def name(self) -> str:
        """Return the name of the forge, `""` without one."""
        return FORGES[self.kind].name if self.kind in FORGES else ""

    def edit(self, path: str) -> str:
        """Return the link to the editor of a file."""
        return self._link("edit", path=path)

    def log(self, path: str) -> str:
        """Return the link to the commits that touched a file or directory."""
        return self._link("log", path=path)

    def commit(self, sha: str) -> str:
        """Return the link to a commit."""
        return self._link("commit", sha=sha)

    def workflow(self, name: str) -> str:
        """Return the link to the page that starts a workflow by hand."""
        return self._link("workflow", workflow=name)

    def new_file(self) -> tuple[str, str, str]:
        """Return the link to the page of a new file, and its parameters for path and content."""
        page, path, content = FORGES[self.kind].new_file if self.kind in FORGES else ("", "", "")
        if not page:
            return "", "", ""
        return f"{self.url}/{page.format(branch=quote(self.branch))}", path, content

    def _link(self, kind: str, **parts: str) -> str:
        address = getattr(FORGES[self.kind], kind) if self.kind in FORGES else ""
        if not address:
            return ""
        quoted = {name: quote(part) for name, part in parts.items()}
        return f"{self.url}/{address.format(branch=quote(self.branch), **quoted)}"
