"""Read the fields of an event from the variables of a CI system."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from versioner.ci import cleaning
from versioner.ci.systems.order import SYSTEMS
from versioner.names import is_version, slugify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from versioner.ci.systems.form import System
    from versioner.models import EnvironmentType

__all__ = ["DetectedRun", "has_commit_variable", "read_run"]

_SHORT_COMMIT: Final = 8
_VARIABLE: Final = r"\{(\w+)\}"
# Values for a run that no person started; `dependabot[bot]` counts as a person.
_NOBODY: Final = ("@", "codepipeline/", "GitHub-Hookshot/", "Bitbucket-", "CodeBuild-Jenkins-")
_NO_PERSON: Final = ("anonymous", "auto-promotion", "changes", "timer")
# What systems call the types of environments; `true` is GitHub's production_environment.
_TIERS: Final[dict[str, EnvironmentType]] = {
    "production": "production",
    "true": "production",
    "staging": "staging",
    "testing": "test",
    "development": "dev",
    "other": "other",
}


class DetectedRun(NamedTuple):
    """The values that a CI system reports about its run; they are not verified.

    Every value can be recorded unchanged. `fields` contains the known keys of an event
    (`scm_repository`, `scm_sha`, `scm_branch`, `build_number`, `build_url`, `invoke_id`,
    `attempt`, `job`, `source_server`), and `person`, `person_email`, `person_name`. `product`,
    `version` and `environment` are valid defaults, or "". `environment_type` is the type of that
    environment, or "". The two files are GitHub's, or "". `warnings` tell, by the field, which
    value is probably not the one of what the run is about.
    """

    source_system: str
    fields: dict[str, str]
    product: str
    version: str
    extra_metadata: dict[str, str]
    summary_file: str
    output_file: str
    environment: str = ""
    environment_type: EnvironmentType | Literal[""] = ""
    warnings: dict[str, str] = {}  # noqa: RUF012 -- never changed


def read_run(name: str, environ: Mapping[str, str]) -> DetectedRun:
    """Read what the named system's variables say of the run."""
    system = next(item for item in SYSTEMS if item.name == name)
    about, warnings = _event(system, environ)
    fields = _fields(system, environ)
    if "scm_sha" in about:
        # The branch of the variables may be another commit's.
        fields.pop("scm_branch", None)
        fields |= {key: about[key] for key in ("scm_sha", "scm_branch") if key in about}
    release = about.get("release") or _first(system.release, environ, _release)
    if release and not is_version(release):
        warnings["version"] = (
            f'the tag "{release}" is not a legal version, so it is not used as the version'
        )
        release = ""
    environment = about.get("environment") or _first(system.environment, environ, cleaning.line)
    tier = about.get("tier") or _first(system.tier, environ, cleaning.line)
    return DetectedRun(
        source_system=system.name,
        fields=fields,
        product=slugify(fields.get("scm_repository", "").rpartition("/")[2]),
        version=release or _version(system, environ, fields.get("scm_sha", "")),
        extra_metadata=_metadata(system, environ),
        summary_file=_first(system.summary_file, environ, cleaning.path),
        output_file=_first(system.output_file, environ, cleaning.path),
        environment=slugify(environment),
        environment_type=_TIERS.get(tier.lower(), "") if environment else "",
        warnings=warnings,
    )


