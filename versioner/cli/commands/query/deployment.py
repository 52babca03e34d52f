"""versioner deployment: list, show, void and redact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from versioner.cli.commands.completion import environment_names, product_names
from versioner.cli.params import (
    NounGroup,
    examples_epilog,
    list_output_option,
    output_option,
    repo_option,
    rev_option,
)

if TYPE_CHECKING:
    from versioner.editing.session import EditResult
    from versioner.git.repository import Repository

__all__ = ["deployment"]

_SHOWN: Final = 30
_KEYS: Final = (
    "id, product, environment, instance (where one is named), version, status, "
    "kind (deployment, redeployment, rollback, return, undeployment), "
    "previous, at, changed_at, deployed_by, reason, deploy_url, void: {id, at, reason} or null"
)


@click.group(
    cls=NounGroup, epilog=examples_epilog("versioner deployment list --environment production")
)
def deployment() -> None:
    """List, show, void or redact deployments."""


@deployment.command(
    "list",
    short_help="List deployments, newest first.",
    epilog=examples_epilog(
        "versioner deployment list --product user-service --status failed --since 30d",
        "versioner deployment list -e production --since monday",
        keys=f"an array of {{{_KEYS}}}.",
    ),
)
@click.option(
    "--product", "-p", metavar="NAME", shell_complete=product_names, help="Only this product."
)
@click.option(
    "--environment",
    "-e",
    metavar="NAME",
    shell_complete=environment_names,
    help="Only in this environment.",
)
@click.option("--version", metavar="VERSION", help="Only of this version.")
@click.option(
    "--status",
    metavar="STATUS",
    help="Only with this status; `undeployed` shows what was removed, `void` voided deployments.",
)
@click.option("--person", metavar="WHO", help="Only by the person with this login, e-mail or name.")
@click.option(
    "--since",
    metavar="TIME",
    help="Started at or after TIME: 2026-11-01, yesterday, monday, 7d (7 days ago), or RFC 3339.",
)
@click.option(
    "--until", metavar="TIME", help="Started at or before TIME; for a day: the end of that day."
)
@click.option(
    "--limit", type=click.IntRange(min=0), metavar="N",
    help=f"Show at most N, newest first (default: {_SHOWN} in text, else all); 0 shows all.",
)  # fmt: skip
@list_output_option
@rev_option
@repo_option
def list_(
    product: str | None, environment: str | None, version: str | None, status: str | None,
    person: str | None, since: str | None, until: str | None, limit: int | None,
    output: str, rev: str | None, repo: str | None,
) -> None:  # fmt: skip
    """List deployments, newest first."""
    from versioner.cli.output import show_list
    from versioner.cli.registry import find_registry, read_index, reference_time, warn_of_errors
    from versioner.query.deployments import existing_names
    from versioner.registry.index import DeploymentFilter
    from versioner.reporting.query.deployments import (
        deployments_json,
        deployments_listing,
        deployments_text,
    )

    index = read_index(
        find_registry(repo, rev), rev, products=None if product is None else [product]
    )
    warn_of_errors([each for each in index.problems() if each.severity == "error"])
    now = reference_time(index.head, rev)
    product, environment = existing_names(index, product, environment)
    wanted = DeploymentFilter(
        product=product,
        environment=environment,
        version=version,
        status=_parsed_status(status),
        person=person,
        since=_parsed_time("since", since, now),
        until=_parsed_time("until", until, now, end=True),
    )
    if limit is None and output == "text":
        limit = _SHOWN
    found = index.deployments(wanted, limit=limit or None)
    show_list(
        output,
        text=lambda layout: deployments_text(
            layout, [*found], total=index.count_deployments(wanted)
        ),
        json=lambda: deployments_json(found),
        listing=lambda: deployments_listing(found),
    )


def _parsed_status(status: str | None) -> str | None:
    from versioner.cli.params import read_for
    from versioner.names import canonical_status

    if not status:
        return status
    if status.lower() == "void":
        return "void"
    with read_for("--status"):
        return canonical_status(status, "deployment")


def _parsed_time(field: str, text: str | None, now: str, *, end: bool = False) -> str | None:
    from versioner.cli.params import read_for
    from versioner.query.times.text import parse_moment

    if not text:
        return text
    with read_for(f"--{field}"):
        return parse_moment(text, now, end=end, field=field)


@deployment.command(
    "show",
    short_help="Show one deployment.",
    epilog=examples_epilog(
        "versioner deployment show 01a9c3f2b7d4",
        keys=f"{_KEYS}, events, void_events: {{event, voided_by}}, "
        "problems (number of errors found).",
    ),
)
@click.argument("id_", metavar="ID")
@output_option
@rev_option
@repo_option
def show_(id_: str, output: str, rev: str | None, repo: str | None) -> None:
    """Show one deployment with its events.

    ID is the id of any of its events, or the first characters of it. If events of two products
    have the same id, write PRODUCT/ID.
    """
    from versioner.cli.output import show, terminal_layout
    from versioner.cli.registry import find_registry, read_index, reference_time, warn_of_errors
    from versioner.query.deployments import find_in_index
    from versioner.query.times.text import seconds_between
    from versioner.reporting.query.deployments import deployment_json, deployment_text
    from versioner.reporting.text import ago

    index = read_index(find_registry(repo, rev), rev)
    registry = index.registry()
    warn_of_errors(registry.errors)
    found = find_in_index(index, registry, id_.rstrip("…"))
    if output == "json":
        show(deployment_json(found, problems=len(registry.errors)))
        return
    seconds = seconds_between(found.changed_at, reference_time(registry, rev))
    show(deployment_text(terminal_layout(), found, age=ago(seconds)))


@deployment.command(
    short_help="Mark an event as a mistake.",
    epilog=examples_epilog(
        'versioner deployment void 01a9c3f2b7d4 --reason "recorded by a test run"'
    ),
)
@click.argument("id_", metavar="ID")
@click.option("--reason", required=True, help="Why the event is a mistake; shown with the event.")
@repo_option
def void(id_: str, reason: str, repo: str | None) -> None:
    """Mark a recorded event as a mistake; it stays visible, struck through.

    Marking the first event of a deployment marks the whole deployment. No recorded event is
    changed: an event that refers to this one is added.
    """
    from versioner.cli import clock
    from versioner.cli.after_commit import apply
    from versioner.editing.corrections import void_event, whole_event_id
    from versioner.git.identity import committer_of

    def declare(repository: Repository) -> EditResult:
        by = committer_of(repository, None).author[0]
        return void_event(
            repository, whole_event_id(repository, id_), reason=reason, by=by, now=clock.now()
        )

    apply(repo, declare)


@deployment.command(
    short_help="Remove one value from an event.",
    epilog=examples_epilog(
        "versioner deployment redact 01a9c3f2b7d4 deployed_by",
        "versioner deployment redact 01a9c3f2b7d4 extra_metadata.customer",
    ),
)
@click.argument("event")
@click.argument("field")
@repo_option
def redact(event: str, field: str, repo: str | None) -> None:
    """Remove one value from an event; the event lists the field as redacted.

    The value is still in git's history: to remove it there, the history must be rewritten.
    """
    from versioner.cli import clock
    from versioner.cli.after_commit import apply
    from versioner.editing.corrections import redact_field, whole_event_id

    apply(
        repo,
        lambda repository: redact_field(
            repository, whole_event_id(repository, event), field, now=clock.now()
        ),
    )
