"""What every write shares: the writer of the server, the author of the commit, and the reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from versioner import layout
from versioner.editing.patches import patch_file
from versioner.editing.session import EditConflict, blob_id_of
from versioner.query.deployments import find_in_index
from versioner.server.api.parameters import expected_content
from versioner.server.api.responses import document_response
from versioner.server.problems import HttpProblem
from versioner.server.services import services_of
from versioner.server.writer import Author

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from versioner.editing.patches import Patched
    from versioner.editing.session import EditResult
    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.server.callers import Caller
    from versioner.server.services import Services

__all__ = [
    "Writes",
    "author_of",
    "blob_of",
    "carry_out",
    "edit",
    "edit_document",
    "edited_response",
    "patch_of_file",
]

T = TypeVar("T")

_PATHS: Final[Mapping[Patched, Callable[[str], str]]] = {
    "product": layout.product_path,
    "environment": layout.environment_path,
    "rule": layout.rule_path,
}


def author_of(caller: Caller) -> Author | None:
    """Return the person whom a commit names as its author, None for a pipeline."""
    if caller.person is None:
        return None
    return Author(caller.person.login, caller.person.name, caller.person.email)


@dataclass(frozen=True, slots=True)
class Writes:
    """The writes of one request."""

    services: Services

    def now(self) -> str:
        """Return the time at which the server writes."""
        return self.services.settings.clock.now()

    def login(self, caller: Caller) -> str:
        """Return who a record says has done it: the person, else the name of the token."""
        return caller.person.login if caller.person is not None else caller.name

    def run(self, caller: Caller, operation: Callable[[Repository], T], proposal: str = "") -> T:
        """Carry out an operation, and return its result when its commit is on the branch.

        With `proposal`, a commit that a protected branch does not take is on a new branch. Raises
        HttpProblem where the file to edit is another one than the client saw.
        """
        try:
            return self.services.writer.edit(operation, author=author_of(caller), proposal=proposal)
        except EditConflict as error:
            raise HttpProblem(
                "precondition_failed", error.message, hint=error.hint,
                extra={"path": error.path, "content": error.content.decode("utf-8", "replace")},
            ) from error  # fmt: skip

    def is_proposal(self, result: EditResult) -> bool:
        """Return whether the commit of an edit is on a new branch: the registry's is protected."""
        return result.branch not in ("", self.services.reader.repository().branch)

    def require_event(self, caller: Caller, event_id: str) -> None:
        """Raise HttpProblem where the caller may not change what an event is about."""
        if not (caller.products or caller.environments):
            return
        with self.services.reader.index() as index:
            if caller.environments:
                entry = find_in_index(index, index.registry(), event_id)
                caller.require_product(entry.product)
                caller.require_environment(entry.environment)
                return
            found = index.find_ids(event_id.rpartition("/")[2])
            caller.require_product(*(each.product for each in found))


def edit(request: Request) -> Writes:
    """Return the writes of a request."""
    return Writes(services_of(request))


def edit_document(result: EditResult) -> dict[str, Any]:
    """Return what an edit did: its commit, null where there was nothing to change."""
    return {
        "commit": result.commit,
        "branch": result.branch.removeprefix("refs/heads/"),
        "subject": result.subject,
        "paths": list(result.paths),
        "notes": list(result.notes),
    }


def edited_response(
    request: Request, result: EditResult, *, status: int = 200, location: str = "", **more: Any
) -> Response:
    """Return the reply to an edit; `more` are further members."""
    headers = {"Location": location} if location else None
    document = {**edit_document(result), **more}
    return document_response(request, document, status=status, headers=headers)


def carry_out(
    request: Request,
    caller: Caller,
    operation: Callable[..., EditResult],
    *args: Any,
    name: str,
    **options: Any,
) -> Response:
    """Carry out an operation of `editing` on something, and return the reply, which names it.

    It is called with the repository, `args`, the time as `now`, and `options`.
    """
    writes = edit(request)
    result = writes.run(
        caller, lambda repository: operation(repository, *args, now=writes.now(), **options)
    )
    return edited_response(request, result, name=name)


def patch_of_file(
    request: Request,
    caller: Caller,
    kind: Patched,
    name: str,
    body: dict[str, Any],
    if_match: str | None,
    *,
    proposal: str = "",
) -> Response:
    """Apply a merge patch to the file of something, and return the reply."""
    writes = edit(request)
    expected = expected_content(if_match, blob_of(writes.services.reader.snapshot(), kind, name))
    result = writes.run(
        caller,
        lambda repository: patch_file(
            repository, kind, name, body, expected=expected, now=writes.now()
        ),
        proposal=proposal,
    )
    return edited_response(request, result, name=name)


def blob_of(snapshot: Snapshot, kind: Patched, name: str) -> str:
    """Return the blob id of the file of something, of which its ETag is made."""
    return blob_id_of(snapshot, _PATHS[kind](name))
