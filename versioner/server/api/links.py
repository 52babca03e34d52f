"""What a client does next with the answer to a write: the links of the description of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["add_links"]


class _Link(NamedTuple):
    """An operation that follows another one: its name among the links, and what it is sent."""

    name: str
    operation: str
    parameters: Mapping[str, str]
    body: Mapping[str, str] | None = None


_V1: Final = "/api/v1"
_NAME: Final = "$response.body#/name"


def _of_entry(collection: str, key: str, *actions: str, value: str = _NAME) -> Iterator[_Link]:
    """Return the links to an entry of a collection: read and edit it, and actions on it."""
    path = f"{_V1}/{collection}/{{{key}}}"
    for action in actions:
        method, _, below = action.partition(" ")
        # A deletion repeats the name in its body.
        body = {"name": value} if method == "DELETE" and key != "name" else None
        yield _Link(
            f"{method.lower()}{below.title()}", f"{method} {path}{below}", {key: value}, body
        )


_PRODUCT: Final = ("GET", "PATCH", "DELETE", "GET /versions", "POST /rename", "POST /decisions")
_REQUEST: Final = ("GET", "POST /open", "POST /versions", "POST /decisions", "POST /cancel")
_EVENT: Final = "$response.body#/event/id"
_LINKS: Final[Mapping[tuple[str, str], tuple[_Link, ...]]] = {
    (f"POST {_V1}/products", "201"): tuple(_of_entry("products", "product", *_PRODUCT)),
    (f"PATCH {_V1}/products/{{product}}", "200"): tuple(_of_entry("products", "product", "GET")),
    (f"DELETE {_V1}/products/{{product}}", "200"): tuple(
        _of_entry("products", "product", "GET", "POST /restore")
    ),
    (f"POST {_V1}/environments", "201"): tuple(
        _of_entry("environments", "environment", "GET", "PATCH", "DELETE", "POST /rename")
    ),
    (f"DELETE {_V1}/environments/{{environment}}", "200"): tuple(
        _of_entry("environments", "environment", "GET")
    ),
    (f"POST {_V1}/rules", "201"): tuple(_of_entry("rules", "rule", "GET", "PATCH")),
    (f"POST {_V1}/freezes", "201"): tuple(_of_entry("rules", "rule", "GET", "POST /thaw")),
    (f"POST {_V1}/requests", "201"): tuple(_of_entry("requests", "name", *_REQUEST)),
    (f"POST {_V1}/requests/{{name}}/open", "200"): tuple(
        _of_entry("requests", "name", "GET", "POST /decisions")
    ),
    (f"POST {_V1}/tokens", "201"): tuple(
        _of_entry("tokens", "name", "GET", "DELETE", value="$response.body#/id")
    ),
    (f"DELETE {_V1}/tokens/{{name}}", "204"): (
        _Link("get", f"GET {_V1}/tokens/{{name}}", {"name": "$request.path.name"}),
    ),
    (f"POST {_V1}/events", "201"): (
        _Link("getDeployment", f"GET {_V1}/deployments/{{event_id}}", {"event_id": _EVENT}),
        *_of_entry("events", "event_id", "POST /void", "POST /redact/{field}", value=_EVENT),
    ),
    ("POST /deployment-events/", "200"): (
        _Link(
            "getDeployment", "GET /deployments/{entry_id}",
            {"entry_id": "$response.body#/deployment_id"},
        ),
        _Link(
            "getVersion", "GET /versions/{entry_id}", {"entry_id": "$response.body#/version_id"}
        ),
        *_of_entry("events", "event_id", "POST /void", value="$response.body#/event_id"),
    ),
}  # fmt: skip


def add_links(made: dict[str, Any]) -> None:
    """Add the links to a description; raise KeyError for a link to what it does not describe."""
    paths = made["paths"]
    for (operation, status), links in _LINKS.items():
        found = {}
        for each in links:
            target = _operation(paths, each.operation)
            found[each.name] = {
                "operationId": target["operationId"],
                "parameters": dict(each.parameters),
                **({"requestBody": dict(each.body)} if each.body else {}),
            }
        _operation(paths, operation)["responses"][status]["links"] = found


def _operation(paths: Mapping[str, Any], operation: str) -> dict[str, Any]:
    method, _, path = operation.partition(" ")
    found: dict[str, Any] = paths[path][method.lower()]
    return found
