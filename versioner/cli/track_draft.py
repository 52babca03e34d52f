"""Make the draft of an event from the options and from what the CI system reports."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from versioner.ci.presence import is_ci
from versioner.cli import clock
from versioner.errors import InvalidInput, OperationFailed
from versioner.git.identity import author_at
from versioner.layout import CONFIG
from versioner.models.event_fields import RUN_KEYS, personal_fields
from versioner.models.events import UNDEPLOYED
from versioner.names import canonical_status
from versioner.recording.policy import refuse_secrets
from versioner.registry.event_order import OPENING
from versioner.remote.url import is_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.ci import DetectedRun
    from versioner.cli.track_options import TrackOptions
    from versioner.models import Event, EventKind, EventStatus
    from versioner.recording.context import EventDraft

__all__ = ["doubts_of", "draft_event", "person_here", "print_sources"]

# Far more than a log may hold, and few enough for Python to read.
_MOST_DIGITS: Final = 400
_MOST_LEVELS: Final = 100
_SOURCES: Final = {"at": "the clock", "status": "default"}


def draft_event(options: TrackOptions, detected: DetectedRun | None) -> EventDraft:
    """Return the draft of an event; options win over what the CI system reports."""
    kind = options.kind
    # First of all, since later errors quote the values and --verbose prints them. `--repo` has an
    # error of its own for a token in the URL.
    refuse_secrets(
        {
            "product": options.product,
            "status": options.status,
            "event_id": options.event_id,
            "extra_metadata": options.extra_metadata,
            "branch": options.branch,
            "artifacts": options.artifacts,
            "artifact_files": options.artifact_files,
            **options.fields,
        }
    )
    status = canonical_status(options.status or "completed", kind)
    found, metadata = _detected_fields(options, detected, status)
    fields = {**found, **options.fields, "status": status}
    if fields.get("scm_sha"):
        fields["scm_sha"] = fields["scm_sha"].lower()
    if options.artifacts or options.artifact_files:
        from versioner.cli.track_artifacts import read_artifacts

        fields["artifacts"] = read_artifacts(options.artifacts, options.artifact_files)
    if options.changes and not options.no_changes and status != UNDEPLOYED:
        from versioner.cli.track_changes import read_changes

        fields["changes"] = read_changes(options.changes)
    _set_times(kind, fields)
    metadata = {**metadata, **_metadata(options)}
    if metadata:
        fields["extra_metadata"] = metadata
    if options.overrides and status == "started":
        # The reason is that of the override, and not of the deployment.
        reason = fields.pop("reason", "")
        if not reason:
            raise click.UsageError("--override needs --reason: say why the rule is overridden")
        fields["overrides"] = [
            {"rule": rule, "reason": reason} for rule in dict.fromkeys(options.overrides)
        ]
    product = options.product or (detected.product if detected else "")
    _require_all(kind, product, fields, detected)
    from versioner.recording.context import EventDraft

    is_detected = detected is not None and fields.get("environment") == detected.environment
    return EventDraft(
        kind,
        product,
        fields,
        options.event_id,
        detected=not options.product,
        environment_type=detected.environment_type if detected and is_detected else "",
        checkout="" if options.no_changes or options.changes else source_checkout(),
    )


def source_checkout() -> str:
    """Return the top of the checkout of a source that this is run in, "" for none.

    In a CI job, it may be the folder that the system checks sources out into. A checkout of a
    registry is none.
    """
    top = ""
    # The folder of a job may be gone.
    with suppress(OSError):
        top = _top_of(os.getcwd())  # noqa: PTH109 -- no pathlib to load
    if not top and is_ci(os.environ):
        from versioner.ci.workspace import workspace

        top = _top_of(workspace(os.environ))
    return top


def _top_of(folder: str) -> str:
    while folder and not os.path.exists(os.path.join(folder, ".git")):  # noqa: PTH110, PTH118
        above = os.path.dirname(folder)  # noqa: PTH120
        folder = above if above != folder else ""
    is_registry = folder and os.path.exists(os.path.join(folder, CONFIG))  # noqa: PTH110, PTH118
    return "" if is_registry else folder


def doubts_of(options: TrackOptions, detected: DetectedRun) -> list[str]:
    """Return the warnings of the CI system about values that this event takes from it."""
    given = set(options.fields)
    if "version" in given and options.kind == "deployment":
        given.add("scm_sha")
    return [text for field, text in detected.warnings.items() if field not in given]


def _detected_fields(
    options: TrackOptions, detected: DetectedRun | None, status: EventStatus
) -> tuple[Event, dict[str, Any]]:
    """Return what the CI system reports, as fields of the event and as metadata."""
    if detected is None:
        return _person_here(options), {}
    person = "built_by" if options.kind == "build" else "deployed_by"
    found = {key.replace("person", person): value for key, value in detected.fields.items()}
    found["source_system"] = detected.source_system
    # An undeployment without a version is of whatever runs there.
    if status != UNDEPLOYED:
        found["version"] = detected.version
    if options.kind == "deployment" and detected.environment:
        found["environment"] = detected.environment
    no_claims = _no_claims(options, detected, status)
    aside = {key: found.pop(key) for key in no_claims if key in found}
    given = options.fields
    of_run = {RUN_KEYS[key]: aside[key] for key in aside if aside[key] != given.get(key)}
    return found, {**detected.extra_metadata, **of_run}


def _person_here(options: TrackOptions) -> Event:
    """Return the person at this machine, where no CI system runs and nobody is named.

    The login is the name of git's configuration if that is one word, else the system's. What of
    it is recorded, `people:` in registry.yaml decides.
    """
    fields = personal_fields(options.kind)
    if is_ci(os.environ) or any(options.fields.get(field) for field in fields):
        return {}
    values = zip(fields, person_here(options.repo), strict=True)
    return {field: value for field, value in values if value}


def person_here(repo: str | None) -> tuple[str, str, str]:
    """Return the login, the e-mail address and the name of the person at this machine, or ""."""
    folder = repo if repo and not is_url(repo) else os.curdir
    name, email = "", ""
    with suppress(OperationFailed):
        name, email = author_at(folder)
    is_login = name.split() == [name] and "@" not in name
    return name if is_login else _system_login(), email, name


def _system_login() -> str:
    names = (os.environ.get(name, "").strip() for name in ("LOGNAME", "USER", "USERNAME"))
    named = next((name for name in names if name), "")
    if not named and sys.platform != "win32":
        import pwd

        # A container's user may have no name.
        with suppress(KeyError):
            named = pwd.getpwuid(os.geteuid()).pw_name
    return named


def _no_claims(options: TrackOptions, detected: DetectedRun, status: EventStatus) -> list[str]:
    """Return the fields that the run reports of its own source, and not of the version's.

    A version that is given by hand to a deployment may be from another commit and, where the
    product is given too, from another repository: a promotion, a repository for deployments. So
    may be what an undeployment removes.
    """
    if options.kind == "build" or not (status == UNDEPLOYED or "version" in options.fields):
        return []
    run_sha, given = detected.fields.get("scm_sha", ""), options.fields.get("scm_sha", "")
    if run_sha and given and run_sha.startswith(given.lower()):
        return []
    return [key for key in RUN_KEYS if options.product or key != "scm_repository"]


def _require_all(
    kind: EventKind, product: str, fields: Event, detected: DetectedRun | None
) -> None:
    if not product:
        _missing("product", _unsaid(detected, "repository to derive it from"))
    if not fields.get("version") and fields["status"] != UNDEPLOYED:
        _missing("version", _no_version(detected))
    if kind == "deployment" and not fields.get("environment"):
        _missing("environment", _unsaid(detected, "environment"))


def _missing(name: str, why: str) -> NoReturn:
    raise click.UsageError(f"--{name} is required{why}: add --{name}")


def _unsaid(detected: DetectedRun | None, what: str) -> str:
    if detected is None:
        return " outside CI"
    return f", because {detected.source_system} reports no {what}"


def _no_version(detected: DetectedRun | None) -> str:
    if detected is not None and not detected.fields.get("scm_sha"):
        from versioner.ci.detection import has_commit_variable

        if has_commit_variable(detected.source_system, os.environ):
            return f", because the commit that {detected.source_system} reports is not hexadecimal"
    return _unsaid(detected, "commit to derive it from")


def _set_times(kind: EventKind, fields: Event) -> None:
    """Convert given times to UTC; the event's own time is its end, else its start, else now."""
    moment = clock.now()
    for name in ("started_at", "completed_at"):
        if name in fields:
            # Imported here, since most events have no given time.
            from versioner.rules.times import check_at

            fields[name] = check_at(fields[name], moment, field=name)
    ended = fields["status"] not in OPENING
    given = fields.get("completed_at") if ended else None
    if kind == "build":
        fields["at"] = given or (fields.get("started_at") if not ended else None) or moment
    else:
        fields["at"] = fields.pop("completed_at", None) or moment


