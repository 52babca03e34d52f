"""Where a version's source is: links to a commit, and to what lies between two of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from versioner.models import Version
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["Source", "commit_url", "compare_url", "source_of"]

# What each forge calls its pages, below the repository's own.
_COMMIT: Final = {
    "github": "commit/{sha}",
    "gitlab": "-/commit/{sha}",
    "gitea": "commit/{sha}",
    "forgejo": "commit/{sha}",
    "bitbucket": "commits/{sha}",
}
_COMPARE: Final = {
    "github": "compare/{old}...{new}",
    "gitlab": "-/compare/{old}...{new}",
    "gitea": "compare/{old}...{new}",
    "forgejo": "compare/{old}...{new}",
    "bitbucket": "branches/compare/{new}..{old}",
}
_HOSTS: Final = {
    "github": "https://github.com",
    "gitlab": "https://gitlab.com",
    "bitbucket": "https://bitbucket.org",
}
_PATH: Final = r"[A-Za-z0-9_~][A-Za-z0-9._~-]*(?:/[A-Za-z0-9_~][A-Za-z0-9._~-]*)*"
_ADDRESS: Final = re.compile(
    r"(?:(?P<scheme>https?|ssh|git)://)?(?:git@)?(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"
    rf"(?P<port>:[0-9]+)?[:/](?P<path>{_PATH})"
)
_SHA: Final = re.compile(r"[0-9a-f]{7,64}")


class Source(NamedTuple):
    """Name a repository's page on a forge, and the kind of forge."""

    url: str
    forge: str


def source_of(registry: Registry, record: ProductRecord, version: Version) -> Source | None:
    """Return where a version's source is, or None where that cannot be told.

    The repository is what the version's events say, else the product's `repository`. A bare
    `owner/name` is on the server that reported it, else on the registry's own forge.
    """
    metadata = record.document.get("extra_metadata", {})
    repository = str(version.scm_repository or metadata.get("repository", ""))
    repository = repository.rstrip("/").removesuffix(".git")
    owner, *rest = repository.split("/")
    # With more than two parts, the first one may as well be a host.
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
    source = source_of(registry, record, version)
    if source is None or not _SHA.fullmatch(_sha(version)):
        return ""
    return f"{source.url}/{_COMMIT[source.forge].format(sha=_sha(version))}"


def compare_url(registry: Registry, record: ProductRecord, old: Version, new: Version) -> str:
    """Return the link to what lies between two versions of a product, or ""."""
    source = source_of(registry, record, new)
    shas = _sha(old), _sha(new)
    if source is None or source != source_of(registry, record, old):
        return ""
    if shas[0] == shas[1] or not all(map(_SHA.fullmatch, shas)):
        return ""
    return f"{source.url}/{_COMPARE[source.forge].format(old=shas[0], new=shas[1])}"


def _sha(version: Version) -> str:
    # Many name a version after its whole commit, and say no more of it.
    is_commit = re.fullmatch(r"[0-9a-f]{40}", version.name)
    return version.scm_sha or (version.name if is_commit else "")


def _on_server(registry: Registry, version: Version, path: str) -> Source | None:
    system = _told(version, "source_system")
    server = _origin(_told(version, "source_server"))
    if system in _COMMIT:
        base = server or _HOSTS.get(system, "")
        return Source(f"{base}/{path}", system) if base else None
    forge = registry.config.get("forge", {})
    kind = forge.get("type", "none")
    base = _origin(forge.get("url", "")) or _HOSTS.get(kind, "")
    return Source(f"{base}/{path}", kind) if base and kind in _COMMIT else None


def _forge_of(registry: Registry, host: str, version: Version) -> str:
    for kind in _COMMIT:
        if kind in host.lower():
            return kind
    if host.lower() == "codeberg.org":
        return "forgejo"
    system = _told(version, "source_system")
    if system in _COMMIT and urlsplit(_origin(_told(version, "source_server"))).netloc == host:
        return system
    forge = registry.config.get("forge", {})
    is_ours = urlsplit(_origin(forge.get("url", ""))).netloc == host
    return str(forge["type"]) if is_ours and forge.get("type") in _COMMIT else ""


def _told(version: Version, key: str) -> str:
    return next((str(event[key]) for event in version.source_events if event.get(key)), "")


def _origin(url: str) -> str:
    match = re.match(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?=/|$)", url)
    return match[0] if match else ""
