"""Record one event: judge it against the registry at the tip, append its line, commit.

This is the way from event to commit, and the hot path of the tool: it reads only the
directory of the event's own product, and imports no YAML or schema library unless something
has to be created.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from versioner import layout
from versioner.errors import Blocked, InvalidInput
from versioner.names import check_name, check_version, is_name, may_slugify, slugify
from versioner.operations.acceptance import leave_people_out, refuse_secrets
from versioner.registry.config import no_registry, read_config
from versioner.repository.commits import commit_changes, writing
from versioner.repository.objects import missing, reading, tip_view
from versioner.rules.identity import derive_event_id, random_event_id
from versioner.rules.judgement import AlreadyRecorded, judge
from versioner.rules.visible import VisibleLogs
from versioner.serialization import log
from versioner.validation.event_fields import check_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.models import Changes, Event, EventKind, RegistryConfig
    from versioner.repository.location import Repository
    from versioner.repository.objects import ObjectReader, TreeView
    from versioner.rules.judgement import Verdict

__all__ = ["Draft", "Recorded", "record_event"]

_KINDS: Final[tuple[EventKind, ...]] = ("build", "deployment")


class Draft(NamedTuple):
    """An event as the caller gives it: names unchecked, no id unless one is named.

    `fields` holds every key of the event but `id`. `detected` says that the product's name
    was derived from a CI system, so that it may be turned into a legal one.
    """

    kind: EventKind
    product: str
    fields: Event
    event_id: str = ""
    detected: bool = False


class Recorded(NamedTuple):
    """What became of an event: `commit` is None for a dry run or when it was there already.

    `retired` tells that its environment is.
    """

    kind: EventKind
    product: str
    event: Event
    path: str
    line: str
    already: bool = False
    created: tuple[str, ...] = ()
    commit: str | None = None
    parent: str | None = None
    branch: str = ""
    pushed_to: str = ""
    retired: bool = False


class _Scene(NamedTuple):
    """What the tip holds of everything that this event touches; `logs` maps paths to bytes."""

    product: str
    title: str
    config: RegistryConfig
    has_product: bool
    has_environment: bool
    is_retired: bool
    logs: dict[str, bytes]

    def visible(self) -> dict[tuple[EventKind, str], bytes]:
        """Return the logs by kind and month."""
        found: dict[tuple[EventKind, str], bytes] = {}
        for path, data in self.logs.items():
            place = layout.place_of(path)
            if place is not None and (place.kind == "build" or place.kind == "deployment"):
                found[place.kind, place.month] = data
        return found


def record_event(
    repository: Repository,
    draft: Draft,
    *,
    now: str,
    entropy: Callable[[], tuple[int, bytes]],
    create: bool = True,
    dry_run: bool = False,
) -> Recorded:
    """Record an event in one commit on the current branch.

    `entropy` gives the time in milliseconds and ten random bytes, for an event of no known
    run. Raises InvalidInput (4), Blocked (5), GitFailure (1).
    """
    if dry_run:
        return _prepare(repository, draft, entropy, create)[0]
    with writing(repository) as locked:
        recorded, changes, config = _prepare(locked, draft, entropy, create)
        commit = None
        if changes:
            commit = commit_changes(
                locked,
                changes,
                _subject(recorded),
                identity=config.get("commit"),
                when=now,
                tip=locked.tip,
            )
    return recorded._replace(commit=commit, parent=locked.tip, branch=locked.branch or "")


def _prepare(
    repository: Repository,
    draft: Draft,
    entropy: Callable[[], tuple[int, bytes]],
    create: bool,
) -> tuple[Recorded, Changes, RegistryConfig]:
    refuse_secrets({"product": draft.product, **draft.fields})
    scene = _look(repository, draft)
    event = _event(draft, scene.config)
    verdict = _judge(draft, scene, event, entropy)
    already = isinstance(verdict, AlreadyRecorded)
    event = verdict.event
    path = layout.log_path(scene.product, draft.kind, layout.month_of(event["at"]))
    check_event(draft.kind, event)
    recorded = Recorded(
        kind=draft.kind,
        product=scene.product,
        event=event,
        path=path,
        line=log.event_line(draft.kind, event),
        already=already,
        retired=scene.is_retired,
    )
    if already:
        return recorded, {}, scene.config
    changes = _creations(scene, event, create)
    recorded = recorded._replace(created=tuple(changes))
    changes[path] = log.append(draft.kind, scene.logs.get(path), [event])
    return recorded, changes, scene.config


def _look(repository: Repository, draft: Draft) -> _Scene:
    """Read the tip: the configuration, and the product's own directory."""
    with reading(repository) as reader:
        tip = _Tip(reader, tip_view(repository, reader))
        entry = tip.view.entry(layout.CONFIG)
        if entry is None:
            raise no_registry()
        config = read_config(repository, entry.id)
        asked = _legal_product(draft, config)
        product = _follow_alias(tip, asked)
        environment = draft.fields.get("environment", "")
        known = is_name(environment) and tip.has(layout.environment_path(environment))
        return _Scene(
            product=product,
            title=draft.product if asked != draft.product else "",
            config=config,
            has_product=tip.has(layout.product_path(product)),
            has_environment=known,
            is_retired=known and _is_retired(tip, environment),
            logs=tip.logs(product, draft.fields),
        )


