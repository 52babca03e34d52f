"""What every write shares: the writer of the server, the author of the commit, and the reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from versioner.editing.session import EditConflict
from versioner.query.deployments import find_in_index
from versioner.server.api.responses import document_response
from versioner.server.problems import HttpProblem
from versioner.server.services import services_of
from versioner.server.writer import Author

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from versioner.editing.session import EditResult
    from versioner.git.repository import Repository
    from versioner.server.callers import Caller
    from versioner.server.services import Services

__all__ = ["Writes", "author_of", "edit", "edit_document", "edited_response"]

T = TypeVar("T")


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
