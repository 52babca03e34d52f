"""A decision about a version: an approval, a rejection, a block, or the end of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.errors import InvalidInput, quoted
from versioner.names import nearest
from versioner.recording.context import follow_alias, legal_product
from versioner.recording.decision_checks import (
    OF_TYPE,
    Decided,
    check_decision,
    recorded_decision,
)
from versioner.recording.event_warnings import EventWarning
from versioner.rules.version_claims import claims_of
from versioner.rules.visible import VisibleLogs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.models import Event, RegistryConfig
    from versioner.models.events import RecordKind
    from versioner.recording.context import EventDraft, TipFiles
    from versioner.rules.version_claims import VersionClaims

__all__ = ["decide_on_version"]

_LOGS: Final[tuple[RecordKind, ...]] = ("build", "deployment", "decision")


def decide_on_version(
    tip: TipFiles, draft: EventDraft, event: Event, config: RegistryConfig
) -> Decided:
    """Check a decision about a version at the tip; raise InvalidInput and Blocked."""
    product = _existing_product(tip, draft, config)
    check_decision(draft, event, config)
    logs = tip.logs_of(product, _LOGS)
    visible = _visible(logs)
    path = layout.log_path(product, "decision", layout.month_of(event["at"]))
    recorded = recorded_decision(visible, _LOGS, event)
    if recorded is not None:
        return Decided(product, recorded, path, None, already=True)
    decided = [each for each in visible.events("decision") if each["version"] == event["version"]]
    claims = _claims(visible, product, event, has_voids=any(b"voids: " in x for x in logs.values()))
    if event["decision"] == "override-reviewed":
        _check_reviewed(tip, visible, event)
    standing = _standing(decided, event)
    if standing is not None:
        return Decided(product, standing, path, None, already=True)
    if event["decision"] in OF_TYPE:
        event = {**event, **claims.as_fields()}
    warnings = tuple(_doubts(product, event, claims, config))
    return Decided(product, event, path, logs.get(path), warnings=warnings)


def _existing_product(tip: TipFiles, draft: EventDraft, config: RegistryConfig) -> str:
    product = follow_alias(tip, legal_product(draft, config))
    if tip.has(layout.product_path(product)):
        return product
    near = nearest(product, tip.names(f"{layout.ROOT}/products"))
    hint = f"did you mean {' or '.join(near)}?" if near else "`versioner product list` lists them"
    raise InvalidInput(f'there is no product "{product}"', field="product", hint=hint)


def _visible(logs: Mapping[str, bytes]) -> VisibleLogs:
    found: dict[tuple[RecordKind, str], bytes] = {}
    for path, data in logs.items():
        place = layout.place_of(path)
        if place is not None and place.kind in ("build", "deployment", "decision"):
            found[place.kind, place.period] = data
    return VisibleLogs(found)


def _claims(visible: VisibleLogs, product: str, event: Event, *, has_voids: bool) -> VersionClaims:
    """Return what is known of the version; raise InvalidInput where no event names it."""
    version = event["version"]
    named = [
        each for kind in ("build", "deployment") for each in visible.find(kind, "version", version)
    ]
    void: set[str] = set()
    if named and has_voids:
        from versioner.registry.fold.product import void_ids

        void = void_ids(visible.events("deployment"))
    valid = [each for each in named if each["id"] not in void]
    own = [each for each in valid if each["version"] == version]
    if not own:
        twin = valid[0]["version"] if valid else ""
        hint = f"did you mean {twin}? " if twin else ""
        raise InvalidInput(
            f'there is no version "{version}" of "{product}"',
            field="version",
            hint=f"{hint}`versioner version list {product}` lists the versions",
        )
    claims = claims_of(own, event["at"])
    if not claims.is_known:
        raise InvalidInput(
            f'no event names version "{version}" of "{product}" before {event["at"]}',
            field="at",
            hint=f"the first one is of {min(each['at'] for each in own)}",
        )
    return claims


def _check_reviewed(tip: TipFiles, visible: VisibleLogs, event: Event) -> None:
    """Raise InvalidInput for the review of an event that overrides no rule and can break none."""
    named = event.get("event", "")
    found = [each for each in visible.find("deployment", "id", named) if each["id"] == named]
    if not found or found[0].get("version") != event["version"]:
        raise InvalidInput(
            f"the event {quoted(named)} is not a deployment event of this version",
            field="event",
            hint="`versioner deployment list` shows the ids",
        )
    can_break = found[0].get("status") in ("started", "completed")
    if not found[0].get("overrides") and not (can_break and _has_enabled_rule(tip)):
        raise InvalidInput(
            f"the event {quoted(named)} overrides no rule", field="event", hint="nothing to review"
        )


def _has_enabled_rule(tip: TipFiles) -> bool:
    from versioner.registry.governance.rule_files import read_rule

    for name in sorted(tip.names(f"{layout.ROOT}/rules")):
        path = layout.rule_path(name)
        document = read_rule(tip.read(path), path).document if tip.has(path) else None
        if document is not None and document.get("enforcement", "enabled") == "enabled":
            return True
    return False


def _standing(decided: Sequence[Event], event: Event) -> Event | None:
    """Return the decision that says the same already; raise InvalidInput for nothing to end."""
    word, version = event["decision"], event["version"]
    ordered = sorted(decided, key=lambda each: str(each["at"]))
    before = [each for each in ordered if each["at"] <= event["at"]]
    if word in ("blocked", "unblocked"):
        own = [each for each in before if each["decision"] in ("blocked", "unblocked")]
        if own and own[-1]["decision"] == word:
            return own[-1]
        if word == "unblocked" and not own:
            raise InvalidInput(f'version "{version}" is not blocked', field="version")
    if word == "override-reviewed":
        return next((each for each in ordered if each.get("event") == event["event"]), None)
    if word == "revoked":
        keys = ("approval_type", "by")
        own = [each for each in before if all(each.get(key) == event[key] for key in keys)]
        if own and own[-1]["decision"] == "revoked":
            return own[-1]
        if not own:
            raise InvalidInput(
                f"{quoted(event['by'])} has given no approval of the type "
                f'"{event["approval_type"]}" for version "{version}", and no rejection',
                field="approval_type",
                hint="only one's own decision can be revoked: --by names the person",
            )
    return None


def _doubts(
    product: str, event: Event, claims: VersionClaims, config: RegistryConfig
) -> Iterator[EventWarning]:
    if "approval_type" in event:
        yield from _doubts_of_type(event["approval_type"], config)
    yield from _doubts_of_claims(product, event, claims)


def _doubts_of_type(approval_type: str, config: RegistryConfig) -> Iterator[EventWarning]:
    """Yield a warning for a type that is perhaps one of registry.yaml, but misspelt."""
    groups = config.get("groups", {})
    near = nearest(approval_type, groups) if approval_type not in groups else []
    if near:
        message = f'there is no group "{approval_type}" in registry.yaml'
        yield EventWarning("near-name", message, f"did you mean {' or '.join(near)}?")


def _doubts_of_claims(product: str, event: Event, claims: VersionClaims) -> list[EventWarning]:
    what = f"{product} {event['version']}"
    if event["decision"] == "blocked" and "comment" not in event:
        hint = "`--comment` tells those whom it stops"
        return [EventWarning("decision", f"{what} is blocked without a reason", hint)]
    if event["decision"] != "approved":
        return []
    if claims.later:
        message = f"{what} has a commit or a digest of a later time, so the approval is outdated"
        return [EventWarning("decision", message, "leave --at out to approve what is known now")]
    if not claims.as_fields():
        message = f"no commit and no digest of {what} is known: the approval ends when one is told"
        hint = "record the build first, with --scm-sha or --artifact"
        return [EventWarning("decision", message, hint)]
    return []