class _Tip:
    """Read the files of one commit, each directory once."""

    def __init__(self, reader: ObjectReader, view: TreeView) -> None:
        self.view = view
        self._reader = reader

    def has(self, path: str) -> bool:
        entry = self.view.entry(path)
        return entry is not None and entry.is_file

    def read(self, path: str) -> bytes:
        entry = self.view.entry(path)
        found = self._reader.one(entry.id) if entry is not None else None
        if found is None:
            raise missing(path)
        return found.data

    def logs(self, product: str, event: Event) -> dict[str, bytes]:
        """Return the logs that judge an event: those of its month and of the one before.

        So that the cost does not grow with the history (design, section 5); `validate` looks
        at all of it. Only an event that names another one may have to look further back.
        """
        month = layout.month_of(event["at"])
        months = {f"{month}.yaml", f"{layout.previous_month(month)}.yaml"}
        paths = []
        for kind in _KINDS:
            folder = layout.log_path(product, kind, month).rpartition("/")[0]
            names = self.view.directory(folder) or {}
            wanted = names if "deployment" in event else months.intersection(names)
            paths += [f"{folder}/{name}" for name in sorted(wanted)]
        return {path: self.read(path) for path in paths if layout.place_of(path) is not None}


def _legal_product(draft: Draft, config: RegistryConfig) -> str:
    may = draft.detected or (config.get("names") == "slugify" and may_slugify(draft.product))
    slug = slugify(draft.product) if may else ""
    return slug or check_name(draft.product, "product")


def _follow_alias(tip: _Tip, name: str) -> str:
    """Return the product that a name or an old name leads to; raise Blocked for a deleted one."""
    if tip.has(layout.product_path(name)):
        return name
    target = _target_of(tip, name) if tip.has(layout.alias_path(name)) else name
    if tip.has(layout.product_path(target)):
        return target
    if tip.has(layout.deleted_path(target)):
        raise Blocked(
            f"the product {target!r} was deleted",
            hint=f"`versioner product restore {target}` brings it back; "
            f"`versioner product create {target}` starts it anew",
        )
    if target != name:
        raise Blocked(
            f"{name!r} is an old name of {target!r}, and there is no such product",
            hint=f"mend or delete {layout.alias_path(name)} in a commit first",
        )
    return name


def _target_of(tip: _Tip, name: str) -> str:
    from versioner.validation.documents import validate_document

    path = layout.alias_path(name)
    alias, problems = validate_document("alias", tip.read(path), path)
    if alias is None or problems:
        raise Blocked(f"{path} cannot be read", hint="mend it first: `versioner validate` says how")
    return str(alias["to"])


def _is_retired(tip: _Tip, environment: str) -> bool:
    path = layout.environment_path(environment)
    data = tip.read(path)
    # Nearly none is, and what is needed to read the document takes longer than all else here.
    if b"retired" not in data:
        return False
    from versioner.validation.documents import validate_document

    document, _ = validate_document("environment", data, path)
    return document is not None and bool(document.get("retired"))


def _event(draft: Draft, config: RegistryConfig) -> Event:
    """Check the names, and leave out the people that the registry does not want recorded."""
    event = {key: value for key, value in draft.fields.items() if value not in ("", None)}
    if draft.kind == "deployment":
        if "environment" not in event:
            raise InvalidInput(
                "a deployment needs an environment", field="environment", hint="add --environment"
            )
        check_name(event["environment"], "environment")
    if "version" not in event:
        raise InvalidInput("an event needs a version", field="version", hint="add --version")
    check_version(event["version"])
    leave_people_out(draft.kind, event, config)
    return event


def _judge(
    draft: Draft,
    scene: _Scene,
    event: Event,
    entropy: Callable[[], tuple[int, bytes]],
) -> Verdict:
    fresh = "" if draft.event_id or event.get("invoke_id") else random_event_id(*entropy())

    def candidate(ordinal: int) -> str:
        return draft.event_id or fresh or derive_event_id(draft.product, event, ordinal)

    return judge(
        draft.kind,
        event,
        visible=VisibleLogs(scene.visible()),
        candidate=candidate,
        given=bool(draft.event_id or fresh),
    )


def _creations(scene: _Scene, event: Event, create: bool) -> Changes:
    """Describe the product and environment where the registry does not know them yet."""
    changes: Changes = {}
    absent: list[tuple[Literal["product", "environment"], str, str]] = []
    if not scene.has_product:
        absent.append(("product", scene.product, layout.product_path(scene.product)))
    if "environment" in event and not scene.has_environment:
        name = event["environment"]
        absent.append(("environment", name, layout.environment_path(name)))
    for kind, name, path in absent:
        if not create:
            raise Blocked(
                f"there is no {kind} {name!r}",
                hint=f"`versioner {kind} create {name}` creates it; "
                "without --no-create it is created on the fly",
            )
        from versioner.serialization.documents import dump_document

        document: dict[str, Any] = {"name": name}
        if kind == "product" and scene.title:
            document["title"] = scene.title
        changes[path] = dump_document(kind, document)
    return changes


def _subject(recorded: Recorded) -> str:
    event = recorded.event
    if recorded.kind == "build":
        return f"Record build of {recorded.product} {event['version']} ({event['status']})"
    return (
        f"Record deployment of {recorded.product} {event['version']} "
        f"to {event['environment']} ({event['status']})"
    )
