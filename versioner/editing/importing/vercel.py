"""Vercel: the answer of `v6/deployments`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from versioner.editing.importing.exports import ExportRow, repository_of, text_of, version_of
from versioner.rules.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.editing.importing.options import SourceRow

__all__ = ["WORDS", "is_one", "read"]

WORDS: Final = {
    "queued": "pending",
    "initializing": "pending",
    "building": "started",
    "ready": "completed",
    "error": "failed",
    "canceled": "aborted",
    "deleted": "-",
}
_CLOSED: Final = ("ready", "error", "canceled")
_KEYS: Final = {"uid", "name", "url", "meta"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# The end of the year 2999, the last one that an event may have.
_LATEST_MS: Final = 32_503_680_000_000
# A deployment without a target is one of a branch or of a pull request.
_PREVIEW: Final = "preview"


def is_one(values: Mapping[str, Any]) -> bool:
    """Return whether an object is a deployment of Vercel's API."""
    return values.keys() >= _KEYS and ("state" in values or "readyState" in values)


def read(rows: Sequence[SourceRow]) -> Iterator[ExportRow]:
    """Yield the start of each deployment's build, where it is told, and what became of it."""
    for row in rows:
        if row.fault:
            yield ExportRow(row.place, {}, row.values, row.fault)
        else:
            yield from _deployment(row)


def _deployment(row: SourceRow) -> Iterator[ExportRow]:
    values = row.values
    sha = text_of(values, "meta.githubCommitSha", "meta.gitlabCommitSha", "meta.bitbucketCommitSha")
    ref = text_of(values, "meta.githubCommitRef", "meta.gitlabCommitRef", "meta.bitbucketCommitRef")
    uid, url = text_of(values, "uid"), text_of(values, "url")
    fields = {
        **repository_of(_repository(values)),
        **(version_of(ref, sha) if sha else {"version": uid}),
        "product": text_of(values, "name"),
        "environment": text_of(values, "customEnvironment.slug", "target") or _PREVIEW,
        "deployed_by": text_of(
            values,
            *("meta.githubCommitAuthorLogin", "meta.gitlabCommitAuthorLogin"),
            *("meta.bitbucketCommitAuthorName", "creator.username"),
        ),
        "source_system": "vercel",
        "invoke_id": uid,
        "build_url": text_of(values, "inspectorUrl"),
        "deploy_url": f"https://{url}" if url and "://" not in url else url,
    }
    word = text_of(values, "state", "readyState")
    status = word.lower()
    created = _time(values, "created", "createdAt")
    began = _time(values, "buildingAt")
    if status in _CLOSED and began:
        yield ExportRow(row.place, {**fields, "at": began, "status": "building"}, values)
    at = _time(values, "ready") if status in _CLOSED else began if status == "building" else ""
    yield ExportRow(row.place, {**fields, "at": at or created, "status": word}, values)


def _repository(values: Mapping[str, Any]) -> str:
    for owner, name in (("githubOrg", "githubRepo"), ("bitbucketRepoOwner", "bitbucketRepoSlug")):
        parts = text_of(values, f"meta.{owner}"), text_of(values, f"meta.{name}")
        if all(parts):
            return "/".join(parts)
    return text_of(values, "meta.gitlabProjectPath")


def _time(values: Mapping[str, Any], *keys: str) -> str:
    """Return the first time that there is; they are in milliseconds since 1970."""
    for key in keys:
        value = values.get(key)
        if not isinstance(value, int | float) or isinstance(value, bool):
            continue
        if 0 < value < _LATEST_MS:
            return utc_text(_EPOCH + timedelta(milliseconds=value))
    return ""
