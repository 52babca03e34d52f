"""Links to the forge that hosts the registry: editor, log, commits, workflows, a new file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from versioner.site.urls import outward

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ForgeLinks"]

_EDIT: Final = {
    "github": "edit/{branch}/{path}",
    "gitlab": "-/edit/{branch}/{path}",
    "gitea": "_edit/{branch}/{path}",
    "forgejo": "_edit/{branch}/{path}",
    "bitbucket": "src/{branch}/{path}?mode=edit",
}
_LOG: Final = {
    "github": "commits/{branch}/{path}",
    "gitlab": "-/commits/{branch}/{path}",
    "gitea": "commits/branch/{branch}/{path}",
    "forgejo": "commits/branch/{branch}/{path}",
    "bitbucket": "history-node/{branch}/{path}",
}
_COMMIT: Final = {
    "github": "commit/{sha}",
    "gitlab": "-/commit/{sha}",
    "gitea": "commit/{sha}",
    "forgejo": "commit/{sha}",
    "bitbucket": "commits/{sha}",
}
# The page that starts a workflow by hand; `versioner init` writes the workflows.
_WORKFLOW: Final = {
    "github": "actions/workflows/{workflow}",
    "gitlab": "-/pipelines/new",
    "gitea": "actions?workflow={workflow}",
    "forgejo": "actions?workflow={workflow}",
}
# A page, and its parameters for the path and the content of the new file. Gitea and Forgejo read
# the content in the browser, so their pages need JavaScript.
_NEW: Final = {
    "github": ("new/{branch}", "filename", "value"),
    "gitlab": ("-/new/{branch}/", "file_name", "content"),
    "gitea": ("_new/{branch}/", "filename", "value"),
    "forgejo": ("_new/{branch}/", "filename", "value"),
}
_NAMES: Final = {
    "github": "GitHub",
    "gitlab": "GitLab",
    "gitea": "Gitea",
    "forgejo": "Forgejo",
    "bitbucket": "Bitbucket",
}


class ForgeLinks(NamedTuple):
    """Links to the repository of the registry; each is `""` where no forge is configured."""

    kind: str
    url: str
    branch: str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> ForgeLinks:
        """Return the links that `forge` and `branch` in registry.yaml give."""
        forge = config.get("forge") or {}
        url = outward(str(forge.get("url", ""))).rstrip("/").removesuffix(".git")
        kind = str(forge.get("type", "none")) if url else "none"
        return cls(kind, url, str(config.get("branch") or "main"))

    @property
    def name(self) -> str:
        """Return the name of the forge, `""` without one."""
        return _NAMES.get(self.kind, "")

    def edit(self, path: str) -> str:
        """Return the link to the editor of a file."""
        return self._link(_EDIT, path=path)

    def log(self, path: str) -> str:
        """Return the link to the commits that touched a file or directory."""
        return self._link(_LOG, path=path)

    def commit(self, sha: str) -> str:
        """Return the link to a commit."""
        return self._link(_COMMIT, sha=sha)

    def workflow(self, name: str) -> str:
        """Return the link to the page that starts a workflow by hand."""
        return self._link(_WORKFLOW, workflow=name)

    def new_file(self) -> tuple[str, str, str]:
        """Return the link to the page of a new file, and its parameters for path and content."""
        if self.kind not in _NEW:
            return "", "", ""
        page, path, content = _NEW[self.kind]
        return f"{self.url}/{page.format(branch=quote(self.branch))}", path, content

    def _link(self, pages: Mapping[str, str], **parts: str) -> str:
        if self.kind not in pages:
            return ""
        quoted = {name: quote(part) for name, part in parts.items()}
        return f"{self.url}/{pages[self.kind].format(branch=quote(self.branch), **quoted)}"
