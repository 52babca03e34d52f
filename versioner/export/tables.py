"""The tables of an export: each column with its type and its meaning, described once.

The Parquet schemas, the tables of SQLite, the headings of CSV and the documentation
(`versioner/docs/exporting.md`, which a test compares) come from here. The order of the first
columns of `deployments` is that of the site's CSV tables.
"""

from __future__ import annotations

import hashlib
from typing import Final, Literal, NamedTuple

from versioner.models.events import BUILD_KEYS, DEPLOYMENT_KEYS

__all__ = ["SCHEMA_DIGEST", "TABLES", "TYPES", "Column", "ColumnType", "Table", "TableName"]

ColumnType = Literal["text", "time", "integer", "boolean", "texts", "digests", "json"]
TableName = Literal[
    "deployments",
    "versions",
    "running",
    "decisions",
    "environments",
    "products",
    "request_decisions",
]

# The documentation of each type: in Parquet, in SQLite, and in CSV where it differs from JSON.
TYPES: Final[dict[ColumnType, tuple[str, str, str]]] = {
    "text": ("string", "TEXT", "the text"),
    "time": ("timestamp, microseconds, UTC", "TEXT", "RFC 3339 with `Z`"),
    "integer": ("64-bit integer", "INTEGER", "digits"),
    "boolean": ("boolean", "INTEGER, 0 or 1", "`yes`, or empty for false"),
    "texts": ("list of strings", "TEXT, a JSON array", "a JSON array"),
    "digests": ("map from string to string", "TEXT, a JSON object", "a JSON object"),
    "json": ("string, a JSON value", "TEXT, a JSON value", "a JSON value"),
}


class Column(NamedTuple):
    """A column; `usual` is the value for which a cell of CSV is left empty."""

    name: str
    type: ColumnType
    meaning: str
    needed: bool = False
    usual: str = ""


class Table(NamedTuple):
    """A table: what one row of it is, and its columns in order."""

    name: TableName
    row: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return tuple(column.name for column in self.columns)


# The fields that builds and deployments have in common, in the order of an event.
_PERSON: Final = "as the pipeline reports it (recorded only with `people: all`)"
_FIELDS: Final[dict[str, tuple[ColumnType, str]]] = {
    "started_at": ("time", "When the build began, as the pipeline reports it."),
    "completed_at": ("time", "When the build ended, as the pipeline reports it."),
    "built_by": ("text", "The login of the person, as the pipeline reports it."),
    "built_by_email": ("text", f"The e-mail address of the person, {_PERSON}."),
    "built_by_name": ("text", f"The name of the person, {_PERSON}."),
    "deployed_by_email": ("text", f"The e-mail address of the person, {_PERSON}."),
    "deployed_by_name": ("text", f"The name of the person, {_PERSON}."),
    "scm_repository": ("text", "Where the source is: `owner/name` or an address."),
    "scm_sha": ("text", "The commit that was built."),
    "scm_branch": ("text", "The branch that was built."),
    "artifacts": ("digests", "The digest of each artifact, by the name of the artifact."),
    "changes": ("json", "The commits since the version before, as its event has them."),
    "build_number": ("text", "The number of the build in the CI system."),
    "build_url": ("text", "The page of the build in the CI system."),
    "source_system": ("text", "The system that reported it: `github`, `gitlab`, `jenkins` ..."),
    "source_server": ("text", "The host of that system."),
    "invoke_id": ("text", "The id of the run in the CI system."),
    "attempt": ("text", "Which attempt of the run."),
    "job": ("text", "The job or step of the run."),
    "deploy_url": ("text", "The page of the deployment, or the place that was deployed to."),
    "overrides": ("json", "The rules that it overrides, each with the reason."),
    "notes": ("text", "The changes in this version."),
    "redacted": ("texts", "The fields whose values were removed (`deployment redact`)."),
    "extra_metadata": ("json", "The metadata, a JSON object: the latest value of each key."),
}


