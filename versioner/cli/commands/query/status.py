"""versioner status: show which version runs in each environment."""

from __future__ import annotations

import click

from versioner.cli.commands.completion import environment_names, product_names
from versioner.cli.params import examples_epilog, list_output_option, repo_option

__all__ = ["status"]


@click.command(
    epilog=examples_epilog(
        "versioner status",
        "versioner status --environment staging --environment production",
        "versioner status --at 2026-11-01",
        keys="at, revision, environments, products: {product, drifting, cells: {ENVIRONMENT: "
        "{version, status, since, age_seconds, deployment, redeployed_at, rollback, mixed, "
        "instances: [{instance, version, since, redeployed_at, rollback, deployment}], and "
        "in_progress, no_result, failed_last: {deployment, version, status, at, changed_at} or "
        "null; where it was observed, observed: [{instance, source, running, version, versions, "
        "images, artifacts, since, at, recorded, comparison, differs_since}]}}}, "
        "problems (number of errors found), waiting and refused (number of events in "
        "the inbox: as last fetched, or, of a URL, as they are now).",
    )
)
@click.option(
    "--product", "-p", "products", multiple=True, metavar="NAME", shell_complete=product_names,
    help="Show only this product; may be given several times.",
)  # fmt: skip
@click.option(
    "--environment", "-e", "environments", multiple=True, metavar="NAME",
    shell_complete=environment_names,
    help="Only this environment; may be given several times. Retired environments are shown "
    "only if named.",
)  # fmt: skip
@click.option(
    "--at",
    metavar="TIME",
    help="The state at this time: 2026-11-01 or monday (its beginning, UTC), 7d (7 days ago), or "
    "RFC 3339.",
)
@click.option(
    "--as-of", "--rev", "as_of", metavar="REV", help="The state as recorded at this git revision."
)
@list_output_option
@repo_option
def status(
    products: tuple[str, ...],
    environments: tuple[str, ...],
    at: str | None,
    as_of: str | None,
    output: str,
    repo: str | None,
) -> None:
    """Show which version of each product runs in each environment.

    A product drifts when its environments run different versions. Environments to which hardly
    any product was deployed in the last year are not compared, unless --environment names them;
    the last line lists them. Deployments in progress, those that failed since, and those without
    a result are shown next to the version.
    """
    from versioner.cli.output import show_list
    from versioner.cli.params import read_for
    from versioner.cli.registry import (
        find_registry,
        read_registry,
        read_some_products,
        reference_time,
    )
    from versioner.query.doubtful_names import doubtful_names
    from versioner.query.matrix import matrix
    from versioner.query.times.text import parse_moment
    from versioner.remote.inbox_refs import count_inbox
    from versioner.reporting.query.attention import attention_text
    from versioner.reporting.query.status import InboxCounts, matrix_json, matrix_text
    from versioner.reporting.query.status_rows import matrix_listing

    repository = find_registry(repo, as_of, inbox=True)
    # Which environments are compared for drift depends on other products, unless they are named.
    if products and not (environments or at or as_of):
        registry = read_some_products(repository, products)
    else:
        registry = read_registry(
            repository, as_of, products=(products or None) if environments else None
        )
    inbox = InboxCounts(*count_inbox(repository))
    now = reference_time(registry, as_of)
    with read_for("--at"):
        moment = parse_moment(at, now, field="at") if at is not None else None
    found = matrix(
        registry,
        now=now,
        at=moment,
        products=products or None,
        environments=environments or None,
    )
    known = registry.revision or "" if as_of else ""
    past, problems = moment is not None, len(registry.errors)
    # With some products only, the others are not read.
    doubtful = doubtful_names(registry) if not (products or environments or past) else []
    show_list(
        output,
        text=lambda layout: "\n\n".join(
            part
            for part in (
                matrix_text(layout, found, as_of=known, past=past, inbox=inbox),
                attention_text(layout, found, registry, doubtful),
            )
            if part
        ),
        json=lambda: matrix_json(found, revision=registry.revision, problems=problems, inbox=inbox),
        listing=lambda: matrix_listing(found),
    )
