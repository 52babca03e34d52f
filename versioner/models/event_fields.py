"""The fields of events, each described once: for options, reports, pages and the API.

A new field is added here, to the class of its kind in `events.py`, to its schema, and to the
options of `versioner track` where it has one. Tests compare the places with each other.
"""

from typing import Final, Literal, NamedTuple

from versioner.models.events import (
    BUILD_KEYS,
    DECISION_KINDS,
    DEPLOYMENT_KEYS,
    EventKind,
    RecordKind,
)

__all__ = ["EVENT_FIELDS", "RUN_KEYS", "detail_fields", "personal_fields"]

# The keys of `extra_metadata` for what a CI system reports of the source of its run, where that
# is no claim about the version, by the field of a claim.
RUN_KEYS: Final = {
    "scm_repository": "vi_run_repository",
    "scm_sha": "vi_run_sha",
    "scm_branch": "vi_run_branch",
}


class EventField(NamedTuple):
    """One field of events.

    `label` is its name in reports and on pages. `help` describes the option of `versioner track`
    that sets it, "" where there is none. `personal` says what it tells of a person: the login,
    or a name or e-mail address, which are recorded under other conditions. `detail` is whether
    the API lists it under `details`, and a page below the main facts.
    """

    name: str
    label: str
    help: str = ""
    personal: Literal["", "login", "identity"] = ""
    detail: bool = False


# In the order in which pages show them.
_FIELDS: Final = (
    EventField("at", "at"),
    EventField("environment", "environment", "The environment (default: that of the job)."),
    EventField(
        "instance",
        "instance",
        "The instance of the environment: a region, a cluster or a customer.",
    ),
    EventField("version", "version", "The version (default: the tag, else part of the commit)."),
    EventField(
        "status",
        "status",
        "pending, started, completed, failed, aborted, or a common synonym; for a deployment also "
        "undeployed (nothing runs there any more).",
    ),
    EventField("deployed_by", "deployed by", "The login of the person.", "login"),
    EventField("built_by", "built by", "The login of the person.", "login", detail=True),
    EventField("reason", "reason", "The reason of the deployment, for example a rollback."),
    EventField(
        "overrides",
        "overrides",
        "Start although this rule refuses, with --reason; all: every rule. Repeatable.",
    ),
    EventField("notes", "notes", "The changes in this version.", detail=True),
    EventField(
        "deploy_url",
        "deployed at",
        "The page of the deployment, or of the running service.",
        detail=True,
    ),
    EventField("build_number", "build", "The number of the build in the CI system.", detail=True),
    EventField("build_url", "build page", "The page of the build.", detail=True),
    EventField("scm_repository", "repository", "The source repository (owner/name).", detail=True),
    EventField("scm_branch", "branch", "The source branch.", detail=True),
    EventField("scm_sha", "commit", "The commit that was built, hexadecimal.", detail=True),
    EventField(
        "artifacts",
        "artifact",
        "The digest of an artifact (sha256:... or sha512:...), with a NAME if a version has "
        "several; an image reference that ends in @DIGEST is accepted. Repeatable.",
        detail=True,
    ),
    EventField(
        "changes",
        "commits",
        "A file with the commits since the version before: JSON, or lines of git log (default: "
        "those in the checkout of the source).",
    ),
    EventField(
        "source_system",
        "from",
        "The CI system that reports the event (github, jenkins, ...).",
        detail=True,
    ),
    EventField("source_server", "server", detail=True),
    EventField(
        "invoke_id",
        "run",
        "The id of the run in the CI system; with it, a retry is recorded once.",
        detail=True,
    ),
    EventField("attempt", "attempt", detail=True),
    EventField("job", "job", detail=True),
    EventField(
        "deployed_by_name",
        "name",
        "The name of the person (recorded only with `people: all`).",
        "identity",
        detail=True,
    ),
    EventField(
        "deployed_by_email",
        "e-mail",
        "The e-mail address of the person (recorded only with `people: all`).",
        "identity",
        detail=True,
    ),
    EventField(
        "built_by_name",
        "name",
        "The name of the person (recorded only with `people: all`).",
        "identity",
        detail=True,
    ),
    EventField(
        "built_by_email",
        "e-mail",
        "The e-mail address of the person (recorded only with `people: all`).",
        "identity",
        detail=True,
    ),
    EventField(
        "started_at", "started at", "When the build or deployment began, RFC 3339.", detail=True
    ),
    EventField(
        "completed_at", "completed at", "When the build or deployment ended, RFC 3339.", detail=True
    ),
    EventField("deployment", "deployment", "The id of the deployment that this event continues."),
    EventField("voids", "voids"),
    EventField("redacted", "redacted"),
    EventField("extra_metadata", "metadata", "A JSON object, 100 KB at most."),
    EventField("id", "id"),
)

EVENT_FIELDS: Final = {field.name: field for field in _FIELDS}

_KEYS: Final[dict[EventKind, tuple[str, ...]]] = {
    "build": BUILD_KEYS,
    "deployment": DEPLOYMENT_KEYS,
}

_PERSONAL: Final[dict[RecordKind, tuple[str, ...]]] = {
    **{
        kind: tuple(name for name in keys if EVENT_FIELDS[name].personal)
        for kind, keys in _KEYS.items()
    },
    **dict.fromkeys(DECISION_KINDS, ("by",)),
}


def detail_fields(kind: EventKind) -> tuple[str, ...]:
    """Return the names of the fields of a kind of event that are details."""
    return tuple(name for name in _KEYS[kind] if EVENT_FIELDS[name].detail)


def personal_fields(kind: RecordKind) -> tuple[str, ...]:
    """Return the names of the fields of a kind of event that tell of a person, login first."""
    return _PERSONAL[kind]
