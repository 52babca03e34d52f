"""Reports of versions: a table of many, and all details of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.query.commits.words import list_words
from versioner.query.derived.latest_values import artifact_lines, latest_value
from versioner.query.derived.running_versions import last_deployed_at, place_text
from versioner.reporting.delimited import Listing
from versioner.reporting.query.deployments import (
    deployment_document,
    deployment_table,
    field_pairs,
)
from versioner.reporting.tables import Column, labelled_list, paragraph, table
from versioner.reporting.terminal import as_json, empty_as_null
from versioner.reporting.text import STATUS_STYLES, Span, abbreviate, count, moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.models import RunningPeriod
    from versioner.models.governance import Decision
    from versioner.query.versions.product_versions import VersionDetail, VersionSummary
    from versioner.reporting.tables import CellText
    from versioner.reporting.text import Style, TextLayout

__all__ = [
    "found_versions_text",
    "version_document",
    "version_json",
    "version_summary",
    "version_table",
    "version_text",
    "versions_json",
    "versions_listing",
    "versions_text",
]

_SHA_SHOWN = 10
_DECISION_STYLES: Final[Mapping[str, Style]] = {
    "approved": "good",
    "rejected": "bad",
    "blocked": "bad",
}
_COLUMNS: Final = (
    "product",
    "version",
    "at",
    "status",
    "scm_repository",
    "scm_sha",
    "scm_branch",
    "artifacts",
    "running_in",
    "deployed_at",
)


def versions_text(
    layout: TextLayout, product: str, found: Sequence[VersionSummary], *, total: int
) -> str:
    """Return a product's versions as a table; `total` counts them all."""
    if not found:
        return f"{product} has no versions yet."
    shown = f"{count(total, 'version')} of {product}"
    if total > len(found):
        shown = f"{len(found):,} of {shown}, newest first; --limit 0 shows all"
    return f"{version_table(layout, found)}\n\n{layout.paint(shown, 'dim')}"


def found_versions_text(layout: TextLayout, found: Sequence[VersionSummary]) -> str:
    """Return versions of several products as a table."""
    if not found:
        return "No version has this digest or commit."
    columns = [
        Column("product", 9),
        Column("version", 20),
        Column("first seen (UTC)"),
        Column("commit", spare=True),
        Column("running in", 12),
        Column("last deployed (UTC)", spare=True),
    ]
    rows: list[list[CellText]] = [
        [
            each.version.product,
            each.version.name,
            moment(each.version.at),
            each.version.scm_sha[:_SHA_SHOWN],
            ", ".join(each.running_in),
            moment(each.deployed_at),
        ]
        for each in found
    ]
    return table(layout, columns, rows)


def version_table(
    layout: TextLayout, found: Sequence[VersionSummary], *, whole: bool = True, indent: str = ""
) -> str:
    """Return versions as a table, their names whole or with digests abbreviated."""
    columns = [
        Column("version", 20 if whole else 9),
        Column("first seen (UTC)"),
        Column("build", spare=True),
        Column("commit", spare=True),
        Column("branch", 8, spare=True),
        Column("running in", 12),
        Column("last deployed (UTC)", spare=True),
    ]
    rows: list[list[CellText]] = [
        [
            each.version.name if whole else abbreviate(each.version.name),
            moment(each.version.at),
            Span(each.version.status, STATUS_STYLES.get(each.version.status, "")),
            each.version.scm_sha[:_SHA_SHOWN],
            each.version.scm_branch,
            ", ".join(each.running_in),
            moment(each.deployed_at),
        ]
        for each in found
    ]
    return table(layout, columns, rows, indent=indent)


def version_text(layout: TextLayout, detail: VersionDetail, *, commit_url: str) -> str:
    """Return all details of one version."""
    version = detail.version
    parts = [
        layout.heading(f"{version.product} {version.name}"),
        _labelled(layout, detail, commit_url),
    ]
    if detail.periods:
        parts += ["", layout.heading("Where it runs and ran"), _periods(layout, detail.periods)]
    if detail.decisions:
        parts += ["", layout.heading("Decisions"), _decisions(layout, detail.decisions)]
    if version.deployments:
        newest = list(reversed(version.deployments))
        parts += [
            "",
            layout.heading("Deployments"),
            deployment_table(layout, newest, product=False, indent="  "),
        ]
    return "\n".join(parts)


