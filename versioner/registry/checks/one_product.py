"""Checks between the files of one product: ids, versions, and the events that others name.

Positions are looked up for problems only, so that a product without problems costs nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from versioner import layout
from versioner.models import Problem
from versioner.registry.checks.positions import locate_event
from versioner.registry.fold.product import void_ids_of
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.models import Event, EventKind, LogKind, Severity
    from versioner.registry.records import ProductRecord

__all__ = ["check_product", "known_versions", "logs_of"]

_REFERENCES: Final = (("deployment", codes.DEPLOYMENT), ("voids", codes.VOID))


def check_product(record: ProductRecord, contents: Mapping[str, bytes]) -> list[Problem]:
    """Return the problems between the files of one product; `contents` maps paths to bytes."""
    report = _ProductReport(record.name, contents)
    if layout.product_path(record.name) not in contents:
        report.about_product_file()
    _check_ids(record, report)
    _check_versions(record, report)
    _check_references(record, report)
    _check_decisions(record, report)
    return report.problems


class _ProductReport:
    """The problems of a product's files, with their positions."""

    def __init__(self, name: str, contents: Mapping[str, bytes]) -> None:
        self.problems: list[Problem] = []
        self._name = name
        self._contents = contents

    def about_product_file(self) -> None:
        path = layout.product_path(self._name)
        self.problems.append(
            Problem(
                path,
                0,
                0,
                codes.MISSING,
                "the product has no product.yaml",
                f"run `versioner product create {self._name}`, or add the file with its name",
            )
        )

    def has_invalid_event(self, event_id: str, *, besides: set[str]) -> bool:
        """Return whether an event with this id was left out for errors of its own."""
        wanted = re.compile(rb"\bid: *[\"']?" + re.escape(event_id).encode() + rb"[\"'\s},]")
        return event_id not in besides and any(map(wanted.search, self._contents.values()))

    def about_event(
        self,
        kind: LogKind,
        event: Event,
        key: str,
        code: str,
        message: str,
        hint: str,
        severity: Severity = "error",
    ) -> None:
        place = locate_event(self._contents.get, self._name, kind, event, key)
        self.problems.append(Problem(*place, code, message, hint, severity))


def logs_of(record: ProductRecord) -> Iterator[tuple[EventKind, Sequence[Event]]]:
    """Yield a product's two logs with their kinds, builds first."""
    yield "build", record.builds
    yield "deployment", record.deployment_events


def _check_ids(record: ProductRecord, report: _ProductReport) -> None:
    seen: set[str] = set()
    logs: list[tuple[LogKind, Sequence[Event]]] = [
        *logs_of(record),
        ("observation", record.observations),
        ("decision", record.decision_events),
    ]
    for kind, events in logs:
        for event in events:
            # Where two events of one file share an id, validate_log reports and omits the second.
            if event["id"] in seen:
                report.about_event(
                    kind,
                    event,
                    "id",
                    codes.DUPLICATE_ID,
                    f'the id "{event["id"]}" is that of another event of this product too',
                    "remove the copy: every event has an id of its own",
                )
            seen.add(event["id"])


def _check_versions(record: ProductRecord, report: _ProductReport) -> None:
    spelling: dict[str, str] = {}
    shas: dict[str, str] = {}
    digests: dict[tuple[str, str], str] = {}
    # The commit of a void event does not count (nor does it in rules.event_decision). Which
    # events are void takes long to know, and is needed only where two events contradict.
    void = _void_ids(record) if _may_contradict(record) else frozenset()
    for kind, events in logs_of(record):
        for event in events:
            version = event.get("version")
            if version is None:
                continue
            first = spelling.setdefault(version.lower(), version)
            if first != version:
                report.about_event(
                    kind,
                    event,
                    "version",
                    codes.CASE_TWIN,
                    f'version "{version}" differs from "{first}" only in case',
                    f'write "{first}" if it is the same version; otherwise give it another name',
                )
            sha = event.get("scm_sha")
            if sha is not None and event["id"] not in void:
                _check_sha(kind, event, shas, report)
            if "artifacts" in event and event["id"] not in void:
                _check_artifacts(kind, event, digests, report)


def _may_contradict(record: ProductRecord) -> bool:
    """Return whether two events, void ones included, name different contents of a version."""
    found: dict[Any, str] = {}
    for _, events in logs_of(record):
        for event in events:
            version = event.get("version")
            if "scm_sha" in event and version is not None:
                sha = event["scm_sha"]
                known = found.setdefault(version, sha)
                if known != sha:
                    return True
            for name, digest in event.get("artifacts", {}).items():
                if found.setdefault((version, name), digest) != digest:
                    return True
    return False


def _void_ids(record: ProductRecord) -> set[str]:
    # Without a declaration of a mistake, nothing is folded; with one, the fold is used again later.
    if not any("voids" in event for event in record.deployment_events):
        return set()
    return void_ids_of(record.deployments, record.cells)


def _check_sha(kind: EventKind, event: Event, shas: dict[str, str], report: _ProductReport) -> None:
    version, sha = event["version"], event["scm_sha"]
    known = shas.setdefault(version, sha)
    if known.startswith(sha):
        return
    if sha.startswith(known):
        shas[version] = sha
        return
    report.about_event(
        kind,
        event,
        "scm_sha",
        codes.SHA_CONFLICT,
        f'version "{version}" was built from {known[:12]}, not from {sha[:12]}',
        "a version never changes: give the other build another version, "
        "or void the event that is wrong",
    )


def _check_artifacts(
    kind: EventKind, event: Event, digests: dict[tuple[str, str], str], report: _ProductReport
) -> None:
    version = event["version"]
    for name, digest in event["artifacts"].items():
        known = digests.setdefault((version, name), digest)
        if digest != known:
            report.about_event(
                kind,
                event,
                "artifacts",
                codes.ARTIFACT_CONFLICT,
                f'version "{version}" has the artifact "{name}" with the digest {known[:19]}..., '
                f"not {digest[:19]}...",
                "a version never changes: give the other build another version, "
                "or void the event that is wrong",
            )


def _check_references(record: ProductRecord, report: _ProductReport) -> None:
    voids = {event["id"] for event in record.deployment_events if "voids" in event}
    known = {event["id"] for event in record.deployment_events} - voids
    for event in record.deployment_events:
        for key, code in _REFERENCES:
            named = event.get(key)
            if named is None or named in known or report.has_invalid_event(named, besides=voids):
                continue
            wrong = "voids another event" if named in voids else "is not in this product's logs"
            report.about_event(
                "deployment",
                event,
                key,
                code,
                f'the event "{named}" {wrong}',
                "give the id of a deployment event of this product "
                f"(`versioner deployment list --product {record.name}` shows them)",
            )


def _check_decisions(record: ProductRecord, report: _ProductReport) -> None:
    """Warn of decisions about versions that no event names; a void event does not."""
    if not record.decision_events:
        return
    known = known_versions(record)
    for event in record.decision_events:
        version = event["version"]
        if version in known:
            continue
        known.add(version)
        report.about_event(
            "decision",
            event,
            "version",
            codes.DECISION,
            f'no event names version "{version}", so a decision about it counts for nothing',
            f"record its build or deployment; `versioner version list {record.name}` shows those "
            "that are known",
            "warning",
        )


def known_versions(record: ProductRecord) -> set[str]:
    """Return the versions that an event names which is not void."""
    void = _void_ids(record)
    return {
        event["version"]
        for _, events in logs_of(record)
        for event in events
        if "version" in event and event["id"] not in void
    }