def _event(system: System, environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what the event of the run tells of its subject, and the warning about its file."""
    event = _first(system.event, environ, cleaning.line)
    # Imported here, because a push and most other events need no file.
    if not event or event in ("push", "workflow_dispatch", "schedule", "repository_dispatch"):
        return {}, {}
    from versioner.ci.event_file import read_event_file

    path = _first(system.event_file, environ, cleaning.path)
    subject = read_event_file(event, path)
    found = {
        "scm_sha": cleaning.commit(subject.scm_sha),
        "scm_branch": cleaning.branch(subject.scm_branch),
        "release": _release(subject.release),
        "environment": cleaning.line(subject.environment),
        "tier": subject.tier,
    }
    problem = subject.problem
    if subject.scm_sha and not found["scm_sha"]:
        problem = "its commit is not hexadecimal"
    warnings = {}
    if problem and (path or event in _ABOUT_ANOTHER):
        warnings["scm_sha"] = (
            f"the event file of this {event} cannot be used ({problem}), so the commit is "
            "that of the run, which may not be the commit of the event"
        )
    return {key: value for key, value in found.items() if value}, warnings


# For these the variables name the tip of the default branch, whatever the event is about.
_ABOUT_ANOTHER: Final = ("workflow_run", "check_run", "check_suite", "status")


def has_commit_variable(name: str, environ: Mapping[str, str]) -> bool:
    """Return whether a variable for the commit is set, even to a value that is no commit."""
    system = next(item for item in SYSTEMS if item.name == name)
    return any(value.strip() for value in _values(system.sha, environ))


def _fields(system: System, environ: Mapping[str, str]) -> dict[str, str]:
    readings: tuple[tuple[str, str, Callable[[str], str]], ...] = (
        ("scm_repository", system.repository, cleaning.repository),
        ("scm_sha", system.sha, cleaning.commit),
        ("scm_branch", system.branch, cleaning.branch),
        ("build_number", system.number, cleaning.line),
        ("build_url", system.url, cleaning.web_url),
        ("invoke_id", system.run, cleaning.identity),
        ("attempt", system.attempt, cleaning.identity),
        ("job", system.job, cleaning.identity),
        ("person", system.person, _person),
        ("person_email", system.email, cleaning.email),
        ("person_name", system.person_name, cleaning.line),
    )
    found = {key: _first(reading, environ, clean) for key, reading, clean in readings}
    found["scm_branch"] = found["scm_branch"].removeprefix(system.remote)
    if system.run_in_url:
        named = re.search(system.run_in_url, found["build_url"])
        found["invoke_id"] = named[1] if named else found["invoke_id"]
    base = _first(system.server, environ, cleaning.web_url)
    found["source_server"] = _address(base) or _address(found["build_url"]).partition("/")[0]
    return {key: value for key, value in found.items() if value}


def _first(reading: str, environ: Mapping[str, str], clean: Callable[[str], str]) -> str:
    """Return the value of the first alternative that has one, or ""."""
    values = (clean(value) for value in _values(reading, environ))
    return next((value for value in values if value), "")


def _values(reading: str, environ: Mapping[str, str]) -> Iterator[str]:
    for alternative in reading.split():
        condition, arrow, source = alternative.rpartition("=>")
        variable, _, wanted = condition.partition("=")
        if arrow and environ.get(variable, "") != wanted:
            continue
        if "{" not in source:
            name, _, prefix = source.partition("^")
            value = environ.get(name, "")
            yield value.removeprefix(prefix) if value.startswith(prefix) else ""
            continue
        values = {name: environ.get(name, "").rstrip("/") for name in _variables(source)}
        if all(values.values()):
            yield _filled(source, values)


def _variables(pattern: str) -> list[str]:
    return re.findall(_VARIABLE, pattern)


def _filled(pattern: str, values: Mapping[str, str]) -> str:
    return re.sub(_VARIABLE, lambda match: values[match[1]], pattern)


def _person(value: str) -> str:
    person = cleaning.line(value)
    return "" if person.startswith(_NOBODY) or person in _NO_PERSON else person


def _release(value: str) -> str:
    return cleaning.line(value).removeprefix("refs/tags/")


def _address(url: str) -> str:
    """Return the host and path of a web address."""
    return cleaning.line(re.split("[?#]", url.partition("://")[2])[0].rstrip("/"))


def _version(system: System, environ: Mapping[str, str], sha: str) -> str:
    if not system.version and sha:
        return sha[:_SHORT_COMMIT]
    version = _first(system.version or system.otherwise, environ, cleaning.line)
    return version if is_version(version) else ""


def _metadata(system: System, environ: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for key, reading in system.metadata:
        clean = cleaning.web_url if key.endswith("url") else cleaning.line
        found[key] = _first(reading, environ, clean)
    return {key: value for key, value in found.items() if value}
