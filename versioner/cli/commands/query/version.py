"""versioner version: list, show and find versions."""

from __future__ import annotations

from typing import Final

import click

from versioner.cli.commands.completion import product_names
from versioner.cli.params import (
    NounGroup,
    examples_epilog,
    list_output_option,
    output_option,
    repo_option,
    rev_option,
)

__all__ = ["version"]

_SHOWN: Final = 30
_KEYS: Final = (
    "product, version, at, status, scm_repository, scm_sha, scm_branch, artifacts (only where "
    "there are some), running_in, deployed_at"
)


@click.group(
    cls=NounGroup,
    invoke_without_command=True,
    epilog=examples_epilog("versioner version", "versioner version list user-service"),
)
@click.pass_context
def version(ctx: click.Context) -> None:
    """List, show and find versions of products; without a command, print the tool's version."""
    if ctx.invoked_subcommand is None:
        from versioner import __version__

        click.echo(f"versioner {__version__}")


@version.command(
    "list",
    short_help="List a product's versions.",
    epilog=examples_epilog("versioner version list user-service", keys=f"an array of {{{_KEYS}}}."),
)
@click.argument("product", shell_complete=product_names)
@click.option(
    "--limit", type=click.IntRange(min=0), metavar="N",
    help=f"Show at most N, newest first (default: {_SHOWN} in text, else all); 0 shows all.",
)  # fmt: skip
@list_output_option
@rev_option
@repo_option
def list_(product: str, limit: int | None, output: str, rev: str | None, repo: str | None) -> None:
    """List a product's versions, newest first."""
    from versioner.cli.output import show_list
    from versioner.cli.registry import load_from
    from versioner.query.versions import list_versions
    from versioner.reporting.versions import versions_json, versions_listing, versions_text

    record = load_from(repo, rev, products=[product]).resolve(product)
    found = list_versions(record)
    if limit is None and output == "text":
        limit = _SHOWN
    shown = found[: limit or None]
    show_list(
        output,
        text=lambda layout: versions_text(layout, record.name, shown, total=len(found)),
        json=lambda: versions_json(shown),
        listing=lambda: versions_listing(shown),
    )


@version.command(
    "show",
    short_help="Show one version.",
    epilog=examples_epilog(
        "versioner version show user-service 1.4.0",
        keys=f"{_KEYS}, commit_url, builds, stays: {{environment, instance (where one is named), "
        "since, until, deployment}, "
        "deployments (as `deployment list`), decisions: {at, decision, type, by, comment, scm_sha, "
        "artifacts, event, id} (only where there are some), problems (number of errors found).",
    ),
)
@click.argument("product", shell_complete=product_names)
@click.argument("name", metavar="VERSION")
@output_option
@rev_option
@repo_option
def show_(product: str, name: str, output: str, rev: str | None, repo: str | None) -> None:
    """Show one version: its builds and commit, and where it runs and ran."""
    from versioner.cli.output import show, terminal_layout
    from versioner.cli.registry import load_from
    from versioner.query.source_links import commit_url
    from versioner.query.versions import show_version
    from versioner.reporting.versions import version_json, version_text

    registry = load_from(repo, rev, products=[product])
    record = registry.resolve(product)
    detail = show_version(record, name)
    url = commit_url(registry, record, detail.version)
    if output == "json":
        show(version_json(detail, commit_url=url, problems=len(registry.errors)))
    else:
        show(version_text(terminal_layout(), detail, commit_url=url))


@version.command(
    short_help="Find versions by a digest or commit.",
    epilog=examples_epilog(
        "versioner version find sha256:9f86d081884c",
        "versioner version find 4f5d1c2a --product user-service",
        keys=f"an array of {{{_KEYS}}}.",
    ),
)
@click.argument("digest", metavar="DIGEST|COMMIT")
@click.option(
    "--product", "-p", help="Only versions of this product.", shell_complete=product_names
)
@list_output_option
@rev_option
@repo_option
def find(digest: str, product: str | None, output: str, rev: str | None, repo: str | None) -> None:
    """Find the versions of an artifact or commit.

    DIGEST is a digest (sha256:...), an image reference that ends in one, a commit, or the first
    digits of one of these.
    """
    from versioner.cli.output import show_list
    from versioner.cli.registry import find_registry, read_index, warn_of_errors
    from versioner.query.versions import find_in_index
    from versioner.reporting.versions import found_versions_text, versions_json, versions_listing

    index = read_index(find_registry(repo, rev), rev, products=[product] if product else None)
    warn_of_errors([each for each in index.problems() if each.severity == "error"])
    found = find_in_index(index, digest)
    show_list(
        output,
        text=lambda layout: found_versions_text(layout, found),
        json=lambda: versions_json(found),
        listing=lambda: versions_listing(found),
    )
