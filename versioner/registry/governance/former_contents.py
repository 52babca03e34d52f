"""Approvals of requests whose hash fits no content that the request ever had, by its history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner import layout
from versioner.git.history import is_shallow
from versioner.git.objects import read_blobs
from versioner.git.process import git
from versioner.models import Problem
from versioner.registry.checks.positions import position_of_event
from versioner.registry.governance.content import content_hash
from versioner.validation import codes
from versioner.validation.documents import validate_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.models.governance import Request
    from versioner.registry.records import Registry

__all__ = ["check_former_contents"]


def check_former_contents(
    repository: Repository, registry: Registry, snapshot: Snapshot
) -> Iterator[Problem]:
    """Yield a warning for each decision on content that its request never had.

    The history of a request is read only where a decision is not on its present content. A shallow
    clone does not have the history, so that nothing is found there.
    """
    revision = snapshot.revision or repository.tip
    if revision is None or is_shallow(repository):
        return
    for request in registry.governance.requests:
        present = content_hash(request.document)
        doubtful = [each for each in request.decisions if each.of not in ("", present)]
        former = _former_contents(repository, revision, request) if doubtful else set[str]()
        path = layout.request_decisions_path(request.name)
        for decision in doubtful:
            if decision.of not in former:
                data = snapshot.read(path) or b""
                yield Problem(
                    path,
                    *position_of_event(data, decision.id, "of"),
                    codes.DECISION,
                    "the decision counts for nothing: the request never had the content that it "
                    "is about",
                    "decide again with `versioner request approve` or `reject`",
                    "warning",
                )


def _former_contents(repository: Repository, revision: str, request: Request) -> set[str]:
    """Return the hash of each content that the request's file had in the history."""
    args = ["log", "--full-history", "--format=%H", revision, "--", request.path]
    found = set[str]()
    for commit in git(args, cwd=repository.top).decode("ascii").split():
        data = read_blobs(repository, commit, [request.path])[request.path]
        document = validate_document("request", data, request.path)[0] if data else None
        if document is not None:
            found.add(content_hash(document))
    return found
