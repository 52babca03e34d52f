"""Read what the registry has for one event, and nothing else, so that the cost is bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from versioner import layout
from versioner.errors import Blocked, ProductDeleted, UsageFault
from versioner.git.objects import missing, reading, tip_view
from versioner.git.process import printable
from versioner.models.events import UNDEPLOYED
from versioner.names import check_name, may_slugify, slugify
from versioner.recording.gate import has_gate, is_start
from versioner.registry.config import no_registry, read_config
from versioner.rules.visible import VisibleLogs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.git.objects import ObjectReader, TreeView
    from versioner.git.repository import Repository
    from versioner.models import EnvironmentType, Event, EventKind, LogKind, RegistryConfig
    from versioner.models.events import RecordKind

__all__ = [
    "EventDraft", "RecordContext", "TipFiles", "follow_alias", "legal_product", "load_context",
    "registry_config",
]  # fmt: skip

_KINDS: Final[tuple[EventKind, ...]] = ("build", "deployment")


class EventDraft(NamedTuple):
    """An event as the caller gives it: names unchecked, no id unless one is named.

    `fields` are all keys but `id`; `product` is the name of the request for a decision about one.
    `detected` is true where the product's name comes from a CI system, and may be turned
    into a legal one. `environment_type` is that of an environment that a CI system knows. `resent`
    is true where it was sent before and may have arrived: then the same id and time are this event.
    `foreign` is true where anyone may have written it: it is from the inbox, the spool or a log. An
    event recorded no more than `within` seconds from its time is the same one. `request` is the
    identity of the request to a server, for an event without a run. `checkout` is the folder of the
    checkout of the source whose commits are recorded, "" for none. `recent` are the last commits of
    that source, where the event may be recorded without the checkout.
    """

    kind: RecordKind
    product: str
    fields: Event
    event_id: str = ""
    detected: bool = False
    resent: bool = False
    foreign: bool = False
    environment_type: EnvironmentType | Literal[""] = ""
    within: int = 0
    request: str = ""
    checkout: str = ""
    recent: tuple[tuple[str, ...], ...] = ()


class RecordContext(NamedTuple):
    """What the tip has of the files of one event; `logs` are bytes by path.

    A title is the name as given, where it was turned into a legal one, else "". `near_product`
    and `near_environment` are known names that a new name is probably a slip of, else "".
    `environment` is the one that the name in the event leads to, `former_names` are its others.
    Of the logs, only the events of `months` are visible; without months, all. `is_gated` is whether
    the event is a start, and the tip has rules, requests or decisions about the product.
    """

    product: str
    title: str
    config: RegistryConfig
    has_product: bool
    environment: str
    environment_title: str
    has_environment: bool
    is_retired: bool
    logs: dict[str, bytes]
    near_product: str = ""
    near_environment: str = ""
    former_names: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    is_gated: bool = False

    def visible(self) -> VisibleLogs:
        """Return the events of the logs, with the environment's former names resolved."""
        found: dict[tuple[RecordKind, str], bytes] = {}
        for path, data in self.logs.items():
            place = layout.place_of(path)
            if place is not None and (place.kind == "build" or place.kind == "deployment"):
                found[place.kind, place.period] = data
        return VisibleLogs(
            found, dict.fromkeys(self.former_names, self.environment), months=self.months
        )


def _no_branch(repository: Repository) -> UsageFault | None:
    """Return the error for a named branch that does not exist; None if it exists."""
    if repository.tip is not None or not repository.pinned:
        return None
    name = printable((repository.branch or "").removeprefix("refs/heads/"))
    return UsageFault(
        f'there is no branch "{name}" in this repository',
        hint="name the branch of the registry with --branch",
    )