def _metadata(options: TrackOptions) -> dict[str, Any]:
    text = options.extra_metadata
    if not text:
        return {}
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise _refused(f"is not JSON (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise _too_deep() from None
    if not isinstance(value, dict):
        raise _refused("is not a JSON object")
    _check_depth(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _refused(f'has the key "{ascii(key)[1:-1][:80]}" twice', "give each key once")
        found[key] = value
    return found


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        why = f"holds a number of {len(digits):,} digits"
        raise _refused(why, 'write it as text, in "quotes"')
    return int(digits)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(_MOST_LEVELS):
        below = (each.values() if isinstance(each, dict) else each for each in level)
        level = [item for items in below for item in items if isinstance(item, (dict, list))]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> InvalidInput:
    return _refused("is nested too deeply", "keep the facts of the event, and link to the rest")


def _refused(why: str, hint: str = "") -> InvalidInput:
    usual = """write it as '{"region": "eu"}', in single quotes in a shell"""
    return InvalidInput(f"--extra-metadata {why}", field="extra_metadata", hint=hint or usual)


def print_sources(
    draft: EventDraft,
    options: TrackOptions,
    detected: DetectedRun | None,
    source: Callable[[str], str],
) -> None:
    """Print each value on stderr with the option, variable or system that it is from.

    `source` returns an option's source, "" where the option has no value.
    """
    from versioner.reporting.terminal import clean

    refuse_secrets({"product": draft.product, **draft.fields})
    system = detected.source_system if detected else ""
    click.echo(f"detected: {system or 'no CI system'}", err=True)
    for name, value in sorted({"product": draft.product, **draft.fields}.items()):
        given = source(_option_of(name, draft, options))
        if name == "extra_metadata" and detected is not None and detected.extra_metadata:
            given = f"{given} and {system}" if given else system
        missing = _SOURCES.get(name, system or "git or the system")
        click.echo(f"  {name} = {clean(str(value))} ({given or missing})", err=True)


def _option_of(field: str, draft: EventDraft, options: TrackOptions) -> str:
    """Return the option that a field is from; an event's time may be that of its end or start."""
    if field == "artifacts" and not options.artifacts:
        return "artifact_files"
    if field != "at":
        return field
    if draft.kind == "deployment":
        return "completed_at"
    for name in ("completed_at", "started_at"):
        if options.fields.get(name) and draft.fields.get(name) == draft.fields["at"]:
            return name
    return field
