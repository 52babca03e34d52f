"""Problems of `registry/allowed_signers`, which git reads: lines that name no key, or nobody."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.models import Problem
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.git.snapshot import Snapshot

__all__ = ["check_signers"]

_KEY: Final = re.compile(r"\s((?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+)\s+(\S+)")
_FORM: Final = "write a principal and a public key: alice ssh-ed25519 AAAA..."


def check_signers(snapshot: Snapshot) -> Iterator[Problem]:
    """Yield an error for each line without a key, and a warning for a principal that is a pattern.

    A signed approval counts only where the principal is the one who approved.
    """
    data = snapshot.read(layout.ALLOWED_SIGNERS)
    for number, line in enumerate((data or b"").decode("utf-8", "replace").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if "PRIVATE KEY" in text:
            message = "this is a private key: anyone who reads the registry can sign with it"
            hint = "remove it, put the public key (.pub) here, and make another key"
            yield _problem(number, message, hint)
            return
        key = _KEY.search(text)
        if key is None or not _is_key(key[1], key[2]):
            yield _problem(number, "git cannot read a key in this line", _FORM)
            continue
        principals = _principals(text)
        patterns = [each for each in principals if re.search(r"[*?!]", each)]
        if patterns and len(patterns) == len(principals):
            message = "the principal is a pattern, so no approval counts as signed by this key"
            yield _problem(number, message, "write the login of the person", "warning")


def _is_key(kind: str, text: str) -> bool:
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return False
    length = int.from_bytes(data[:4], "big")
    return data[4 : 4 + length] == kind.encode()


def _principals(line: str) -> list[str]:
    quoted = re.match(r'"([^"]*)"', line)
    return (quoted[1] if quoted else line.split()[0]).split(",")


def _problem(line: int, message: str, hint: str, severity: str = "error") -> Problem:
    return Problem(
        layout.ALLOWED_SIGNERS,
        line,
        1,
        codes.SIGNERS,
        message,
        hint,
        "error" if severity == "error" else "warning",
    )
