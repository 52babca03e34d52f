"""Read the fields of an event from the variables of a CI system."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.ci import cleaning
from versioner.ci.systems import SYSTEMS, System
from versioner.names import is_version, slugify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["DetectedRun", "has_commit_variable", "read_run"]

_SHORT_COMMIT: Final = 8
_VARIABLE: Final = r"\{(\w+)\}"
# Values for a run that no person started; `dependabot[bot]` counts as a person.
_NOBODY: Final = ("@", "codepipeline/", "GitHub-Hookshot/", "Bitbucket-", "CodeBuild-Jenkins-")


class DetectedRun(NamedTuple):
    """The values that a CI system reports about its run; they are not verified.

    Every value can be recorded unchanged. `fields` contains the known keys of an event
    (`scm_repository`, `scm_sha`, `scm_branch`, `build_number`, `build_url`, `invoke_id`,
    `attempt`, `job`, `source_server`), and `person`, `person_email`, `person_name`. `product`
    and `version` are valid defaults, or "". The two files are GitHub's, or "".
    """

    source_system: str
    fields: dict[str, str]
    product: str
    version: str
    extra_metadata: dict[str, str]
    summary_file: str
    output_file: str


def read_run(name: str, environ: Mapping[str, str]) -> DetectedRun:
    """Read what the named system's variables say of the run."""
    system = next(item for item in SYSTEMS if item.name == name)
    fields = _fields(system, environ)
    return DetectedRun(
        source_system=system.name,
        fields=fields,
        product=slugify(fields.get("scm_repository", "").rpartition("/")[2]),
        version=_version(system, environ, fields.get("scm_sha", "")),
        extra_metadata=_metadata(system, environ),
        summary_file=_first(system.summary_file, environ, cleaning.path),
        output_file=_first(system.output_file, environ, cleaning.path),
    )


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
        if "{" not in alternative:
            yield environ.get(alternative, "")
            continue
        values = {name: environ.get(name, "").rstrip("/") for name in _variables(alternative)}
        if all(values.values()):
            yield _filled(alternative, values)


def _variables(pattern: str) -> list[str]:
    return re.findall(_VARIABLE, pattern)


def _filled(pattern: str, values: Mapping[str, str]) -> str:
    return re.sub(_VARIABLE, lambda match: values[match[1]], pattern)


def _person(value: str) -> str:
    person = cleaning.line(value)
    return "" if person.startswith(_NOBODY) else person


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