def load_context(
    repository: Repository, draft: EventDraft, pending: Mapping[str, bytes | None]
) -> RecordContext:
    """Read registry.yaml and the product's directory at the tip.

    `pending` are changes that are not committed yet; they are read as if they were.
    """
    with reading(repository) as reader:
        tip = TipFiles(reader, tip_view(repository, reader), pending)
        config = registry_config(repository, tip)
        asked = legal_product(draft, config)
        product = follow_alias(tip, asked)
        given = str(draft.fields.get("environment") or "")
        environment = _legal_environment(given, config) if given else ""
        environment, former_names = tip.environment(environment)
        has_product = tip.has(layout.product_path(product))
        has_environment = bool(environment) and tip.has(layout.environment_path(environment))
        return RecordContext(
            product=product,
            title=draft.product if asked != draft.product else "",
            config=config,
            has_product=has_product,
            environment=environment,
            environment_title=given if environment != given else "",
            has_environment=has_environment,
            is_retired=has_environment and bool(_value_in(tip, environment, "retired")),
            logs=tip.logs(product, draft.fields),
            months=() if _needs_all(draft.fields) else layout.visible_months(draft.fields["at"]),
            near_product="" if has_product else _near_product(tip, product),
            near_environment=""
            if has_environment or not environment
            else _near_environment(tip, environment),
            former_names=former_names,
            listed=tuple(_value_in(tip, environment, "instances") or ())
            if has_environment and _needs_list(draft.fields)
            else (),
            is_gated=is_start(draft.kind, draft.fields) and has_gate(tip.view, product),
        )


def registry_config(repository: Repository, tip: TipFiles) -> RegistryConfig:
    """Return what registry.yaml says at the tip; raise UsageFault without one."""
    entry = tip.view.entry(layout.CONFIG)
    if entry is None:
        raise _no_branch(repository) or no_registry()
    return read_config(repository, entry.id)


class TipFiles:
    """The files of the tip, with changes that are not committed yet; a directory is read once."""

    def __init__(
        self, reader: ObjectReader, view: TreeView, pending: Mapping[str, bytes | None]
    ) -> None:
        self.view = view
        self._reader = reader
        self._pending = pending

    def has(self, path: str) -> bool:
        """Return whether there is a regular file at a path."""
        if path in self._pending:
            return self._pending[path] is not None
        entry = self.view.entry(path)
        return entry is not None and entry.is_file

    def read(self, path: str) -> bytes:
        """Return the bytes of a file that is there."""
        pending = self._pending.get(path)
        if pending is not None:
            return pending
        entry = self.view.entry(path)
        found = next(self._reader.find_or_fetch([entry.id])) if entry is not None else None
        if found is None:
            raise missing(path)
        return found.data

    def names(self, folder: str) -> set[str]:
        """Return the names of the files and folders in a folder, without `.yaml`."""
        found = {*(self.view.directory(folder) or ()), *self._pending_in(folder)}
        return {name.partition("/")[0].removesuffix(".yaml") for name in found}

    def environment(self, name: str) -> tuple[str, tuple[str, ...]]:
        """Return the environment that a name or former name leads to, and its former names.

        Its own file is read in any case; those of all others only for a name without a file.
        """
        path = layout.environment_path(name)
        if not name:
            return name, ()
        if self.has(path):
            data = self.read(path)
            if b"aliases" not in data:
                return name, ()
            from versioner.recording.environment_aliases import aliases_in

            return name, aliases_in(name, data)
        from versioner.recording.environment_aliases import find_environment

        return find_environment(name, self._environment_files(path.rpartition("/")[0]))

    def former_environments(self) -> set[str]:
        """Return the former names of all environments."""
        from versioner.recording.environment_aliases import former_names_in

        return former_names_in(self._environment_files(f"{layout.ROOT}/environments"))

    def _environment_files(self, folder: str) -> dict[str, bytes]:
        names = {*(self.view.directory(folder) or {}), *self._pending_in(folder)}
        paths = {f"{folder}/{name}": layout.place_of(f"{folder}/{name}") for name in sorted(names)}
        found = self._read_all([path for path in paths if paths[path] and self.has(path)])
        return {place.name: found[path] for path, place in paths.items() if place and path in found}

    def logs(self, product: str, event: Event) -> dict[str, bytes]:
        """Return the logs to evaluate an event with: those of its month and the one before.

        So the cost does not grow with the history (design, section 5). The log of their year may
        have archived events of these months, and is read too. Only an event that names another one,
        or the version that it removes, needs all logs of the product.
        """
        periods = () if _needs_all(event) else layout.visible_periods(event["at"])
        return self.logs_of(product, _KINDS, periods)

    def logs_of(
        self, product: str, kinds: Iterable[LogKind], periods: Iterable[str] = ()
    ) -> dict[str, bytes]:
        """Return the logs of some kinds that a product has: all of them, or those of periods."""
        near = {f"{period}.yaml" for period in periods}
        paths = []
        for kind in kinds:
            folder = layout.log_path(product, kind, "").rpartition("/")[0]
            names = {*(self.view.directory(folder) or {}), *self._pending_in(folder)}
            paths += [f"{folder}/{name}" for name in sorted(names & near if near else names)]
        return self._read_all([path for path in paths if layout.place_of(path) is not None])

    def files_in(self, folder: str) -> list[bytes]:
        """Return the content of each file in a folder."""
        names = {*(self.view.directory(folder) or {}), *self._pending_in(folder)}
        paths = [f"{folder}/{name}" for name in sorted(names)]
        return list(self._read_all([path for path in paths if self.has(path)]).values())

    def _pending_in(self, folder: str) -> list[str]:
        before = f"{folder}/"
        return [path.removeprefix(before) for path in self._pending if path.startswith(before)]

    def _read_all(self, paths: list[str]) -> dict[str, bytes]:
        """Return the bytes of files, read together: in a partial clone each call is a request."""
        entries = {path: self.view.entry(path) for path in paths if path not in self._pending}
        ids = {path: entry.id for path, entry in entries.items() if entry is not None}
        found = dict(zip(ids, self._reader.find_or_fetch(list(ids.values())), strict=True))
        read = {path: each.data for path, each in found.items() if each is not None}
        return {path: read[path] if path in read else self.read(path) for path in paths}


