"""Hints for a text that breaks the pattern of a definition: how it may have been meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["VALUE_HINTS"]


def _time_hint(value: str) -> str:
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return ""
    if moment.tzinfo is None:
        return "add the time zone: times are UTC and end in Z, for example 2026-11-22T10:15:00Z"
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        return ""
    return f'write "{utc.strftime("%Y-%m-%dT%H:%M:%SZ")}"' if utc.year > 1000 else ""


def _url_hint(value: str) -> str:
    if "@" in value.partition("://")[2].partition("/")[0]:
        return "remove the user name and password before the @ from the URL"
    if not value.startswith(("http://", "https://")) and "://" not in value:
        return "begin the URL with https://"
    return ""


def _sha_hint(value: str) -> str:
    lower = value.strip().lower()
    is_hex = lower != "" and all(char in "0123456789abcdef" for char in lower)
    return f'write "{lower}"' if is_hex else ""


def _digest_hint(value: str) -> str:
    lower = value.strip().lower()
    digits = lower.rpartition(":")[2]
    name = {64: "sha256", 128: "sha512"}.get(len(digits), "")
    is_hex = all(char in "0123456789abcdef" for char in digits)
    return f'write "{name}:{digits}"' if name and is_hex else ""


def _image_hint(value: str) -> str:
    name = value.removeprefix("https://").removeprefix("docker://").partition("@")[0]
    head, slash, last = name.rpartition("/")
    name = f"{head}{slash}{last.partition(':')[0]}".lower().strip("/")
    is_other = bool(name) and name != value and " " not in name
    return f'write "{name}": the name of the image, without tag and digest' if is_other else ""


VALUE_HINTS: Final[dict[str, Callable[[str], str]]] = {
    "time": _time_hint,
    "url": _url_hint,
    "repository": _url_hint,
    "sha": _sha_hint,
    "digest": _digest_hint,
    "imagePattern": _image_hint,
    "line": lambda _: "write it on one line, without control characters",
    "person": lambda _: "write it on one line, without control characters",
    "text": lambda _: "remove the control characters",
}
