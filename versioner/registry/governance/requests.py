"""Read requests and templates from their files: as typed data, or as unreadable files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from versioner import layout
from versioner.models import Problem
from versioner.models.governance import (
    EVERYWHERE,
    Request,
    RequestTemplate,
    Scope,
    UnreadableFile,
)
from versioner.names import is_name
from versioner.registry.governance.decisions import decisions_of
from versioner.validation import codes
from versioner.validation.documents import validate_document
from versioner.validation.locate import ContentProblem, locate_problems
from versioner.validation.logs import validate_log
from versioner.validation.strict_yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from versioner.git.snapshot import Snapshot
    from versioner.models.governance import Decision
    from versioner.serialization.documents import DocumentKind

__all__ = ["ReadRequests", "read_requests", "request_of"]


class ReadRequests(NamedTuple):
    """The requests and templates of a registry, the files that are unreadable, all problems."""

    requests: tuple[Request, ...]
    templates: tuple[RequestTemplate, ...]
    unreadable: tuple[UnreadableFile, ...]
    problems: tuple[Problem, ...]


def read_requests(
    snapshot: Snapshot, paths: Mapping[str, Sequence[tuple[str, str]]]
) -> ReadRequests:
    """Return what the files of requests and templates say.

    `paths` are names and paths by kind of place.
    """
    reader = _Reader(snapshot, paths)
    logs = reader.logs()
    requests = reader.requests(logs)
    templates = [
        RequestTemplate(document["name"], path, document)
        for path, document in reader.documents("template")
    ]
    return ReadRequests(
        tuple(requests), tuple(templates), tuple(reader.unreadable), tuple(reader.problems)
    )


def request_of(
    document: Mapping[str, Any], path: str, decisions: Iterable[Decision] = ()
) -> Request:
    """Return a request from its document, which has no problem."""
    window = document.get("window")
    steps = document.get("steps", {})
    return Request(
        name=document["name"],
        path=path,
        document=document,
        state=document["state"],
        environments=tuple(document["environments"]),
        versions=dict(document["versions"]),
        window=(window["from"], window["to"]) if window is not None else None,
        order=tuple(map(tuple, document.get("order", ()))),
        approvals=dict(document.get("approvals", {})),
        before=tuple(steps.get("before", ())),
        after=tuple(steps.get("after", ())),
        title=document.get("title", ""),
        description=document.get("description", ""),
        template=document.get("template", ""),
        links=tuple(document.get("links", ())),
        decisions=tuple(decisions),
    )


class _Reader:
    """The files of requests and templates, and what is wrong with them."""

    def __init__(self, snapshot: Snapshot, paths: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        self.unreadable: list[UnreadableFile] = []
        self.problems: list[Problem] = []
        self._paths = {
            kind: sorted(paths.get(kind, ()))
            for kind in ("request", "request-decision", "template")
        }
        wanted = [path for found in self._paths.values() for _, path in found]
        self._contents = snapshot.read_many(wanted) if wanted else {}

    def documents(self, kind: DocumentKind) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the path and the content of each file of a kind that has no error."""
        for _, path in self._paths[kind]:
            data = self._contents[path]
            document, problems = validate_document(kind, data, path)
            if document is not None:
                content = [*_content_problems(document)]
                problems = locate_problems(path, data, content_problems=content)
            self.problems += problems
            errors = [each for each in problems if each.severity == "error"]
            if document is not None and not errors:
                yield path, document
            elif kind == "request" and errors:
                self._refuse(errors[0], _readable_scope(data, path))

    def logs(self) -> dict[str, tuple[Decision, ...]]:
        """Return the decisions about each request that has a log."""
        described = {name for name, _ in self._paths["request"]}
        found: dict[str, tuple[Decision, ...]] = {}
        for name, path in self._paths["request-decision"]:
            events, problems = validate_log("request-decision", self._contents[path], path)
            if name not in described:
                problems = [*problems, _without_request(name, path)]
            self.problems += problems
            errors = [each for each in problems if each.severity == "error"]
            if errors:
                data = self._contents.get(layout.request_path(name), b"")
                self._refuse(errors[0], _readable_scope(data, path))
            found[name] = decisions_of(events)
        return found

    def requests(self, logs: Mapping[str, tuple[Decision, ...]]) -> Iterator[Request]:
        """Yield the requests that have no error, in order of name."""
        for path, document in self.documents("request"):
            yield request_of(document, path, logs.get(document["name"], ()))

    def _refuse(self, problem: Problem, scope: Scope) -> None:
        self.unreadable.append(UnreadableFile(problem.path, problem.line, problem.message, scope))


def _without_request(name: str, path: str) -> Problem:
    return Problem(
        path,
        0,
        0,
        codes.MISSING,
        "there are decisions about a request that has no request.yaml",
        f"restore {layout.request_path(name)}; `versioner request cancel {name}` ends a request",
    )


def _content_problems(document: Mapping[str, Any]) -> Iterator[ContentProblem]:
    """Yield what no schema can express about one request or template."""
    window = document.get("window")
    if window is not None and window["to"] <= window["from"]:
        message = "the window ends before it begins: it allows no moment"
        hint = 'write a "to" that is later than "from"'
        yield ContentProblem(("window", "to"), codes.WINDOW, message, hint)
    if document.get("state") == "open":
        for key, what in (("environments", "no environment"), ("versions", "no version")):
            if not document[key]:
                message = f"an open request needs more: it has {what}"
                hint = "add it, or write state: draft"
                yield ContentProblem((key,), codes.REQUEST, message, hint)
    yield from _order_problems(document)


def _order_problems(document: Mapping[str, Any]) -> Iterator[ContentProblem]:
    held = document.get("versions", document.get("products"))
    seen: set[str] = set()
    for number, stage in enumerate(document.get("order", ())):
        for index, product in enumerate(stage):
            pointer = ("order", number, index)
            if held is not None and product not in held:
                message = f'the order names "{product}", which the request does not hold'
                hint = f"add {product} to versions, or remove it from order"
                yield ContentProblem(pointer, codes.REQUEST, message, hint)
            elif product in seen:
                message = f'the order names "{product}" twice'
                hint = "leave it in one stage"
                yield ContentProblem(pointer, codes.REQUEST, message, hint)
            seen.add(product)


def _readable_scope(data: bytes, path: str) -> Scope:
    """Return which products and environments a request is about, as far as can be read."""
    reading = read_yaml(data, path)
    value = reading.value
    # If the file has a key twice, it is not known which of the two was meant.
    if not isinstance(value, dict) or any(
        each.code == codes.DUPLICATE_KEY for each in reading.problems
    ):
        return EVERYWHERE
    environments, versions = value.get("environments"), value.get("versions")
    return Scope(
        products=_names(versions if isinstance(versions, dict) else None),
        environments=_names(environments if isinstance(environments, list) else None),
    )


def _names(given: Iterable[Any] | None) -> tuple[str, ...] | None:
    # With a name that is not legal, it is not known which one was meant.
    names = None if given is None else list(given)
    return tuple(names) if names and all(map(is_name, names)) else None