def _fields(keys: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(Column(key, *_FIELDS[key]) for key in keys if key in _FIELDS)


_PRODUCT: Final = Column("product", "text", "The product.", needed=True)

_DEPLOYMENTS: Final = Table(
    "deployments",
    "one deployment, or one undeployment; void ones are there too",
    (
        Column("at", "time", "When it began: the time of its first event.", needed=True),
        _PRODUCT,
        Column("environment", "text", "The environment, by its present name.", needed=True),
        Column("version", "text", "The version; null for an undeployment of whatever ran."),
        Column(
            "status",
            "text",
            "`pending`, `started`, `completed`, `failed`, `aborted` or `undeployed`.",
            needed=True,
        ),
        Column(
            "kind",
            "text",
            "`deployment`, `redeployment`, `rollback`, `return` or `undeployment`; in CSV "
            "`deployment` is an empty cell.",
            needed=True,
            usual="deployment",
        ),
        Column("void", "boolean", "Whether it was declared a mistake.", needed=True),
        Column(
            "seconds", "integer", "The seconds from its first event to its latest.", needed=True
        ),
        Column("deployed_by", "text", "The login of the person, as the pipeline reports it."),
        Column("reason", "text", "Why it was deployed; of a void one, why that was a mistake."),
        Column("id", "text", "The id of its first event, unique in the product.", needed=True),
        Column("instance", "text", "The instance of the environment; null for the whole."),
        Column("changed_at", "time", "The time of its latest event.", needed=True),
        Column("previous", "text", "The version that ran there before; null for the first one."),
        Column("void_at", "time", "When it was declared a mistake."),
        *_fields(DEPLOYMENT_KEYS),
    ),
)

_VERSIONS: Final = Table(
    "versions",
    "one version of a product; the fields of builds have the latest value",
    (
        _PRODUCT,
        Column("version", "text", "The version, unique in the product.", needed=True),
        Column("at", "time", "The time of its first event, a build or a deployment.", needed=True),
        Column("status", "text", "The status of its latest build event; null without a build."),
        Column("built_at", "time", "The time of its first completed build event."),
        *_fields(BUILD_KEYS),
    ),
)

_RUNNING: Final = Table(
    "running",
    "one version that runs now in an environment, or on an instance of it",
    (
        _PRODUCT,
        Column("environment", "text", "The environment.", needed=True),
        Column(
            "instance",
            "text",
            "The instance; null for the whole environment, or for the instances that no event "
            "named.",
        ),
        Column("version", "text", "The version.", needed=True),
        Column(
            "since", "time", "When it completed there first, without a break since.", needed=True
        ),
        Column("redeployed_at", "time", "When it completed there again last; null if never."),
        Column(
            "kind", "text", "What its deployment was there: see `deployments`.", needed=True,
            usual="deployment",
        ),
        Column("previous", "text", "The version that ran there before; null for the first one."),
        Column("deployment", "text", "The id of its latest completed deployment.", needed=True),
    ),
)  # fmt: skip

_ENVIRONMENTS: Final = Table(
    "environments",
    "one environment",
    (
        Column("environment", "text", "The name of the environment.", needed=True),
        Column("title", "text", "The title."),
        Column("type", "text", "`dev`, `test`, `staging`, `production` or `other`."),
        Column("sort_order", "integer", "The sort order (`order` in the file), lowest first."),
        Column("description", "text", "The description."),
        Column("aliases", "texts", "The former names."),
        Column("instances", "texts", "The instances that its file lists."),
        Column("stale_after", "text", "After which time a started deployment has no result."),
        Column("retired", "boolean", "Whether it is retired.", needed=True),
        Column("metadata", "json", "The metadata, a JSON object."),
    ),
)

_PRODUCTS: Final = Table(
    "products",
    "one product that is not deleted",
    (
        Column("product", "text", "The name of the product.", needed=True),
        Column("title", "text", "The title."),
        Column("description", "text", "The description."),
        Column("lifecycle", "text", "`active` or `deprecated`, where its file says so."),
        Column("owner", "text", "The team or person that owns it, from its metadata."),
        Column("former_names", "texts", "The names that it had before."),
        Column("depends_on", "texts", "The products that it depends on."),
        Column("links", "json", "The links, a JSON array of objects with `title` and `url`."),
        Column("source_paths", "texts", "The folders of the source that it is built from."),
        Column("observe", "json", "How `versioner observe` recognizes it, a JSON object."),
        Column("buttons", "json", "The deployment buttons, a JSON array."),
        Column("variables", "json", "The variables of the buttons, a JSON object."),
        Column("extra_metadata", "json", "The metadata, a JSON object."),
    ),
)

# `by` and `of` are words of SQL.
_BY: Final = Column("decided_by", "text", "Who decided, as the recorder says.")
_COMMENT: Final = Column("comment", "text", "Why.")
_REDACTED: Final = Column("redacted", *_FIELDS["redacted"])
_APPROVAL_TYPE: Final = Column("approval_type", "text", "The type of the approval.")

_DECISIONS: Final = Table(
    "decisions",
    "one decision about a version: an approval, a rejection, a block, or the end of one",
    (
        Column("at", "time", "When it was decided.", needed=True),
        _PRODUCT,
        Column("version", "text", "The version.", needed=True),
        Column(
            "decision",
            "text",
            "`approved`, `rejected`, `revoked`, `blocked`, `unblocked` or `override-reviewed`.",
            needed=True,
        ),
        _APPROVAL_TYPE,
        _BY,
        _COMMENT,
        Column("scm_sha", "text", "The commit that it was made on."),
        Column("artifacts", "digests", "The digests that it was made on, by name."),
        Column("event", "text", "The deployment event whose overrides were reviewed."),
        _REDACTED,
        Column("id", "text", "The id of the decision, unique in the product.", needed=True),
    ),
)

_REQUEST_DECISIONS: Final = Table(
    "request_decisions",
    "one decision about a deployment request: its opening, an approval, a rejection or a step",
    (
        Column("at", "time", "When it was decided.", needed=True),
        Column("request", "text", "The name of the request.", needed=True),
        Column(
            "decision",
            "text",
            "`opened`, `approved`, `rejected`, `done` or `undone`.",
            needed=True,
        ),
        _APPROVAL_TYPE,
        Column("content", "text", "The hash of the content that was decided on."),
        Column("step", "text", "The step, for example `before.1`."),
        _BY,
        _COMMENT,
        Column("id", "text", "The id of the decision, unique in the request.", needed=True),
    ),
)

TABLES: Final[dict[TableName, Table]] = {
    table.name: table
    for table in (
        *(_DEPLOYMENTS, _VERSIONS, _RUNNING, _DECISIONS),
        *(_ENVIRONMENTS, _PRODUCTS, _REQUEST_DECISIONS),
    )
}

# A new column makes every file of an earlier export out of date.
SCHEMA_DIGEST: Final = hashlib.sha256(repr(TABLES).encode()).hexdigest()[:16]
