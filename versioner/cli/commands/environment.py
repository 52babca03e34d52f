"""versioner environment: list, show, create, edit and retire."""

from __future__ import annotations

from typing import Final

import click

from versioner.cli.commands.completion import environment_names
from versioner.cli.params import (
    NounGroup,
    assignments_of,
    edit_options,
    examples_epilog,
    list_output_option,
    output_option,
    repo_option,
    require_edits,
    rev_option,
)

__all__ = ["environment"]

_KEYS: Final = (
    "name, title, aliases (only where there are some), type, order, description, stale_after, "
    "retired, products (how many run there)"
)


@click.group(cls=NounGroup, epilog=examples_epilog("versioner environment list"))
def environment() -> None:
    """List, show, create, edit, rename, merge, retire and delete environments."""


@environment.command(
    "list",
    short_help="List the environments.",
    epilog=examples_epilog("versioner environment list", keys=f"an array of {{{_KEYS}}}."),
)
@list_output_option
@rev_option
@repo_option
def list_(output: str, rev: str | None, repo: str | None) -> None:
    """List the environments, in the order in which versions are deployed to them."""
    from versioner.cli.output import show_list
    from versioner.cli.registry import load_from
    from versioner.reporting.query import environments as report

    registry = load_from(repo, rev)
    show_list(
        output,
        text=lambda layout: report.environments_text(layout, registry),
        json=lambda: report.environments_json(registry),
        listing=lambda: report.environments_listing(registry),
    )


@environment.command(
    "show",
    short_help="Show one environment.",
    epilog=examples_epilog(
        "versioner environment show production",
        keys=f"{_KEYS}, metadata, cells: {{PRODUCT: as a cell of `status`}}, "
        "problems (number of errors found).",
    ),
)
@click.argument("name", shell_complete=environment_names)
@output_option
@rev_option
@repo_option
def show_(name: str, output: str, rev: str | None, repo: str | None) -> None:
    """Show one environment and what runs in it."""
    from versioner.cli.output import show, terminal_layout
    from versioner.cli.registry import load_from, reference_time
    from versioner.query.matrix import matrix
    from versioner.reporting.query.environments import environment_json, environment_text

    registry = load_from(repo, rev)
    document = registry.environment(name)
    found = matrix(registry, now=reference_time(registry, rev), environments=[name])
    if output == "json":
        show(environment_json(document, found, problems=len(registry.errors)))
    else:
        show(environment_text(terminal_layout(), document, found))


@environment.command(
    short_help="Create an environment.",
    epilog=examples_epilog(
        'versioner environment create production-eu --description "Frankfurt"',
        "versioner environment create uat --set type=staging --set metadata.region=eu",
    ),
)
@click.argument("name")
@click.option("--title", help="A title that reports and pages show.")
@click.option("--description", help="A description of the environment.")
@click.option(
    "--type", "type_", help="dev, test, staging, production or other (default: from the name)."
)
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Set any other field.",
    callback=assignments_of,
)  # fmt: skip
@repo_option
def create(
    name: str,
    title: str | None,
    description: str | None,
    type_: str | None,
    assignments: tuple[str, ...],
    repo: str | None,
) -> None:
    """Create an environment. The first deployment to an unknown one also creates it."""
    from versioner.cli import clock
    from versioner.cli.after_commit import apply
    from versioner.editing.environments import create_environment

    named = {"title": title, "type": type_, "description": description}
    given = [f"{key}={value}" for key, value in named.items() if value is not None]
    wanted = [*given, *assignments]
    apply(
        repo,
        lambda repository: create_environment(
            repository, name, assignments=wanted, now=clock.now()
        ),
    )


@environment.command(
    short_help="Edit an environment's file.",
    epilog=examples_epilog(
        "versioner environment edit production --set stale_after=6h --set metadata.region=eu",
        "versioner environment edit production --unset description",
    ),
)
@click.argument("name", shell_complete=environment_names)
@edit_options
@repo_option
def edit(name: str, set_: tuple[str, ...], unset: tuple[str, ...], repo: str | None) -> None:
    """Edit an environment's file; its comments and order are kept."""
    require_edits(set_, unset)
    from versioner.cli import clock
    from versioner.cli.after_commit import apply
    from versioner.editing.environments import edit_environment

    apply(
        repo,
        lambda repository: edit_environment(
            repository, name, set_=set_, unset=unset, now=clock.now()
        ),
    )


@environment.command(
    short_help="Retire an environment that is no longer used.",
    epilog=examples_epilog(
        "versioner environment retire qa-old", "versioner environment retire qa-old --undo"
    ),
)
@click.argument("name", shell_complete=environment_names)
@click.option("--undo", is_flag=True, help="Make a retired environment active again.")
@repo_option
def retire(name: str, undo: bool, repo: str | None) -> None:
    """Retire an environment: its history stays, and `status` shows it only if it is named."""
    from versioner.cli import clock
    from versioner.cli.after_commit import apply
    from versioner.editing.environments import retire_environment

    apply(repo, lambda repository: retire_environment(repository, name, now=clock.now(), undo=undo))


@environment.command(
    short_help="Rename an environment; the old name stays valid.",
    epilog=examples_epilog("versioner environment rename prod production"),
)
@click.argument("old", shell_complete=environment_names)
@click.argument("new")
@repo_option
def rename(old: str, new: str, repo: str | None) -> None:
    """Rename an environment; pipelines and commands may still use the old name."""
    from versioner.cli import clock
    from versioner.cli.after_commit import apply
    from versioner.editing.environment_moves import rename_environment

    apply(repo, lambda repository: rename_environment(repository, old, new, now=clock.now()))


@environment.command(
    short_help="Merge an environment into another one.",
    epilog=examples_epilog("versioner environment merge prod --into production"),
)
@click.argument("name", shell_complete=environment_names)
@click.option(
    "--into", required=True, metavar="NAME", shell_complete=environment_names,
    help="The environment that takes over the events and the name.",
)  # fmt: skip
@repo_option
def merge(name: str, into: str, repo: str | None) -> None:
    """Merge an environment into another one, for example one that a typing error created.

    Its events become events of the other environment, and its name a former name of it:
    pipelines may still use it. No event is rewritten.
    """
    from versioner.cli import clock
    from versioner.cli.after_commit import apply
    from versioner.editing.environment_moves import merge_environment

    apply(repo, lambda repository: merge_environment(repository, name, into, now=clock.now()))


@environment.command(
    short_help="Delete an environment that no event names.",
    epilog=examples_epilog("versioner environment delete qa-tets"),
)
@click.argument("name", shell_complete=environment_names)
@repo_option
def delete(name: str, repo: str | None) -> None:
    """Delete an environment that no event names; `retire` and `merge` are for any other."""
    from versioner.cli import clock
    from versioner.cli.after_commit import apply
    from versioner.editing.environment_moves import delete_environment

    apply(repo, lambda repository: delete_environment(repository, name, now=clock.now()))
