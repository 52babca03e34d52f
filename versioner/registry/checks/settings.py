"""Check settings of registry.yaml that no schema can judge: addresses, time zone, channels."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from versioner import layout
from versioner.models import Problem
from versioner.validation import codes
from versioner.validation.commit_keys import is_pattern
from versioner.validation.locate import locate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from versioner.git.snapshot import Snapshot
    from versioner.registry.records import Registry
    from versioner.validation.violations import Pointer

__all__ = ["SAFE_PATH", "settings_problems", "site_address", "site_url"]

SAFE_PATH: Final = re.compile(r"/(?:[A-Za-z0-9._~-]+/)*")
# The channels whose requests are signed.
_SIGNED: Final = ("webhook", "cdevents")
# A name of the machine's own zone, which differs from machine to machine.
_OF_THE_MACHINE: Final = ("localtime", "Factory")


def settings_problems(config: Mapping[str, Any], snapshot: Snapshot) -> Iterator[Problem]:
    """Yield the problems of registry.yaml that `validate` reports; recording goes on with them.

    They are those of addresses that no page can have, of a time zone that does not exist, of
    channels of notifications that share a name or have a secret that nothing uses, and of patterns
    of keys without a number.
    """
    faults = (
        *_address_faults(config),
        *_zone_faults(config),
        *_channel_faults(config),
        *_pattern_faults(config),
    )
    for pointer, message, hint, severity in faults:
        line, column = locate(snapshot.read(layout.CONFIG) or b"", pointer)
        yield Problem(layout.CONFIG, line, column, codes.VALUE, message, hint, severity)


def site_address(given: str) -> str:
    """Return the address of a site with a final slash, `""` for one that no page can have."""
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError:
        return ""
    path = parts.path.rstrip("/") + "/"
    is_usable = parts.hostname and port != 0 and "@" not in parts.netloc
    if not is_usable or not SAFE_PATH.fullmatch(path):
        return ""
    return f"{parts.scheme}://{parts.netloc}{path}"


def site_url(registry: Registry) -> str:
    """Return the address of the site of a registry with a final slash, "" for none."""
    return site_address(str((registry.config.get("site") or {}).get("base_url") or ""))


def _pattern_faults(config: Mapping[str, Any]) -> Iterator[_Fault]:
    for place, each in enumerate((config.get("changes") or {}).get("patterns") or ()):
        if not is_pattern(each["match"]):
            pointer = ("changes", "patterns", place, "match")
            message = f'"{each["match"]}" has no number: N, standing alone and once'
            yield pointer, message, "example: ABC-N, or [A-Z]+-N", "error"


_Fault = tuple["Pointer", str, str, Literal["error", "warning"]]


def _address_faults(config: Mapping[str, Any]) -> Iterator[_Fault]:
    site, forge = config.get("site") or {}, config.get("forge") or {}
    base, repository = site.get("base_url"), forge.get("url")
    if base is not None:
        hint = "write the site's address, such as https://example.com/deployments/"
        messages = [*_faults(base, "the site's address")]
        if not messages and not site_address(base):
            messages = ["the path may have letters, digits, and . _ ~ - between slashes only"]
        for message in messages:
            yield ("site", "base_url"), f"site.base_url: {message}", hint, "error"
    if repository is not None:
        hint = (
            "write the address of the repository's page, such as https://github.com/acme/registry"
        )
        messages = [*_faults(repository, "a repository's address")]
        if not messages and urlsplit(repository).path.strip("/") == "":
            messages = ["this is the address of a server, not of a repository"]
        for message in messages:
            yield ("forge", "url"), f"forge.url: {message}", hint, "error"
    for number, link in enumerate(site.get("footer_links") or ()):
        if not _has_server(str(link.get("url", ""))):
            message = "the host or port of this address is not legal"
            hint = "a port is a number from 1 to 65535"
            yield ("site", "footer_links", number, "url"), f"url: {message}", hint, "error"


def _faults(url: str, what: str) -> Iterator[str]:
    """Yield why a URL cannot be the beginning of other addresses, if it cannot."""
    if not _has_server(url):
        yield "the host or port of this address is not legal"
    elif "?" in url or "#" in url:
        yield f"{what} ends before the ? or #"


def _has_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _zone_faults(config: Mapping[str, Any]) -> Iterator[_Fault]:
    name = (config.get("site") or {}).get("time_zone")
    if name is None or name == "UTC":
        return
    # Slow to import, and needed by few registries.
    from zoneinfo import ZoneInfo, available_timezones

    pointer = ("site", "time_zone")
    known = available_timezones()
    if not known:
        message = "site.time_zone: this machine has no data of time zones, so it shows UTC only"
        yield pointer, message, "pip install tzdata", "warning"
        return
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        exists = False
    else:
        exists = name not in _OF_THE_MACHINE
    if not exists:
        lower = {each.lower(): each for each in sorted(known)}
        close = get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
        hint = f"write {lower[close[0]]}" if close else "write a name such as Europe/Berlin, or UTC"
        yield pointer, f'site.time_zone: there is no time zone "{name}"', hint, "error"


def _channel_faults(config: Mapping[str, Any]) -> Iterator[_Fault]:
    seen = set[str]()
    for number, channel in enumerate(config.get("notify") or ()):
        name = str(channel.get("name", ""))
        if name in seen:
            message = f'notify[{number}].name: another channel has the name "{name}"'
            yield ("notify", number, "name"), message, "give each channel its own name", "error"
        seen.add(name)
        if channel.get("secret_env") and channel.get("to") not in _SIGNED:
            message = f"notify[{number}].secret_env: only webhook and cdevents are signed"
            hint = "remove it: the address of a service of Apprise contains what the service asks"
            yield ("notify", number, "secret_env"), message, hint, "warning"
