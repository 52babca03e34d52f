"""The schemas of the API's documents, closed and complete, as OpenAPI components."""

from __future__ import annotations

from typing import Any, Final

from versioner.models import BUILD_KEYS, DEPLOYMENT_KEYS, STATUSES
from versioner.site.api.deployments import BUILD_DETAILS, DEPLOYMENT_DETAILS

__all__ = ["COMPONENTS", "Schema", "ref"]

Schema = dict[str, Any]

_TIME: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"


def ref(name: str) -> Schema:
    """Refer to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def _text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


def _number(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": description}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _moment(description: str, *, empty: bool = False) -> Schema:
    pattern = f"^(?:{_TIME})?$" if empty else f"^{_TIME}$"
    return _text(f"{description} (UTC, RFC 3339)", pattern=pattern)


def _word(description: str, *words: str) -> Schema:
    return {"type": "string", "enum": list(words), "description": description}


def _list(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "description": description}


def _object(description: str, properties: Schema, *, optional: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }


def _link(to: str) -> Schema:
    return _text(f"Link to {to}, relative to `root`.", format="uri-reference")


_ROOT: Final = _text(
    "The site's root, relative to this document. Resolve it against the document's own address, "
    "then every other link of the document against the result.",
    format="uri-reference",
)
_PRODUCT: Final = _text("The product's name.")
_ENVIRONMENT: Final = _text("The environment's name.")
_VERSION: Final = _text("The version's name.")
_STATUS: Final = _word("The latest that was heard of it.", *STATUSES)
_KIND: Final = _word(
    "`rollback` where a version came back that had been there before, `redeployment` where the "
    "version that ran there was deployed again.",
    "deployment",
    "redeployment",
    "rollback",
)
_BY: Final = _text("Who deployed it, as reported; empty where unknown or hidden.")
_METADATA: Final = _list(ref("Metadata"), "What else was recorded, in the order it was written.")

_DEPLOYMENT: Final[Schema] = {
    "id": _text("The deployment's id: that of its first event."),
    "at": _moment("When it began"),
    "environment": _ENVIRONMENT,
    "version": _VERSION,
    "status": _STATUS,
    "kind": _KIND,
    "void": _flag("It was recorded by mistake, and declared void since."),
    "deployed_by": _BY,
}
_REASON: Final = _text("Why, as reported; of a void one, why it is void.")

_STATE: Final[Schema] = {
    "product": _PRODUCT,
    "environment": _ENVIRONMENT,
    "version": _text("The version that runs; empty where none does."),
    "since": _moment("When it got there; empty where none runs", empty=True),
    "status": _word(
        "The newest that happened there: `completed` where the running version is the news, "
        "`no result` where a started one was not heard of for too long.",
        "",
        "no result",
        *STATUSES,
    ),
    "rollback": _flag("The running version came back."),
    "page": _link("the running version's deployment; empty where none runs"),
    "beside": _list(ref("Beside"), "What is under way there, or went wrong since."),
}

_UNRECORDED: Final[Schema] = {
    "ref": _text("The ref that keeps it."),
    "at": _moment("When it was received, or refused; empty where that cannot be read", empty=True),
    "kind": _word("What it tells of; empty where it cannot be read.", "", "deployment", "build"),
    "product": _text("The product's name, as far as it can be read."),
    "environment": _text("The environment; empty for a build."),
    "version": _text("The version; empty where it cannot be read."),
    "status": _word("What happened; empty where it cannot be read.", "", *STATUSES),
    "page": _link("the product's page; empty where there is no such product"),
}

_ENVIRONMENT_HEAD: Final[Schema] = {
    "name": _ENVIRONMENT,
    "title": _text("What it is called."),
    "type": _word("What it is for.", "dev", "test", "staging", "production", "other"),
    "order": {"type": "integer", "description": "Its place; the lowest comes first."},
    "description": _text("What it is."),
    "retired": _flag("Nothing is deployed there any more."),
    "running": _number("How many products run there."),
    "page": _link("its page"),
    "data": _link("its document"),
    "feed": _link("its Atom feed"),
}

_PRODUCT_HEAD: Final[Schema] = {
    "name": _PRODUCT,
    "title": _text("What it is called."),
    "description": _text("What it is."),
    "lifecycle": _word("Whether it is still meant to be used.", "active", "deprecated"),
    "team": _text("Who owns it; empty where nobody said."),
    "former_names": _list(_text("A name."), "Names it had before; events may still use them."),
    "drifting": _flag("Of the environments that the overview shows, two run other versions."),
    "versions": _number("How many versions it has."),
    "deployments": _number("How many deployments it has, void ones among them."),
    "latest_at": _moment("When its latest deployment began; empty for never", empty=True),
    "page": _link("its page"),
    "data": _link("its document"),
    "feed": _link("its Atom feed"),
}


def _details(fields: tuple[str, ...], known: tuple[str, ...], **more: Schema) -> Schema:
    assert set(fields) <= set(known)  # noqa: S101 -- a slip of this module, not of data
    said: Schema = {
        field: _text(f"The event's `{field}`; the latest word of it.") for field in fields
    }
    said["redacted"] = _list(_text("A field."), "Fields that were blanked since.")
    said["metadata"] = _METADATA
    said.update(more)
    return _object(
        "What else was recorded: only what is known stands here.", said, optional=tuple(said)
    )


COMPONENTS: Final[dict[str, Schema]] = {
    "Index": _object(
        "What the registry holds, and where.",
        {
            "api_version": _word("The version of this API.", "1"),
            "root": _ROOT,
            "title": _text("What the registry is called."),
            "description": _text("What it is about."),
            "products": _number("How many products there are."),
            "environments": _number("How many environments there are."),
            "versions": _number("How many versions there are."),
            "deployments": _number("How many deployments there are, void ones among them."),
            "page": _link("the overview"),
            "feed": _link("the Atom feed of everything"),
            "documents": _list(ref("Address"), "The documents that others are found from."),
            "teams": _list(ref("Team"), "Who owns products."),
        },
    ),
    "Address": _object(
        "Where a document is.",
        {"name": _text("What it holds."), "data": _link("the document")},
    ),
    "Team": _object(
        "Who owns products.",
        {
            "name": _text("The team."),
            "products": _number("How many products it owns."),
            "feed": _link("the Atom feed of its products"),
        },
    ),
    "Products": _object(
        "All products, by name.",
        {
            "root": _ROOT,
            "products": _list(ref("ProductSummary"), "The products."),
            "deleted": _list(ref("Deleted"), "Products that were deleted, by name."),
        },
    ),
    "ProductSummary": _object("A product in short.", _PRODUCT_HEAD),
    "Deleted": _object(
        "A product that was deleted.",
        {
            "name": _text("The name it had."),
            "at": _moment("When", empty=True),
            "by": _text("Who deleted it; empty where unknown or hidden."),
            "last_commit": _text("The last commit that had it."),
        },
    ),
    "Product": _object(
        "A product, where it runs, and where its history is.",
        {
            "root": _ROOT,
            **_PRODUCT_HEAD,
            "links": _list(ref("Link"), "Pages elsewhere."),
            "depends_on": _list(_text("A product."), "Products that it needs."),
            "needed_by": _list(_text("A product."), "Products that need it."),
            "metadata": _METADATA,
            "environments": _list(ref("State"), "What runs where, in the environments' order."),
            "history": _list(ref("Shard"), "Its history in parts, oldest first."),
            "tables": _list(ref("Table"), "Its deployments as CSV, oldest month first."),
            "badges": _list(ref("Badge"), "Badges to show elsewhere."),
        },
    ),
    "Link": _object(
        "A page elsewhere.",
        {"title": _text("What it is called."), "url": _text("Its address, as it was written.")},
    ),
    "Metadata": _object(
        "A recorded value of any shape.",
        {
            "name": _text("Its key."),
            "value": _text("The text itself, or the JSON of any other value."),
            "encoding": _word("What `value` is.", "text", "json"),
        },
    ),
    "Shard": _object(
        "A month of a product's history, or a part of a crowded one.",
        {
            "month": _text("The UTC month.", pattern="^[0-9]{4}-[0-9]{2}$"),
            "part": {"type": "integer", "minimum": 1, "description": "1, or more when crowded."},
            "versions": _number("How many versions were new in it."),
            "deployments": _number("How many deployments began in it."),
            "page": _link("its page"),
            "data": _link("its document"),
        },
    ),
    "Table": _object(
        "A month's deployments as CSV.",
        {
            "month": _text("The UTC month.", pattern="^[0-9]{4}-[0-9]{2}$"),
            "data": _link("the CSV file"),
        },
    ),
    "Badge": _object(
        "A badge: a picture, and the same for shields.io's endpoint badge.",
        {
            "environment": _text("The environment; empty for drift over all of them."),
            "image": _link("the SVG"),
            "data": _link("the endpoint's JSON"),
        },
    ),
    "History": _object(
        "What was new and what was deployed of a product in a month, or a part of a crowded one.",
        {
            "root": _ROOT,
            "product": _PRODUCT,
            "month": _text("The UTC month.", pattern="^[0-9]{4}-[0-9]{2}$"),
            "part": {"type": "integer", "minimum": 1, "description": "1, or more when crowded."},
            "page": _text(
                "Link to the page, relative to `root`. A deployment's row there is `#d-` and its "
                "id, a version's `#v-` and its name.",
                format="uri-reference",
            ),
            "versions": _list(ref("Version"), "Versions first heard of then, oldest first."),
            "deployments": _list(ref("Deployment"), "Deployments begun then, oldest first."),
        },
    ),
    "Version": _object(
        "A version of a product.",
        {
            "name": _VERSION,
            "at": _moment("When it was first heard of"),
            "status": _word(
                "How its latest build went; empty where only deployments tell of it.",
                "",
                *STATUSES,
            ),
            "details": ref("BuildDetails"),
        },
    ),
    "BuildDetails": _details(BUILD_DETAILS, BUILD_KEYS),
    "Deployment": _object(
        "A version going to an environment.",
        {
            **_DEPLOYMENT,
            "details": ref("DeploymentDetails"),
        },
    ),
    "DeploymentDetails": _details(
        DEPLOYMENT_DETAILS,
        DEPLOYMENT_KEYS,
        reason=_REASON,
        steps=_list(ref("Step"), "Its events in order, where there is more than one."),
    ),
    "Step": _object(
        "An event of a deployment.",
        {
            "id": _text("The event's id."),
            "at": _moment("When it happened"),
            "status": _word("What happened.", *STATUSES),
            "void": _flag("It was recorded by mistake, and does not count."),
        },
    ),
    "Environments": _object(
        "All environments, in order.",
        {"root": _ROOT, "environments": _list(ref("EnvironmentSummary"), "The environments.")},
    ),
    "EnvironmentSummary": _object("An environment in short.", _ENVIRONMENT_HEAD),
    "Environment": _object(
        "An environment, and what runs there.",
        {
            "root": _ROOT,
            **_ENVIRONMENT_HEAD,
            "stale_after": _text("How long a started deployment is believed: `90m`, `24h`, `7d`."),
            "metadata": _METADATA,
            "products": _list(ref("State"), "What runs there, by product."),
            "deployments": _list(ref("DeploymentSummary"), "The latest ones, newest first."),
        },
    ),
    "State": _object("What runs of a product in an environment.", _STATE),
    "Beside": _object(
        "A deployment under way, without result, or failed since.",
        {
            "status": _word("How it stands.", "no result", *STATUSES),
            "version": _VERSION,
            "at": _moment("When its latest event happened"),
            "page": _link("the deployment"),
        },
    ),
    "Matrix": _object(
        "What runs where: all products by all environments that are not retired.",
        {
            "root": _ROOT,
            "environments": _list(_ENVIRONMENT, "The columns, in order."),
            "rows": _list(ref("Row"), "The rows, by product."),
        },
    ),
    "Row": _object(
        "A product's row.",
        {
            "product": _PRODUCT,
            "drifting": _flag("As in the product's own document."),
            "cells": _list(ref("State"), "A cell for each column."),
        },
    ),
    "Deployments": _object(
        "The latest deployments of everything, newest first.",
        {"root": _ROOT, "deployments": _list(ref("DeploymentSummary"), "The deployments.")},
    ),
    "DeploymentSummary": _object(
        "A deployment in short.",
        {
            "product": _PRODUCT,
            **_DEPLOYMENT,
            "reason": _REASON,
            "seconds": _number("How long after `at` its latest event was."),
            "page": _link("its row, with all that was recorded"),
        },
    ),
    "Inbox": _object(
        "What was received and is not recorded, as it was when the site was built.",
        {
            "root": _ROOT,
            "waiting": _list(ref("WaitingEvent"), "Events that wait, oldest first."),
            "more_waiting": _number("How many more wait than are listed."),
            "refused": _list(ref("RefusedEvent"), "Events that were refused, latest first."),
            "more_refused": _number("How many more were refused than are listed."),
        },
    ),
    "WaitingEvent": _object("An event that waits to be recorded.", _UNRECORDED),
    "RefusedEvent": _object(
        "An event that could not be recorded.",
        {
            **_UNRECORDED,
            "code": _number("The exit code that it was refused with; 0 where it cannot be read."),
            "message": _text("Why."),
            "hint": _text("What to do; empty where nothing is said."),
        },
    ),
    "Build": _object(
        "What the site was built from, and by what.",
        {
            "generator": _text("The tool."),
            "tool_version": _text("The tool's version."),
            "revision": _text("The commit; empty where nothing was committed yet."),
            "commit_time": _moment("The commit's time"),
            "counts": ref("Counts"),
        },
    ),
    "Counts": _object(
        "How much of everything there is.",
        {
            "products": _number("Products."),
            "environments": _number("Environments."),
            "versions": _number("Versions."),
            "deployments": _number("Deployments, void ones among them."),
        },
    ),
    "Shield": _object(
        "A badge in the form of shields.io's endpoint badge.",
        {
            "schemaVersion": {"type": "integer", "const": 1, "description": "The form's version."},
            "label": _text("The badge's left side."),
            "message": _text("The badge's right side."),
            "color": _text("The right side's colour.", pattern="^#[0-9a-f]{6}$"),
        },
    ),
}
