"""versioner version: list, show and find versions."""

from __future__ import annotations

from typing import Final

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
    from versioner.query.versions.product_versions import list_versions
    from versioner.reporting.query.versions import versions_json, versions_listing, versions_text

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
        "artifacts, event, id} and changes: {since, more, partial, commits} (only where there are "
        "some), problems (number of errors found).",
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
    from versioner.query.versions.product_versions import show_version
    from versioner.reporting.query.versions import version_json, version_text

    registry = load_from(repo, rev, products=[product])
    record = registry.resolve(product)
    detail = show_version(record, name)
    url = commit_url(registry, record, detail.version)
    if output == "json":
        show(version_json(detail, commit_url=url, problems=len(registry.errors)))
    else:
        show(version_text(terminal_layout(), detail, commit_url=url))


@version.command(
    short_help="Show the commits between two versions.",
    epilog=examples_epilog(
        "versioner version changes user-service 1.3.0..1.4.0",
        "versioner version changes user-service --from-env staging --to-env production",
        keys="product, from, to, exact (whether the lists are whole), unknown (versions whose "
        "commits are not all known), added and removed: {count, commits: {id, subject, author, "
        "url, keys: {key, url}}}, problems (number of errors found).",
    ),
)
@click.argument("product", shell_complete=product_names)
@click.argument("range_", metavar="[A..B|VERSION]", required=False)
@click.option(
    "--from-env", metavar="ENVIRONMENT", shell_complete=environment_names,
    help="B is the version that runs in this environment.",
)  # fmt: skip
@click.option(
    "--to-env", metavar="ENVIRONMENT", shell_complete=environment_names,
    help="A is the version that runs in this environment.",
)  # fmt: skip
@list_output_option
@rev_option
@repo_option
def changes(
    product: str, range_: str | None, from_env: str | None, to_env: str | None, output: str,
    rev: str | None, repo: str | None,
) -> None:  # fmt: skip
    """Show the commits that version B has and version A has not, and the other way round.

    A..B may go back: a rollback takes commits away. A single VERSION is compared with the version
    before it. Only recorded commits are known: see `versioner track build --help`.
    """
    from versioner.cli.output import show_list
    from versioner.cli.registry import load_from
    from versioner.query.commits.between import commits_between
    from versioner.query.commits.links import CommitLinks
    from versioner.query.commits.ranges import range_of_environments, range_of_text
    from versioner.query.source_links import source_of
    from versioner.reporting.query.commits import (
        difference_json,
        difference_listing,
        difference_text,
    )

    if (range_ is None) is (from_env is None or to_env is None) or bool(from_env) != bool(to_env):
        raise click.UsageError("give A..B, or --from-env and --to-env")
    registry = load_from(repo, rev, products=[product])
    record = registry.resolve(product)
    if range_ is None:
        base, head = range_of_environments(registry, record, from_env or "", to_env or "")
    else:
        base, head = range_of_text(record, range_)
    found = commits_between(record, base, head)
    links = CommitLinks(registry.config, source_of(registry, record, record.versions[head]))
    show_list(
        output,
        text=lambda layout: difference_text(layout, record.name, found),
        json=lambda: difference_json(record.name, found, links, problems=len(registry.errors)),
        listing=lambda: difference_listing(found, links),
    )


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
    from versioner.query.versions.product_versions import find_in_index
    from versioner.reporting.query.versions import (
        found_versions_text,
        versions_json,
        versions_listing,
    )

    index = read_index(find_registry(repo, rev), rev, products=[product] if product else None)
    warn_of_errors([each for each in index.problems() if each.severity == "error"])
    found = find_in_index(index, digest)
    show_list(
        output,
        text=lambda layout: found_versions_text(layout, found),
        json=lambda: versions_json(found),
        listing=lambda: versions_listing(found),
    )
