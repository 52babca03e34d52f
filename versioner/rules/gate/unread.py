"""Files with errors that rules ask about a question: none of these rules is judged without them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.errors import UnreadableRules
from versioner.models.governance import (
    ConcurrencyBlock,
    FlowBlock,
    ScheduleBlock,
    UnreadableFile,
    VersionApprovalBlock,
)
from versioner.registry.governance.scopes import is_match
from versioner.rules.gate.open_logs import is_open_log, open_periods
from versioner.rules.gate.scope import is_in_scope
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from versioner.models import Problem
    from versioner.models.governance import Request, Rule, Scope
    from versioner.registry.governance.scopes import Site
    from versioner.registry.records import Registry
    from versioner.rules.gate.question import Question

__all__ = ["unread_error", "unread_files"]

# The problems (`validation.codes`) for which a file, or an event of a log, is left out.
_LEFT_OUT: Final = frozenset(
    (
        *("yaml", "encoding", "size", "duplicate-key", "unknown-key", "required", "type"),
        *("retyped", "value", "name", "version", "secret", "month", "duplicate-id", "link"),
    )
)
_ENVIRONMENTS: Final = f"{layout.ROOT}/environments/"


def unread_files(registry: Registry, question: Question, site: Site) -> Iterator[UnreadableFile]:
    """Yield the files that rules and requests ask for a question and that have errors, once each.

    A team that cannot be read may be in a scope, an environment may be of any type, an event that
    is left out may have been a rollback, and a deployment of another product may be open.
    """
    errors = _Errors(registry)
    if not errors.by_path:
        return
    seen = set[str]()
    for path in _asked_paths(registry, question, site, errors):
        if path not in seen:
            seen.add(path)
            first = errors.by_path[path]
            yield UnreadableFile(first.path, first.line, first.message)


def unread_error(files: Sequence[UnreadableFile], what: str = "") -> UnreadableRules:
    """Return the error of a question that some files may be about; `what` is not done for it."""
    lines = "\n".join(each.text for each in files)
    hint = "no rule is judged by a file that cannot be read: correct it (`versioner validate`)"
    return UnreadableRules(f"{what}{lines}", hint=hint)


class _Errors:
    """The first error of each file, or event of a log, that is left out.

    A file with another extension has the path that it is meant to have.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.by_path: dict[str, Problem] = {}
        for each in registry.problems:
            if each.severity == "error" and (path := _meant_path(each)):
                self.by_path.setdefault(path, each)

    def at(self, path: str) -> Iterator[str]:
        """Yield a path if it has an error."""
        if path in self.by_path:
            yield path

    def in_logs(self, product: str, kinds: Iterable[str]) -> Iterator[str]:
        """Yield the logs of a product, or what stands in place of their folder."""
        folder = layout.product_dir(product)
        folders = [f"{folder}/{kind}" for kind in kinds]
        for path in self.by_path:
            if path in folders or path.rpartition("/")[0] in folders:
                yield path

    def of_environment(self, name: str) -> Iterator[str]:
        """Yield the file of an environment; of a name that no file has, each that may name it."""
        target = self._registry.environment_name(name)
        path = layout.environment_path(target)
        if path in self.by_path or target in self._registry.environments:
            yield from self.at(path)
        else:
            yield from self.environment_files()

    def environment_files(self) -> Iterator[str]:
        """Yield the files of environments."""
        yield from (path for path in self.by_path if path.startswith(_ENVIRONMENTS))


def _meant_path(problem: Problem) -> str:
    """Return the path of what is left out for a problem, "" where nothing is."""
    if problem.code == codes.UNEXPECTED_FILE:
        return layout.with_yaml_extension(problem.path)
    return problem.path if problem.code in _LEFT_OUT else ""


def _asked_paths(
    registry: Registry, question: Question, site: Site, errors: _Errors
) -> Iterator[str]:
    rules = [each for each in registry.governance.rules if each.enforcement != "disabled"]
    for rule in rules:
        yield from _paths_of_scope(rule, registry, site, errors)
        if is_in_scope(rule, site, registry):
            yield from _paths_of_block(rule, registry, question, errors)
    for request in registry.governance.requests:
        if request.state == "open":
            yield from _paths_of_request(request, registry, question, errors)


