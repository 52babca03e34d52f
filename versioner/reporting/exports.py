"""Reports of exports, and of the recorder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.reporting.terminal import as_json, clean
from versioner.reporting.text import count

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.export.run import ExportReport
    from versioner.recorder.archive import MadeRecorder

__all__ = ["exported_json", "exported_text", "recorder_json", "recorder_text"]


def exported_text(
    report: ExportReport, folder: Path, *, revision: str | None = None, since: str = ""
) -> str:
    """Return what an export wrote, and what the folder has now."""
    deployments = report.rows["deployments"]
    # JSON Lines have the events of deployments, which can be imported again.
    what = "deployment event" if report.format == "jsonl" else "deployment"
    began = f" since {since}" if since else ""
    return (
        f"exported {count(deployments, what)}{began} to {clean(str(folder))} ({report.format}, "
        f"{report.bytes / 1e6:,.1f} MB)\n"
        f"  {count(report.written, 'file')} written, {report.unchanged:,} unchanged, "
        f"{report.removed:,} removed"
    )


def exported_json(
    report: ExportReport, folder: Path, *, revision: str | None = None, since: str = ""
) -> str:
    """Return the same as JSON with stable keys."""
    return as_json(
        {
            "format": report.format,
            "folder": str(folder),
            "revision": revision,
            "since": since or None,
            "written": report.written,
            "unchanged": report.unchanged,
            "removed": report.removed,
            "bytes": report.bytes,
            "rows": report.rows,
        }
    )


def recorder_text(made: MadeRecorder, file: Path) -> str:
    """Return where the recorder is, its SHA-256 and the packages in it."""
    packages = ", ".join(f"{name} {version}" for name, version in made.packages.items())
    return (
        f"written: {clean(str(file))} ({len(made.data):,} bytes)\n"
        f"  sha256 {made.sha256}\n"
        f"  has {clean(packages)}"
    )


def recorder_json(made: MadeRecorder, file: Path) -> str:
    """Return the same as JSON with stable keys."""
    content = {"file": str(file), "sha256": made.sha256, "bytes": len(made.data)}
    return as_json({**content, "packages": dict(made.packages)})