def legal_product(draft: EventDraft, config: RegistryConfig) -> str:
    """Return the name of the product, made legal where that is allowed; else raise InvalidInput."""
    may = draft.detected or _may_slugify(draft.product, config)
    slug = slugify(draft.product) if may else ""
    return slug or check_name(draft.product, "product")


def _legal_environment(given: str, config: RegistryConfig) -> str:
    slug = slugify(given) if _may_slugify(given, config) else ""
    return slug or check_name(given, "environment")


def _may_slugify(given: str, config: RegistryConfig) -> bool:
    return config.get("names") == "slugify" and may_slugify(given)


def _near_product(tip: TipFiles, product: str) -> str:
    from versioner.rules.near_names import near_name

    known = tip.names(f"{layout.ROOT}/products") | tip.names(f"{layout.ROOT}/aliases")
    return near_name("product", product, known)


def _near_environment(tip: TipFiles, environment: str) -> str:
    from versioner.rules.near_names import near_name

    known = tip.names(f"{layout.ROOT}/environments") | tip.former_environments()
    return near_name("environment", environment, known)


def follow_alias(tip: TipFiles, name: str) -> str:
    """Return the product of a name or a former name; raise Blocked for a deleted one."""
    if tip.has(layout.product_path(name)):
        return name
    target = _target_of(tip, name) if tip.has(layout.alias_path(name)) else name
    if tip.has(layout.product_path(target)):
        return target
    if tip.has(layout.deleted_path(target)):
        raise ProductDeleted(
            f'the product "{target}" was deleted',
            hint=f"`versioner product restore {target}` restores it; "
            f"`versioner product create {target}` creates a new one",
        )
    if target != name:
        raise Blocked(
            f'"{name}" is a former name of "{target}", and there is no such product',
            hint=f"fix or delete {layout.alias_path(name)}, and commit that",
        )
    return name


def _target_of(tip: TipFiles, name: str) -> str:
    from versioner.validation.documents import validate_document

    path = layout.alias_path(name)
    alias, problems = validate_document("alias", tip.read(path), path)
    if alias is None or problems:
        raise Blocked(
            f"{path} cannot be read",
            hint="fix the file first: `versioner validate` lists its errors",
        )
    return str(alias["to"])


def _needs_all(event: Event) -> bool:
    """Return whether an event is evaluated with all events of its product."""
    return "deployment" in event or _removes_version(event)


def _removes_version(event: Event) -> bool:
    return event.get("status") == UNDEPLOYED and bool(event.get("version"))


def _needs_list(event: Event) -> bool:
    return bool(event.get("instance")) or _removes_version(event)


def _value_in(tip: TipFiles, environment: str, key: str) -> Any:
    """Return a value of an environment's file, None where it has none."""
    path = layout.environment_path(environment)
    data = tip.read(path)
    # Importing the YAML loader is slow, and few files have these keys.
    if key.encode() not in data:
        return None
    from versioner.validation.documents import validate_document

    document, _ = validate_document("environment", data, path)
    return document.get(key) if document is not None else None
