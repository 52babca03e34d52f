"""versioner archive: move the events of closed months into one log a year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from versioner.cli.commands.completion import product_names
from versioner.cli.params import examples_epilog, output_option, repo_option

if TYPE_CHECKING:
    from versioner.editing.archive import ArchiveResult
    from versioner.git.repository import Repository

__all__ = ["archive"]


@click.command(
    epilog=examples_epilog(
        "versioner archive --before 2026-01 --dry-run",
        "versioner archive --before 2026-01 --product user-service",
        keys="dry_run, before, products, months, events, logs (product, kind, path, months, "
        "events), kept, commit, branch, notes",
    )
)
@click.option(
    "--before", required=True, metavar="YYYY-MM",
    help="Archive the months before this one; all of them must have ended (UTC).",
)  # fmt: skip
@click.option(
    "--product", "-p", "products", multiple=True, metavar="NAME", shell_complete=product_names,
    help="Archive only this product; may be repeated (default: all products).",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what would be archived; write nothing.")
@output_option
@repo_option
def archive(
    before: str,
    products: tuple[str, ...],
    dry_run: bool,
    output: str,
    repo: str | None,
) -> None:
    """Move the events of closed months into one log a year, in one commit.

    A registry then has fewer files: deployments/2025.yaml instead of one file a month, and
    likewise for the other logs. No event is lost and no line changes: every command,
    page and document is the same as before. An event that arrives later for an archived month is
    written to the log of that month again; the next archive moves it, too.
    """
    from versioner.cli import clock
    from versioner.cli.after_commit import result_of
    from versioner.cli.output import Progress, show
    from versioner.editing.archive import archive_months, check_month
    from versioner.reporting.archives import archived_json, archived_text

    now = clock.now()
    # A mistake is reported before a remote is asked.
    check_month(before, now)
    with Progress("Archiving") as progress:

        def operation(repository: Repository) -> ArchiveResult:
            return archive_months(
                repository,
                before=before,
                products=products,
                now=now,
                dry_run=dry_run,
                progress=progress.advance,
            )

        result = result_of(repo, operation)
    report = archived_json if output == "json" else archived_text
    show(report(result, dry_run=dry_run))
