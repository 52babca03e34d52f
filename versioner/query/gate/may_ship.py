"""Whether a version may ship: a question asked of a registry that is open for reading."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from versioner import layout
from versioner.errors import InvalidInput
from versioner.git.object_format import hash_object
from versioner.names import check_name, may_slugify, nearest, slugify
from versioner.registry.head import key_of_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from versioner.git.objects import TreeView
    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.registry.index import RegistryIndex
    from versioner.registry.records import Registry
    from versioner.rules.gate.question import Answer, Question

__all__ = [
    "OpenRegistry",
    "add_question_signatures",
    "answer_of",
    "legal_name",
    "moment_of_question",
    "with_tree",
]


@dataclass(frozen=True, slots=True)
class OpenRegistry:
    """A registry that is open for reading.

    `is_of_files` is whether the snapshot is that of the current files, not of a revision, and
    `is_whole` whether the question reads other products too.
    """

    repository: Repository
    snapshot: Snapshot
    index: RegistryIndex
    is_of_files: bool = True
    is_whole: bool = False


def answer_of(
    registry: Registry,
    question: Question,
    *,
    now: str,
    allow_unknown_version: bool = False,
    product_names: Callable[[], Iterable[str]] = tuple,
) -> Answer:
    """Return the answer to a question.

    `product_names` returns the products there are, for the error of one that is not.
    Raises InvalidInput for a version that no event names, and UnreadableRules where a file that the
    question may be about cannot be read. `add_question_signatures` comes before.
    """
    from versioner.rules.gate.evaluate import evaluate
    from versioner.rules.gate.unread import unread_error

    answer = evaluate(registry, question)
    if not answer.is_known and not allow_unknown_version:
        raise _unknown(registry, question, now, product_names)
    if answer.unreadable:
        raise unread_error(answer.unreadable)
    return answer


def moment_of_question(at: str | None, now: str) -> str:
    """Return the moment that is asked for, `now` for None; raise InvalidInput for another text."""
    if at is None:
        return now
    from versioner.query.times.text import parse_moment

    moment = parse_moment(at, now, field="at", direction="both")
    # The years that an event may have.
    if not "1000" <= moment[:4] <= "2999":
        hint = f"give a moment of the years 1000 to 2999, for example {now}"
        raise InvalidInput(f'"{at[:60]}" is no time of an event', field="at", hint=hint)
    return moment


def legal_name(given: str, registry: Registry, what: str) -> str:
    """Return a name, or what `names: slugify` makes of it; raise InvalidInput for another."""
    if registry.config.get("names") == "slugify" and may_slugify(given):
        given = slugify(given)
    return check_name(given, what)


def add_question_signatures(registry: Registry, source: OpenRegistry, question: Question) -> str:
    """Find out who signed decisions where a rule asks for that.

    Returns why no signature could be checked, "" where they were or need not be.
    """
    rules = registry.governance.rules
    if not any(getattr(rule.block, "signed", False) for rule in rules):
        return ""
    from versioner.registry.governance.signatures import add_signatures, needs_signatures

    revision = source.snapshot.revision or source.repository.tip
    if revision is None or not needs_signatures(registry.governance):
        return ""
    products = [registry.target_of(question.product)]
    return add_signatures(registry, source.repository, revision, products)


def _unknown(
    registry: Registry, question: Question, now: str, product_names: Callable[[], Iterable[str]]
) -> InvalidInput:
    name = registry.target_of(question.product)
    if name not in registry.products and name in registry.deleted:
        when = str(registry.deleted[name].get("deleted_at", ""))[:10]
        message = f'the product "{name}" was deleted' + (f" on {when}" if when else "")
        hint = f"restore it with `versioner product restore {name}`"
        return InvalidInput(message, field="product", hint=hint)
    if name not in registry.products and (near := nearest(name, {*product_names()} - {name})):
        message = f'no event names the version "{question.version}": there is no product "{name}"'
        return InvalidInput(message, field="product", hint=f"did you mean {' or '.join(near)}?")
    message = f'no event names the version "{question.version}" of "{question.product}"'
    if question.at < now:
        message += f" by {question.at}"
    record = registry.products.get(name)
    others = set(record.versions) - {question.version} if record is not None else ()
    near = nearest(question.version, others)
    meant = f"did you mean {' or '.join(near)}? otherwise " if near else ""
    hint = f"{meant}record its build first, or give --allow-unknown-version"
    return InvalidInput(message, field="version", hint=hint)


def with_tree(answer: Answer, source: OpenRegistry) -> Answer:
    """Return an answer with the tree of its commit; without both where files were changed."""
    repository, snapshot, index = source.repository, source.snapshot, source.index
    commit = snapshot.revision
    if commit is None:
        return answer
    beside = key_of_entries(snapshot.selected_entries(()))
    is_of_files = source.is_of_files and repository.work_tree is not None
    product = "" if source.is_whole else answer.question.product
    trees = _trees(snapshot, product)
    key = " ".join(map(str, (commit, beside, product, _key_of(trees), is_of_files)))
    tree: str | None = index.kept.get("tree", key)
    if tree is None:
        tree = _tree_of(source, commit, product, trees if is_of_files else None)
        index.kept.put("tree", key, tree)
    return replace(answer, commit=commit if tree else "", tree=tree)


def _trees(snapshot: Snapshot, product: str) -> dict[str, str | None]:
    """Return the tree of a product, or of all where it is "", of those that exist."""
    known = snapshot.product_names()
    names = sorted(known & {product} if product else known)
    found = snapshot.product_trees(names) if names else {}
    return {name: found.get(name) for name in names}


def _key_of(trees: Mapping[str, str | None]) -> str:
    text = "".join(f"{name} {tree}\n" for name, tree in trees.items())
    return hash_object("blob", text.encode("utf-8", "surrogateescape"))


def _tree_of(
    source: OpenRegistry, commit: str, product: str, trees: Mapping[str, str | None] | None
) -> str:
    """Return the tree of a commit, "" where the files of a question, with trees, differ."""
    from versioner.git.objects import TreeView, reading

    with reading(source.repository) as reader:
        view = TreeView(reader, commit)
        if trees is not None and not _is_committed(source.snapshot, view, product, trees):
            return ""
        data = next(reader.find_or_fetch([commit]))
    return data.data[5:].partition(b"\n")[0].decode("ascii") if data is not None else ""


def _is_committed(
    snapshot: Snapshot, view: TreeView, product: str, trees: Mapping[str, str | None]
) -> bool:
    """Return whether the files that a question reads are those of a commit."""
    if product:
        entry = view.entry(layout.product_dir(product))
        committed = {product: entry.id} if entry is not None else {}
    else:
        folder = view.directory(f"{layout.ROOT}/products") or {}
        committed = {name: entry.id for name, entry in folder.items() if entry.is_tree}
    if committed != trees:
        return False
    return dict(_files_beside(view, layout.ROOT)) == {
        path: entry.id for path, entry in snapshot.selected_entries(()).items()
    }


def _files_beside(view: TreeView, folder: str) -> Iterator[tuple[str, str]]:
    """Yield the files of a commit's registry outside of products, with their ids."""
    for name, entry in (view.directory(folder) or {}).items():
        path = f"{folder}/{name}"
        if entry.is_tree:
            if path != f"{layout.ROOT}/products":
                yield from _files_beside(view, path)
        else:
            yield path, entry.id
