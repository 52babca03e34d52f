"""Tokens of pipelines and people: made, checked, listed and revoked in a folder of the server.

A token is `vr_<id>_<secret>`. The folder has one file a token, with the SHA-256 of its secret:
the secret has 240 random bits, so that a slow hash would add nothing. Each check reads the file,
so that a token which another process makes or revokes counts at once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from versioner.errors import Ambiguous, InvalidInput, NotFound, OperationFailed
from versioner.git.state import read_regular, write_whole
from versioner.names import check_name
from versioner.query.times.text import parse_duration, parse_moment
from versioner.rules.times import parse_rfc3339, utc_text
from versioner.secret_scanning import holds_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = [
    "SCOPES",
    "NewToken",
    "Token",
    "TokenStore",
    "expiry_of",
    "private_folder",
    "token_document",
]

SCOPES: Final = ("read", "record", "edit", "approve", "admin")

_FORM: Final = r"vr_([a-z0-9]{10})_([A-Za-z0-9]{40})"
_ID: Final = r"[a-z0-9]{10}"
_NAME: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._@-]{0,61}[A-Za-z0-9])?"
_LOWER: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_ALPHABET: Final = _LOWER + _LOWER[10:].upper()
_NO_HASH: Final = "0" * 64
_PRIVATE: Final = 0o600


@dataclass(frozen=True)
class Token:
    """A token as it is stored, without its secret.

    No product and no environment mean every one. `expires` is the first moment at which the token
    does not count, "" for never. `used` is when it was last used, to the minute, "" for never.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    products: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    created: str = ""
    expires: str = ""
    used: str = ""


@dataclass(frozen=True)
class NewToken:
    """A token that was just made; `text` is the whole of it, which nothing keeps."""

    token: Token
    text: str


