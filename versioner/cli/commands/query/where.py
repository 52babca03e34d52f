"""versioner where: which environments have a change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from versioner.cli.commands.completion import product_names
from versioner.cli.params import examples_epilog, list_output_option, repo_option, rev_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.query.commits.where import Presence
    from versioner.registry.index import RegistryIndex
    from versioner.registry.records import ProductRecord

__all__ = ["where"]


@click.command(
    epilog=examples_epilog(
        "versioner where 4f5d1c2a",
        "versioner where '#128'",
        "versioner where ABC-123 --source ~/src/user-service --product user-service",
        keys="commits: {id, subject or null}; exact (true by the history of a source, "
        "false by recorded commits); environments: "
        "{product, environment, instance, state (there, taken-back, never, unknown), since, until, "
        "version, by, each null where there is none}; problems (number of errors found).",
    )
)
@click.argument("change", metavar="COMMIT|#PR|!MR|TICKET")
@click.option(
    "--source", type=click.Path(exists=True, path_type=Path), metavar="PATH",
    help="A clone of the product's source, whose history tells what is in each version.",
)  # fmt: skip
@click.option(
    "--product", "-p", metavar="NAME", shell_complete=product_names, help="Only this product."
)
@list_output_option
@rev_option
@repo_option
def where(
    change: str, source: Path | None, product: str | None, output: str, rev: str | None,
    repo: str | None,
) -> None:  # fmt: skip
    """Show which environments have a change, since when, and where it was taken back.

    With --source, the history decides: a change is there where its commit, or a cherry-pick of it,
    is in the version that runs, and no revert of that commit is. Nothing is fetched. Without it,
    the commits that `track` has recorded decide; a revert of one is not known then.
    """
    from versioner.cli.output import show_list
    from versioner.cli.registry import find_registry, read_index, warn_of_errors
    from versioner.reporting.query.where import where_json, where_listing, where_text

    wanted = None if product is None else [product]
    index = read_index(find_registry(repo, rev), rev, products=wanted)
    errors = [each for each in index.problems() if each.severity == "error"]
    warn_of_errors(errors)
    commits, found = _recorded(index, change) if source is None else _exact(index, change, source)
    show_list(
        output,
        text=lambda layout: where_text(layout, commits, found, exact=source is not None),
        json=lambda: where_json(commits, found, source=source is not None, problems=len(errors)),
        listing=lambda: where_listing(found),
    )


def _recorded(index: RegistryIndex, change: str) -> tuple[list[tuple[str, str]], list[Presence]]:
    """Return the commits of a change, and where it is, by the commits that are recorded."""
    from versioner.errors import NotFound
    from versioner.query.commits.containing import check_wanted, find_changes, having
    from versioner.query.commits.where import commits_of, presences

    wanted = check_wanted(change)
    shown: dict[str, str] = {}
    found: list[Presence] = []
    built = _versions_of(index, wanted)
    for name in index.product_names:
        record = index.product(name)
        changes = record.recorded_changes
        if not changes and name not in built:
            continue
        commits = commits_of(record) if name in built else {}
        own = find_changes(changes, commits, wanted)
        if own:
            for each in own:
                texts = ((key, one.get("subject", "")) for key, one in each.commits.items())
                shown.update(texts)
            has = having(changes, own)
            found += presences(record, _environments(index, record), has)
    if not shown:
        raise NotFound(
            f'no recorded commit is or names "{wanted[:60]}"',
            hint="name a clone of the source with --source, whose history tells exactly",
        )
    return sorted(shown.items()), found


def _versions_of(index: RegistryIndex, change: str) -> set[str]:
    """Return the products that have a version of this very commit."""
    from versioner.query.commits.containing import is_commit
    from versioner.query.versions.product_versions import find_in_index

    if not is_commit(change):
        return set()
    return {each.version.product for each in find_in_index(index, change)}


def _exact(
    index: RegistryIndex, change: str, source: Path
) -> tuple[list[tuple[str, str]], list[Presence]]:
    """Return the commits of a change, and where it is, by the history of the source."""
    from versioner.git.source.history import SourceHistory
    from versioner.query.commits.where import commits_of

    history = SourceHistory(source)
    recorded = {name: commits_of(index.product(name)) for name in index.product_names}
    known = history.known({each for commits in recorded.values() for each in commits.values()})
    heads = set(known.values())
    changes = [history.change_of(each, heads) for each in history.commits_named(change)]
    having = history.heads_with(changes, heads)
    found: list[Presence] = []
    for name, commits in recorded.items():
        heads_of = {version: known.get(sha, "") for version, sha in commits.items()}
        if any(heads_of.values()):
            found += _presences(index, name, heads_of, having)
    return [(each.commit, each.subject) for each in changes], found


def _presences(
    index: RegistryIndex, name: str, heads: Mapping[str, str], having: set[str]
) -> Sequence[Presence]:
    from versioner.query.commits.where import presences

    def has(version: str) -> bool | None:
        head = heads.get(version, "")
        return head in having if head else None

    record = index.product(name)
    return [*presences(record, _environments(index, record), has)]


def _environments(index: RegistryIndex, record: ProductRecord) -> list[str]:
    """Return the environments in display order, and those that only events name."""
    known = [name for name, each in index.head.environments.items() if not each.get("retired")]
    return list(dict.fromkeys([*known, *record.cells]))
