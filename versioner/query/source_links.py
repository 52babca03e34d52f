"""Links to a version's source, and the one table of the addresses that each forge uses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from versioner.models import Version
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["FORGES", "Source", "commit_url", "compare_url", "source_of"]


class ForgePages(NamedTuple):
    """The addresses of one forge's pages, each below the address of a repository.

    `new_file` is the page that makes a new file, and the names of its two parameters: the
    file's path (with its folders) and its content. An address is "" where the forge has no such
    page, and `host` where there is no public one.
    """

    name: str
    host: str
    commit: str
    compare: str
    edit: str
    log: str
    workflow: str = ""
    new_file: tuple[str, str, str] = ("", "", "")
    # What `#12` and `!12` in the message of a commit lead to.
    number: str = ""
    merge_request: str = ""


_GITEA: Final = ForgePages(
    name="Gitea",
    host="",
    commit="commit/{sha}",
    compare="compare/{old}...{new}",
    edit="_edit/{branch}/{path}",
    log="commits/branch/{branch}/{path}",
    workflow="actions?workflow={workflow}",
    number="pulls/{number}",
    # The page reads the path on the server, and the content in the browser.
    new_file=("_new/{branch}/", "filename", "value"),
)
FORGES: Final = {
    "github": ForgePages(
        name="GitHub",
        host="https://github.com",
        commit="commit/{sha}",
        compare="compare/{old}...{new}",
        edit="edit/{branch}/{path}",
        log="commits/{branch}/{path}",
        workflow="actions/workflows/{workflow}",
        new_file=("new/{branch}", "filename", "value"),
        number="pull/{number}",
    ),
    "gitlab": ForgePages(
        name="GitLab",
        host="https://gitlab.com",
        commit="-/commit/{sha}",
        compare="-/compare/{old}...{new}",
        edit="-/edit/{branch}/{path}",
        log="-/commits/{branch}/{path}",
        # A workflow that is started by hand is a new pipeline with variables.
        workflow="-/pipelines/new",
        new_file=("-/new/{branch}/", "file_name", "content"),
        number="-/issues/{number}",
        merge_request="-/merge_requests/{number}",
    ),
    "gitea": _GITEA,
    "forgejo": _GITEA._replace(name="Forgejo"),
    "bitbucket": ForgePages(
        name="Bitbucket",
        host="https://bitbucket.org",
        commit="commits/{sha}",
        compare="branches/compare/{new}..{old}",
        edit="src/{branch}/{path}?mode=edit",
        log="history-node/{branch}/{path}",
        number="pull-requests/{number}",
    ),
}
_PATH: Final = r"[A-Za-z0-9_~][A-Za-z0-9._~-]*(?:/[A-Za-z0-9_~][A-Za-z0-9._~-]*)*"
_ADDRESS: Final = re.compile(
    r"(?:(?P<scheme>https?|ssh|git)://)?(?:git@)?(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"
    rf"(?P<port>:[0-9]+)?[:/](?P<path>{_PATH})"
)
_SHA: Final = re.compile(r"[0-9a-f]{7,64}")


class Source(NamedTuple):
    """The address of a repository on a forge, and the kind of forge."""

    url: str
    forge: str


def source_of(registry: Registry, record: ProductRecord, version: Version) -> Source | None:
    """Return the repository of a version on its forge, or None where it is unknown.

    The repository is the one that the version's events name, else the product's `repository`. A
    bare `owner/name` is on the server that reported it, else on the registry's own forge.
    """
    metadata = record.document.get("extra_metadata", {})
    repository = str(version.scm_repository or metadata.get("repository", ""))
    repository = repository.rstrip("/").removesuffix(".git")
    if not repository:
        return None
    owner, *rest = repository.split("/")
    # With more than two parts, a first part that has a dot is a host.
    if re.fullmatch(_PATH, repository) and (len(rest) == 1 or (rest and "." not in owner)):
        return _on_server(registry, version, repository)
    match = _ADDRESS.fullmatch(repository)
    if match is None:
        return None
    is_web = (match["scheme"] or "").startswith("http")
    # The port of an address for ssh is not the web server's.
    host = match["host"] + ((match["port"] or "") if is_web else "")
    scheme = match["scheme"] if is_web else "https"
    forge = _forge_of(registry, host, version)
    return Source(f"{scheme}://{host}/{match['path']}", forge) if forge else None


def commit_url(registry: Registry, record: ProductRecord, version: Version) -> str:
    """Return the link to a version's commit, or ""."""
    sha = _sha(version)
    source = source_of(registry, record, version) if sha and _SHA.fullmatch(sha) else None
    return f"{source.url}/{FORGES[source.forge].commit.format(sha=sha)}" if source else ""


def compare_url(registry: Registry, record: ProductRecord, old: Version, new: Version) -> str:
    """Return the link to the changes between two versions of a product, or ""."""
    source = source_of(registry, record, new)
    shas = _sha(old), _sha(new)
    if source is None or source != source_of(registry, record, old):
        return ""
    if shas[0] == shas[1] or not all(map(_SHA.fullmatch, shas)):
        return ""
    return f"{source.url}/{FORGES[source.forge].compare.format(old=shas[0], new=shas[1])}"


def _sha(version: Version) -> str:
    # A version that is named after its whole commit often has no other mention of it.
    if version.scm_sha:
        return version.scm_sha
    name = version.name
    return name if len(name) == 40 and re.fullmatch(r"[0-9a-f]{40}", name) else ""


def _on_server(registry: Registry, version: Version, path: str) -> Source | None:
    system = _latest(version, "source_system")
    server = _origin(_latest(version, "source_server"))
    if system in FORGES:
        base = server or FORGES[system].host
        return Source(f"{base}/{path}", system) if base else None
    forge = registry.config.get("forge", {})
    kind = forge.get("type", "none")
    if kind not in FORGES:
        return None
    base = _origin(forge.get("url", "")) or FORGES[kind].host
    return Source(f"{base}/{path}", kind) if base else None


def _forge_of(registry: Registry, host: str, version: Version) -> str:
    for kind in FORGES:
        if kind in host.lower():
            return kind
    if host.lower() == "codeberg.org":
        return "forgejo"
    system = _latest(version, "source_system")
    if system in FORGES and urlsplit(_origin(_latest(version, "source_server"))).netloc == host:
        return system
    forge = registry.config.get("forge", {})
    is_ours = urlsplit(_origin(forge.get("url", ""))).netloc == host
    return str(forge["type"]) if is_ours and forge.get("type") in FORGES else ""


def _latest(version: Version, key: str) -> str:
    return next((str(event[key]) for event in version.source_events if event.get(key)), "")


def _origin(url: str) -> str:
    match = re.match(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?=/|$)", url)
    return match[0] if match else ""
