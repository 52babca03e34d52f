"""Ask the judge at the registry that --repo names, and read no more of it than rules need."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from versioner import layout
from versioner.cli import clock
from versioner.cli.params import read_for
from versioner.cli.registry import find_registry, open_registry_index, take_registry_snapshot
from versioner.errors import InvalidInput, OperationFailed
from versioner.names import check_instance, check_name, check_version, may_slugify, nearest, slugify
from versioner.registry.head import key_of_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from versioner.git.objects import TreeView
    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.registry.index import RegistryIndex
    from versioner.registry.records import Registry
    from versioner.rules.gate.question import Answer, Question

__all__ = ["Asked", "ask", "refuse_unread_rules", "refuse_unreadable"]

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
    OperationFailed where a file that the question may be about cannot be read.
    """
    from versioner.rules.gate.evaluate import evaluate
    from versioner.rules.gate.question import Question

    check_version(version)
    if instance:
        check_instance(instance)
    repository, fetch_others = _open(repo, rev, product)
    snapshot = take_registry_snapshot(repository, rev)
    now = (snapshot.commit_time if rev else None) or clock.now()
    with read_for("--at"):
        moment = _moment(at, now)
    index = _read(repository, snapshot, rev, [product])
    registry = index.registry()
    given, product = product, _legal(product, registry, "product")
    if product != given:
        fetch_others()
        index = _read(repository, snapshot, rev, [product])
        registry = index.registry()
    environment = _legal(environment, registry, "environment")
    question = Question(product, version, environment, instance, moment)
    if _needs_other_products(registry, question):
        fetch_others()
        whole = _read(repository, snapshot, rev, None).registry()
        whole.load_governance = registry.load_governance
        registry = whole
    _check_signatures(registry, repository, snapshot, question)
    answer = evaluate(registry, question)
    if not answer.is_known and not allow_unknown_version:
        raise _unknown(registry, question)
    refuse_unreadable(answer)
    return Asked(_with_tree(answer, repository, snapshot, index, rev), registry)


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


def _moment(at: str | None, now: str) -> str:
    if at is None:
        return now
    from versioner.query.times import parse_moment

    moment = parse_moment(at, now, field="at")
    # The years that an event may have.
    if not "1000" <= moment[:4] <= "2999":
        hint = f"give a moment of the years 1000 to 2999, for example {now}"
        raise InvalidInput(f'"{at[:60]}" is no time of an event', field="at", hint=hint)
    return moment


def _legal(given: str, registry: Registry, what: str) -> str:
    """Return a name, or what `names: slugify` makes of it; raise InvalidInput for another."""
    if registry.config.get("names") == "slugify" and may_slugify(given):
        given = slugify(given)
    return check_name(given, what)


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


def _check_signatures(
    registry: Registry, repository: Repository, snapshot: Snapshot, question: Question
) -> None:
    """Find out who signed decisions where a rule asks for that; warn where that is not known."""
    rules = registry.governance.rules
    if not any(getattr(rule.block, "signed", False) for rule in rules):
        return
    from versioner.registry.governance.signatures import add_signatures, needs_signatures
    from versioner.reporting.terminal import clean

    revision = snapshot.revision or repository.tip
    if revision is None or not needs_signatures(registry.governance):
        return
    products = [registry.target_of(question.product)]
    wrong = add_signatures(registry, repository, revision, products)
    if wrong:
        click.echo(f"warning: no signature could be checked: {clean(wrong)}", err=True)


def _unknown(registry: Registry, question: Question) -> InvalidInput:
    name = registry.target_of(question.product)
    message = f'no event names the version "{question.version}" of "{question.product}"'
    if question.at < clock.now():
        message += f" by {question.at}"
    record = registry.products.get(name)
    others = set(record.versions) - {question.version} if record is not None else ()
    near = nearest(question.version, others)
    meant = f"did you mean {' or '.join(near)}? otherwise " if near else ""
    hint = f"{meant}record its build first, or give --allow-unknown-version"
    return InvalidInput(message, field="version", hint=hint)


def refuse_unreadable(answer: Answer) -> None:
    """Raise OperationFailed where the files that a question may be about have errors."""
    if not answer.unreadable:
        return
    first, *others = answer.unreadable
    message = f"{first.path}:{first.line}: {first.message}"
    if others:
        message += "".join(f"\n{each.path}:{each.line}: {each.message}" for each in others)
    raise OperationFailed(
        message, hint="nothing is allowed by a rule that cannot be read: correct the file"
    )


def refuse_unread_rules(registry: Registry, names: Sequence[str]) -> None:
    """Raise OperationFailed where a rule has errors: one that is named, or any where none is."""
    wanted = {layout.rule_path(name) for name in names}
    for each in registry.governance.unreadable:
        if each.path in wanted or (not names and each.path.startswith(_RULES)):
            message = f"{each.path}:{each.line}: {each.message}"
            hint = "correct the file, or name the rules to replay"
            raise OperationFailed(message, hint=hint)


def _with_tree(
    answer: Answer,
    repository: Repository,
    snapshot: Snapshot,
    index: RegistryIndex,
    rev: str | None,
) -> Answer:
    """Return an answer with the tree of its commit; without both where files were changed."""
    commit = snapshot.revision
    if commit is None:
        return answer
    product = answer.question.product
    beside = key_of_entries(snapshot.selected_entries(()))
    is_of_files = rev is None and repository.work_tree is not None
    parts = (commit, beside, product, _tree_id(snapshot, product), is_of_files)
    key = " ".join(map(str, parts))
    tree: str | None = index.kept.get("tree", key)
    if tree is None:
        tree = _tree_of(repository, snapshot, commit, product if is_of_files else "")
        index.kept.put("tree", key, tree)
    return replace(answer, commit=commit if tree else "", tree=tree)


def _tree_of(repository: Repository, snapshot: Snapshot, commit: str, product: str) -> str:
    """Return the tree of a commit, "" where the files of a question about a product differ."""
    from versioner.git.objects import TreeView, reading

    with reading(repository) as reader:
        if product and not _is_committed(snapshot, TreeView(reader, commit), product):
            return ""
        data = next(reader.find_or_fetch([commit]))
    return data.data[5:].partition(b"\n")[0].decode("ascii") if data is not None else ""


def _is_committed(snapshot: Snapshot, view: TreeView, product: str) -> bool:
    """Return whether the files that a question about a product reads are those of a commit."""
    entry = view.entry(layout.product_dir(product))
    if (entry.id if entry is not None else None) != _tree_id(snapshot, product):
        return False
    return dict(_files_beside(view, layout.ROOT)) == {
        path: entry.id for path, entry in snapshot.selected_entries(()).items()
    }


def _tree_id(snapshot: Snapshot, product: str) -> str | None:
    is_there = product in snapshot.product_names()
    return snapshot.product_trees([product]).get(product) if is_there else None


def _files_beside(view: TreeView, folder: str) -> Iterator[tuple[str, str]]:
    """Yield the files of a commit's registry outside of products, with their ids."""
    for name, entry in (view.directory(folder) or {}).items():
        path = f"{folder}/{name}"
        if entry.is_tree:
            if path != f"{layout.ROOT}/products":
                yield from _files_beside(view, path)
        else:
            yield path, entry.id
