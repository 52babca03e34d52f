"""What a build of the site did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.reporting.terminal import clean
from versioner.reporting.wording import count

if TYPE_CHECKING:
    from versioner.site.build import BuildReport

__all__ = ["built_text"]


def built_text(folder: str, report: BuildReport) -> str:
    """Return how many pages there are, where, and how many files changed."""
    done = [f"{report.written:,} written", f"{report.unchanged:,} unchanged"]
    if report.removed:
        done.append(f"{report.removed:,} removed")
    return f"built {count(report.pages, 'page')} in {clean(folder)}\n  files: {', '.join(done)}"