def _paths_of_scope(rule: Rule, registry: Registry, site: Site, errors: _Errors) -> Iterator[str]:
    """Yield the files that decide whether a rule is about a place."""
    if _asks(rule, site, registry, "teams"):
        yield from errors.at(layout.product_path(site.product))
    if _asks(rule, site, registry, "environment_types"):
        yield from errors.at(layout.environment_path(site.environment))
    if _asks(rule, site, registry, "products"):
        for scope in filter(None, (rule.applies_to, rule.excepted)):
            for name in scope.products or ():
                yield from errors.at(layout.alias_path(name))
    path = layout.environment_path(site.environment)
    if site.environment not in registry.environments and path not in errors.by_path:
        # The environment may be known under a former name that could not be read.
        for path in errors.environment_files():
            name = path.removeprefix(_ENVIRONMENTS).removesuffix(".yaml")
            place = site._replace(environment=name)
            if _asks(rule, place, registry, "environment_types", is_asked=True):
                yield path


def _paths_of_block(
    rule: Rule, registry: Registry, question: Question, errors: _Errors
) -> Iterator[str]:
    """Yield the files that decide what a rule says of a question that it is about."""
    block = rule.block
    if not isinstance(block, ScheduleBlock) or rule.rollbacks == "exempt":
        yield from errors.in_logs(question.product, ("versions", "deployments"))
    if rule.rollbacks == "exempt":
        yield from errors.of_environment(question.environment)
    if isinstance(block, FlowBlock):
        for name in block.through:
            yield from errors.of_environment(name)
    elif isinstance(block, VersionApprovalBlock) and block.after:
        yield from errors.of_environment(block.after)
    elif isinstance(block, ConcurrencyBlock):
        yield from _paths_of_open(block, registry, question, errors)


def _paths_of_open(
    block: ConcurrencyBlock, registry: Registry, question: Question, errors: _Errors
) -> Iterator[str]:
    """Yield the files that decide which deployments are open, and for how long."""
    if block.per == "product":
        record = registry.products.get(question.product)
        for name in sorted(record.environments_named if record is not None else ()):
            yield from errors.of_environment(name)
        return
    yield from errors.of_environment(question.environment)
    periods = open_periods(registry, question)
    yield from (path for path in errors.by_path if is_open_log(path, periods))


def _paths_of_request(
    request: Request, registry: Registry, question: Question, errors: _Errors
) -> Iterator[str]:
    """Yield the files that decide whether an open request is about a question, and its state."""
    held = [name for name, version in request.versions.items() if version == question.version]
    for name in held:
        yield from errors.at(layout.alias_path(name))
    if question.product not in map(registry.target_of, held):
        return
    names = [registry.environment_name(each) for each in request.environments]
    if question.environment not in names:
        yield from (path for name in names for path in _unknown_environment(name, registry, errors))
        return
    for name in names:
        yield from errors.of_environment(name)
    for name in request.versions:
        yield from errors.at(layout.alias_path(name))
        yield from errors.in_logs(registry.target_of(name), ("deployments",))


def _unknown_environment(name: str, registry: Registry, errors: _Errors) -> Iterator[str]:
    """Yield the files of which one may say that a name is a former one."""
    if name not in registry.environments and layout.environment_path(name) not in errors.by_path:
        yield from errors.environment_files()


def _asks(rule: Rule, site: Site, registry: Registry, key: str, *, is_asked: bool = False) -> bool:
    """Return whether a key of a scope decides whether a rule is about a place."""
    is_asked = is_asked or getattr(rule.applies_to, key) is not None
    if not is_match(_without(rule.applies_to, key), site, registry):
        return False
    excepted = rule.excepted
    if excepted is None or not is_match(_without(excepted, key), site, registry):
        return is_asked
    return getattr(excepted, key) is not None


_WITHOUT: Final[dict[str, Callable[[Scope], Scope]]] = {
    "products": lambda scope: replace(scope, products=None),
    "teams": lambda scope: replace(scope, teams=None),
    "environment_types": lambda scope: replace(scope, environment_types=None),
}


def _without(scope: Scope, key: str) -> Scope:
    return _WITHOUT[key](scope)