class TokenStore:
    """The tokens in a folder, which several processes may use at once."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._folder = state_dir / "tokens"
        # By id: what its file was when it was read, and what it said.
        self._known: dict[str, tuple[tuple[int, int, int], tuple[Token, str]]] = {}
        # By id: the minute of the last use that this process wrote.
        self._noted: dict[str, str] = {}

    def create(
        self,
        name: str,
        scopes: Iterable[str],
        *,
        products: Iterable[str] = (),
        environments: Iterable[str] = (),
        expires: str = "",
        now: str,
        random: Callable[[int], bytes],
    ) -> NewToken:
        """Make a token; raise InvalidInput for a bad value or a name that is taken.

        `expires` is RFC 3339 with `Z`, as `now`.
        """
        token = Token(
            _text(_LOWER, 10, random),
            _checked_name(name),
            _checked_scopes(scopes),
            tuple(sorted({check_name(each, "product") for each in products})),
            tuple(sorted({check_name(each, "environment") for each in environments})),
            created=now,
            expires=expires,
        )
        if expires and expires <= now:
            raise InvalidInput("the time of --expires is in the past", field="expires")
        if any(each.name == name for each in self.list()):
            raise InvalidInput(
                f'there is a token "{name}" already',
                field="name",
                hint="revoke it first",
            )
        secret = _text(_ALPHABET, 40, random)
        self._write(token, hashlib.sha256(secret.encode("ascii")).hexdigest())
        return NewToken(token, f"vr_{token.id}_{secret}")

    def check(self, text: str, *, now: str) -> Token | None:
        """Return the token that a text is, None where it is none, is revoked or has expired."""
        found = re.fullmatch(_FORM, text)
        stored = self._kept(found[1]) if found else None
        token, expected = stored or (None, _NO_HASH)
        given = hashlib.sha256((found[2] if found else "").encode("ascii")).hexdigest()
        is_right = hmac.compare_digest(given, expected)
        if token is None or not is_right or _is_over(token, now):
            return None
        self._note_use(token, now)
        return token

    def find(self, token_id: str, *, now: str) -> Token | None:
        """Return the token with an id, None where there is none, or it has expired."""
        stored = self._read(token_id) if re.fullmatch(_ID, token_id) else None
        return None if stored is None or _is_over(stored[0], now) else stored[0]

    def list(self) -> list[Token]:
        """Return the tokens, also expired ones, by name."""
        found = [replace(token, used=self._used(token.id)) for token, _ in self._all()]
        return sorted(found, key=lambda each: (each.name, each.id))

    def revoke(self, named: str) -> Token:
        """Remove the token with a name or an id; raise NotFound where there is none."""
        tokens = self.list()
        found = [each for each in tokens if each.id == named] or [
            each for each in tokens if each.name == named
        ]
        if not found:
            names = ", ".join(f'"{each.name}"' for each in tokens) or "none"
            raise NotFound("there is no token with that name or id", hint=f"tokens: {names}")
        if len(found) > 1:
            raise Ambiguous(
                "several tokens have that name", [each.id for each in found], remedy="give an id"
            )
        self._path(found[0].id).unlink(missing_ok=True)
        self._used_path(found[0].id).unlink(missing_ok=True)
        return found[0]

    def _path(self, token_id: str) -> Path:
        return self._folder / f"{token_id}.json"

    def _used_path(self, token_id: str) -> Path:
        return self._folder / f"{token_id}.used"

    def _write(self, token: Token, secret_hash: str) -> None:
        private_folder(self._state_dir)
        private_folder(self._folder)
        stored = {key: value for key, value in asdict(token).items() if key != "used"}
        data = json.dumps({**stored, "sha256": secret_hash}, indent=1).encode("ascii")
        try:
            write_whole(self._path(token.id), data, mode=_PRIVATE, sync=True)
        except OSError as error:
            raise OperationFailed(f"cannot write to {self._folder}: {error.strerror}") from error

    def _read(self, token_id: str) -> tuple[Token, str] | None:
        try:
            stored = json.loads(read_regular(self._path(token_id), limit=1 << 20)[0])
            secret_hash = str(stored.pop("sha256"))
            for key in ("scopes", "products", "environments"):
                stored[key] = tuple(stored[key])
            return Token(**stored), secret_hash
        except (OSError, OperationFailed, ValueError, LookupError, TypeError, AttributeError):
            # A damaged file is no token.
            return None

    def _kept(self, token_id: str) -> tuple[Token, str] | None:
        """Return what a file says, which is read again where it is another file."""
        path = self._path(token_id)
        try:
            found = path.lstat()
        except OSError:
            self._known.pop(token_id, None)
            return None
        state = (found.st_ino, found.st_mtime_ns, found.st_size)
        known = self._known.get(token_id)
        if known is None or known[0] != state:
            stored = self._read(token_id)
            if stored is None:
                return None
            known = self._known[token_id] = (state, stored)
        return known[1]

    def _all(self) -> Iterator[tuple[Token, str]]:
        with suppress(FileNotFoundError, NotADirectoryError):
            for path in self._folder.iterdir():
                if path.suffix == ".json" and re.fullmatch(_ID, path.stem):
                    stored = self._read(path.stem)
                    if stored is not None:
                        yield stored

    def _used(self, token_id: str) -> str:
        with suppress(OSError, OperationFailed, UnicodeDecodeError):
            return read_regular(self._used_path(token_id), limit=64)[0].decode("ascii")
        return ""

    def _note_use(self, token: Token, now: str) -> None:
        """Write when a token was used, at most once a minute."""
        minute = f"{now[:16]}:00Z"
        if self._noted.get(token.id) == minute:
            return
        self._noted[token.id] = minute
        path = self._used_path(token.id)
        # Two threads of this process may be here at once, and the disk may be full: the time of
        # the last use is no reason to refuse a request.
        draft = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
        with suppress(OSError):
            write_whole(path, minute.encode("ascii"), draft=draft, mode=_PRIVATE)


def token_document(token: Token) -> dict[str, Any]:
    """Return a token as JSON; null for what there is not."""
    return {
        "id": token.id,
        "name": token.name,
        "scopes": list(token.scopes),
        "products": list(token.products),
        "environments": list(token.environments),
        "created_at": token.created,
        "expires_at": token.expires or None,
        "last_used_at": token.used or None,
    }


def expiry_of(text: str, now: str) -> str:
    """Return when a token ends: after a duration (`90d`), at a time, or at the end of a date.

    Raises InvalidInput.
    """
    if re.fullmatch(r"[0-9]+\s*[A-Za-z]", text.strip()):
        seconds = parse_duration(text, field="expires")
        try:
            return utc_text(parse_rfc3339(now) + timedelta(seconds=seconds))
        except OverflowError:
            raise InvalidInput("the time is too far in the future", field="expires") from None
    return parse_moment(text, now, end=True, field="expires")


def private_folder(folder: Path) -> Path:
    """Return a folder that only this user may enter; create it where it is missing.

    Raises OperationFailed where it belongs to somebody else or cannot be created.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if os.name == "posix" and found.st_uid != os.geteuid():
            raise OperationFailed(
                f"{folder} belongs to another user", hint="name another folder with --state"
            )
        if os.name == "posix" and found.st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise OperationFailed(
            f"cannot write to {folder}: {error.strerror}", hint="name another folder with --state"
        ) from error
    return folder


def _text(alphabet: str, length: int, random: Callable[[int], bytes]) -> str:
    """Return random characters of an alphabet, each as likely as any other."""
    chosen = ""
    top = 256 - 256 % len(alphabet)
    while len(chosen) < length:
        chosen += "".join(alphabet[each % len(alphabet)] for each in random(length) if each < top)
    return chosen[:length]


def _checked_name(name: str) -> str:
    if re.fullmatch(_NAME, name) is None:
        raise InvalidInput(
            "the name of a token is made of up to 63 ASCII letters, digits and . _ @ -",
            field="name",
        )
    if holds_secret(name):
        # A name is in lists, logs and commits.
        raise InvalidInput("the name looks like a secret key", field="name")
    return name


def _checked_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    given = set(scopes)
    if not given or not given <= set(SCOPES):
        raise InvalidInput(f"a scope is one of {', '.join(SCOPES)}", field="scope")
    return tuple(each for each in SCOPES if each in given)


def _is_over(token: Token, now: str) -> bool:
    return bool(token.expires) and token.expires <= now
