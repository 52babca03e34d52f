"""Whether a request was signed with a secret that the server shares with its sender.

Each comparison takes the same time wherever two texts differ, and each secret is tried.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["is_signed"]

# How old a signed time may be, and how far ahead (Standard Webhooks).
_MOST_SECONDS: Final = 300
_MOST_SIGNATURES: Final = 10
_STANDARD: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
_PREFIX: Final = "whsec_"


def is_signed(
    system: str, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: str
) -> bool:
    """Return whether a request of a system is signed with one of some secrets.

    A signature with a time is good for five minutes.
    """
    if system == "github":
        given = _after(headers.get("x-hub-signature-256", ""), "sha256=")
        return _any_equal(given, [_hex(each, body, "sha256") for each in secrets])
    if system == "vercel":
        given = headers.get("x-vercel-signature", "")
        return _any_equal(given, [_hex(each, body, "sha1") for each in secrets])
    if all(headers.get(name) for name in _STANDARD):
        return _is_standard(headers, body, secrets, now)
    if system == "gitlab":
        return _any_equal(headers.get("x-gitlab-token", ""), secrets)
    given = _after(headers.get("x-versioner-signature", ""), "sha256=")
    return _any_equal(given, [_hex(each, body, "sha256") for each in secrets])


def _is_standard(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: str) -> bool:
    """Return whether a request is signed as Standard Webhooks describe it, and just now."""
    sent_id, timestamp, signatures = (headers[name] for name in _STANDARD)
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return False
    if abs(int(timestamp) - datetime.fromisoformat(now).timestamp()) > _MOST_SECONDS:
        return False
    signed = f"{sent_id}.{timestamp}.".encode(errors="surrogateescape") + body
    expected = [
        base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        for secret in secrets
        for key in _keys(secret)
    ]
    given = [_after(each, "v1,") for each in signatures.split(" ")[:_MOST_SIGNATURES]]
    equal = [_any_equal(each, expected) for each in given]
    return any(equal)


def _keys(secret: str) -> list[bytes]:
    """Return the keys that a secret may stand for: that of Standard Webhooks is in base64."""
    found = [secret.encode()]
    if secret.startswith(_PREFIX):
        try:
            found.append(base64.b64decode(secret.removeprefix(_PREFIX), validate=True))
        except (ValueError, binascii.Error):
            return found
    return found


def _hex(secret: str, body: bytes, algorithm: str) -> str:
    digest = getattr(hashlib, algorithm)
    return hmac.new(secret.encode(), body, digest).hexdigest()


def _after(text: str, start: str) -> str:
    return text.removeprefix(start) if text.startswith(start) else ""


def _any_equal(given: str, expected: Sequence[str]) -> bool:
    wanted = given.encode("utf-8", "surrogateescape")
    # A list: all of them are compared.
    equal = [hmac.compare_digest(wanted, each.encode()) for each in expected if each]
    return bool(given) and any(equal)
