"""What the registry knows of a version at a moment: its commit, and the digests of artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.models import Event

__all__ = ["VersionClaims", "claims_of"]


class VersionClaims(NamedTuple):
    """The facts of a version; `later` is whether an event after the moment tells another one.

    `is_known` is whether an event names the version by then.
    """

    scm_sha: str
    artifacts: Mapping[str, str]
    later: bool
    is_known: bool

    def as_fields(self) -> dict[str, Any]:
        """Return the facts as fields of a decision, without those that are not known."""
        fields = {"scm_sha": self.scm_sha, "artifacts": dict(self.artifacts)}
        return {key: value for key, value in fields.items() if value}


def claims_of(events: Iterable[Event], at: str) -> VersionClaims:
    """Return what the events of one version, void ones left out, say of it up to a moment."""
    sha = ""
    artifacts: dict[str, str] = {}
    after: list[Event] = []
    is_known = False
    for event in events:
        if event["at"] > at:
            after.append(event)
            continue
        is_known = True
        # One may be the short form of the other.
        sha = max(sha, event.get("scm_sha", ""), key=len)
        for name, digest in event.get("artifacts", {}).items():
            artifacts.setdefault(name, digest)
    later = any(_tells_more(event, sha, artifacts) for event in after)
    return VersionClaims(sha, dict(sorted(artifacts.items())), later, is_known)


def _tells_more(event: Event, sha: str, artifacts: Mapping[str, str]) -> bool:
    own = event.get("scm_sha", "")
    is_other = bool(own) and not (sha.startswith(own) or (sha and own.startswith(sha)))
    return is_other or any(name not in artifacts for name in event.get("artifacts", {}))
