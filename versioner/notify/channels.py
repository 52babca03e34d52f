"""The channels of `notify:` in registry.yaml, and which notices each of them gets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from versioner.models.notification_types import DIGEST, STUCK, selects
from versioner.registry.governance.scopes import is_name_match

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from versioner.notify.notices import Notice
    from versioner.registry.records import Registry

__all__ = ["Channel", "channels_of", "gets", "gets_digest"]

_MAIL: Final = ("mail", "email", "mailto", "mailtos")
_HTTP: Final = ("webhook", "cdevents")


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel; a filter that is None lets everything pass."""

    name: str
    to: str
    url_env: str
    secret_env: str = ""
    events: tuple[str, ...] | None = None
    products: tuple[str, ...] | None = None
    environments: tuple[str, ...] | None = None
    teams: tuple[str, ...] | None = None

    @property
    def is_http(self) -> bool:
        """Return whether it is sent to by this tool itself, and not by Apprise."""
        return self.to in _HTTP

    @property
    def is_mail(self) -> bool:
        """Return whether it sends mail, which may be HTML."""
        return self.to in _MAIL

    def missing(self, variables: Mapping[str, str]) -> list[str]:
        """Return the variables of the environment that it needs and that are not set."""
        names = [self.url_env, *([self.secret_env] if self.secret_env else [])]
        return [name for name in names if not variables.get(name, "").strip()]


def channels_of(config: Mapping[str, Any]) -> tuple[Channel, ...]:
    """Return the channels of registry.yaml, in its order; of two with one name the first."""
    found: dict[str, Channel] = {}
    for each in config.get("notify") or ():
        lists: dict[str, Any] = {
            name: tuple(each[name])
            for name in ("events", "products", "environments", "teams")
            if name in each
        }
        channel = Channel(each["name"], each["to"], each["url_env"], each.get("secret_env", ""))
        found.setdefault(channel.name, replace(channel, **lists))
    return tuple(found.values())


def gets(channel: Channel, notice: Notice, old: Registry, new: Registry) -> bool:
    """Return whether a channel gets a notice; every filter that is there must match.

    The old state knows the team of a product that was deleted.
    """
    if channel.events is None and notice.type == STUCK:
        return False
    if channel.events is not None and not any(
        selects(word, notice.type, notice.also) for word in channel.events
    ):
        return False
    products = notice.products
    if products is not None and notice.old_name and notice.type.startswith("product."):
        products = (*products, notice.old_name)
    return (
        _matches(channel.products, products, new.target_of)
        and _matches(channel.environments, notice.environments, new.environment_name)
        and _is_of_team(channel, notice, old, new)
    )


def gets_digest(channel: Channel) -> bool:
    """Return whether a channel gets the digest of each week: only if its list names it."""
    return DIGEST in (channel.events or ())


def _matches(
    patterns: tuple[str, ...] | None,
    names: tuple[str, ...] | None,
    resolve: Callable[[str], str],
) -> bool:
    """Return whether a filter lets names pass; a rule about everything is about each of them.

    The names of a rule may be patterns themselves.
    """
    if patterns is None or names is None:
        return True
    return any(
        is_name_match(pattern, name, resolve) or is_name_match(name, pattern, resolve)
        for pattern in patterns
        for name in names
    )


def _is_of_team(channel: Channel, notice: Notice, old: Registry, new: Registry) -> bool:
    if channel.teams is None or notice.products is None:
        return True
    teams = {_team(each, name) for each in (old, new) for name in notice.products}
    return any(team in channel.teams for team in teams)


def _team(registry: Registry, product: str) -> str:
    record = registry.products.get(registry.target_of(product))
    metadata = (record.document.get("extra_metadata") or {}) if record is not None else {}
    return str(metadata.get("team") or "")
