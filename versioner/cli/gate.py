"""Ask the judge at the registry that --repo names, and read no more of it than rules need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import click

from versioner import layout
from versioner.cli import clock
from versioner.cli.params import read_for
from versioner.cli.registry import find_registry, open_registry_index, take_registry_snapshot
from versioner.errors import OperationFailed
from versioner.names import check_instance, check_version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.registry.index import RegistryIndex
    from versioner.registry.records import Registry
    from versioner.rules.gate.question import Answer, Question

__all__ = ["Asked", "ask", "refuse_unread_rules"]

_RULES: Final = f"{layout.ROOT}/rules/"


class Asked(NamedTuple):
    """An answer, and the registry that it was judged at."""

    answer: Answer
    registry: Registry


def ask(
    product: str,
    version: str,
    environment: str,
    instance: str = "",
    *,
    at: str | None = None,
    rev: str | None = None,
    repo: str | None = None,
    allow_unknown_version: bool = False,
) -> Asked:
    """Return the answer to a question of the command line.

    Raises InvalidInput for a name that is not legal and for a version that no event names, and
    UnreadableRules where a file that the question may be about cannot be read.
    """
    from versioner.query.gate import may_ship
    from versioner.rules.gate.question import Question

    check_version(version)
    if instance:
        check_instance(instance)
    repository, fetch_others = _open(repo, rev, product)
    snapshot = take_registry_snapshot(repository, rev)
    now = (snapshot.commit_time if rev else None) or clock.now()
    with read_for("--at"):
        moment = may_ship.moment_of_question(at, now)
    index = _read(repository, snapshot, rev, [product])
    registry = index.registry()
    given, product = product, may_ship.legal_name(product, registry, "product")
    if product != given:
        fetch_others()
        index = _read(repository, snapshot, rev, [product])
        registry = index.registry()
    environment = may_ship.legal_name(environment, registry, "environment")
    question = Question(product, version, environment, instance, moment)
    is_whole = _needs_other_products(registry, question)
    if is_whole:
        fetch_others()
        whole = _read(repository, snapshot, rev, None).registry()
        whole.load_governance = registry.load_governance
        registry = whole
    source = may_ship.OpenRegistry(
        repository, snapshot, index, is_of_files=rev is None, is_whole=is_whole
    )
    _warn_of_signatures(may_ship.add_question_signatures(registry, source, question))
    _warn_of_environment(registry, environment)
    answer = may_ship.answer_of(
        registry,
        question,
        now=clock.now(),
        allow_unknown_version=allow_unknown_version,
        product_names=snapshot.product_names,
    )
    return Asked(may_ship.with_tree(answer, source), registry)


def _warn_of_environment(registry: Registry, environment: str) -> None:
    """Warn of an environment that does not exist, for no rule about another one is asked."""
    name = registry.environment_name(environment)
    if name in registry.environments or not registry.environments:
        return
    from versioner.names import nearest

    near = nearest(name, registry.environments)
    meant = f": did you mean {' or '.join(near)}?" if near else ", and is judged by its name"
    click.echo(f'warning: there is no environment "{name}"{meant}', err=True)


def _warn_of_signatures(wrong: str) -> None:
    if wrong:
        from versioner.reporting.terminal import clean

        click.echo(f"warning: no signature could be checked: {clean(wrong)}", err=True)


def _open(repo: str | None, rev: str | None, product: str) -> tuple[Repository, Callable[[], None]]:
    """Open the registry, and return what fetches the files of other products.

    Of a URL, the files of one product alone are fetched at first.
    """
    from versioner.cli.remotes import remote_at

    remote = remote_at(repo)
    if remote is None or rev is not None:
        return find_registry(repo, rev), lambda: None
    from versioner.editing.remote import fetch_all_files, fetch_registry
    from versioner.remote.partial_clone import partial_clone

    clone = click.get_current_context().with_resource(partial_clone(remote))
    place = fetch_registry(clone, products=[product])
    return place, lambda: fetch_all_files(clone, place)


def _read(
    repository: Repository, snapshot: Snapshot, rev: str | None, products: list[str] | None
) -> RegistryIndex:
    """Return the index of some products, as far as they exist, or of all of them."""
    from versioner.errors import NotFound

    try:
        return open_registry_index(repository, snapshot, rev, products=products)
    except NotFound:
        # An unknown product: the version is unknown then, and rules may be asked all the same.
        return open_registry_index(repository, snapshot, rev, products=[])


def _needs_other_products(registry: Registry, question: Question) -> bool:
    from versioner.models.governance import ConcurrencyBlock
    from versioner.rules.gate.evaluate import resolved, rules_in_scope

    own = resolved(registry, question)
    if any(
        isinstance(rule.block, ConcurrencyBlock) and rule.block.per == "environment"
        for rule in rules_in_scope(registry, own)
    ):
        return True
    if not registry.governance.requests:
        return False
    from versioner.rules.gate.requests import versions_in

    return any(
        request.state == "open" and versions_in(registry, request).get(own.product) == own.version
        for request in registry.governance.requests
    )


def refuse_unread_rules(registry: Registry, names: Sequence[str]) -> None:
    """Raise OperationFailed where a rule has errors: one that is named, or any where none is."""
    wanted = {layout.rule_path(name) for name in names}
    for each in registry.governance.unreadable:
        if each.path in wanted or (not names and each.path.startswith(_RULES)):
            hint = "correct the file, or name the rules to replay"
            raise OperationFailed(each.text, hint=hint)