def _decisions(layout: TextLayout, decisions: Sequence[Decision]) -> str:
    columns = [
        Column("at (UTC)"),
        Column("decision"),
        Column("by", 8),
        Column("comment", 12, spare=True),
        Column("of", spare=True),
    ]
    rows: list[list[CellText]] = [
        [
            moment(each.at),
            Span(_decided(each), _DECISION_STYLES.get(each.decision, "")),
            each.by,
            each.comment,
            each.scm_sha[:_SHA_SHOWN],
        ]
        for each in sorted(decisions, key=lambda one: (one.at, one.position), reverse=True)
    ]
    return table(layout, columns, rows, indent="  ")


def _decided(decision: Decision) -> str:
    approval_type = f" ({decision.approval_type})" if decision.approval_type else ""
    return f"{decision.decision}{approval_type}"


def _decision_document(decision: Decision) -> dict[str, Any]:
    return empty_as_null(
        {
            "at": decision.at,
            "decision": decision.decision,
            "type": decision.approval_type,
            "by": decision.by,
            "comment": decision.comment,
            "scm_sha": decision.scm_sha,
            "artifacts": dict(decision.artifacts),
            "event": decision.event,
            "id": decision.id,
        }
    )


def versions_json(found: Sequence[VersionSummary]) -> str:
    """Return versions as a JSON array."""
    return as_json([version_summary(each) for each in found])


def versions_listing(found: Sequence[VersionSummary]) -> Listing:
    """Return versions as rows of a table."""
    return Listing(_COLUMNS, [version_summary(each) for each in found])


def version_json(detail: VersionDetail, *, commit_url: str, problems: int = 0) -> str:
    """Return one version as JSON, with its builds, stays and deployments.

    `problems` is the number of errors in the files that were read.
    """
    return as_json({**version_document(detail, commit_url=commit_url), "problems": problems})


def version_document(detail: VersionDetail, *, commit_url: str) -> dict[str, Any]:
    """Return one version as data, with its builds, stays and deployments."""
    version = detail.version
    decisions = [_decision_document(each) for each in detail.decisions]
    return {
        **_document(detail, last_deployed_at(version.deployments)),
        "commit_url": commit_url or None,
        "builds": version.builds,
        "stays": [
            {
                "environment": period.environment,
                **({"instance": period.instance} if period.instance else {}),
                "since": period.since,
                "until": period.until or None,
                "deployment": period.deployment.id,
            }
            for period in detail.periods
        ],
        "deployments": [deployment_document(each) for each in reversed(version.deployments)],
        **({"decisions": decisions} if decisions else {}),
        **({"changes": version.changes} if version.changes is not None else {}),
    }


def version_summary(summary: VersionSummary) -> dict[str, Any]:
    """Return a version as data: a row of a list of versions."""
    return _document(summary, summary.deployed_at)


def _document(found: VersionSummary | VersionDetail, deployed_at: str) -> dict[str, Any]:
    version = found.version
    return {
        "product": version.product,
        "version": version.name,
        "at": version.at,
        "status": version.status or None,
        "scm_repository": version.scm_repository or None,
        "scm_sha": version.scm_sha or None,
        "scm_branch": version.scm_branch or None,
        **({"artifacts": dict(sorted(version.artifacts.items()))} if version.artifacts else {}),
        "running_in": list(found.running_in),
        "deployed_at": deployed_at or None,
    }


def _labelled(layout: TextLayout, detail: VersionDetail, commit_url: str) -> str:
    version = detail.version
    notes = latest_value(version.builds, "notes")
    # These have lines of their own: a deployment names the commit if there is no build event.
    source = ("scm_repository", "scm_sha", "scm_branch", "artifacts", "changes")
    pairs: list[tuple[str, CellText]] = [
        ("build", Span(version.status, STATUS_STYLES.get(version.status, ""))),
        ("first seen", f"{moment(version.at)} UTC"),
        ("running in", ", ".join(detail.running_in)),
        ("repository", version.scm_repository),
        ("commit", version.scm_sha),
        ("", commit_url),
        ("branch", version.scm_branch),
        ("artifact", paragraph("\n".join(artifact_lines(version.artifacts)))),
        ("commits", list_words(version.changes) if version.changes is not None else ""),
        ("notes", paragraph(notes)),
        *field_pairs(version.builds, hidden=source),
    ]
    return labelled_list(layout, pairs)


def _periods(layout: TextLayout, periods: Sequence[RunningPeriod]) -> str:
    columns = [Column("environment", 11), Column("from (UTC)"), Column("until (UTC)")]
    rows: list[list[CellText]] = [
        [
            place_text(period.environment, period.instance),
            moment(period.since),
            moment(period.until) or Span("running now", "good"),
        ]
        for period in periods
    ]
    return table(layout, columns, rows, indent="  ")
