"""Clean the values that a pipeline reports: bounded, visible text without tokens.

No function raises: a value that cannot be cleaned becomes "".
"""

from __future__ import annotations

import re
from binascii import crc32
from typing import Final

from versioner.secret_scanning import holds_secret

__all__ = ["branch", "commit", "email", "identity", "line", "path", "repository", "web_url"]

# The limits of schemas/common.schema.json; a test compares them.
_LINE: Final = 200
_EMAIL: Final = 320
# A secret may begin in the part that is kept and end after it, so more text is searched.
_LOOKED_AT: Final = 8192
_REPOSITORY: Final = 500
_URL: Final = 2000

# Patterns are compiled (and cached by re) when a value first needs one: compiling all of them
# takes longer than the rest of this module, and a plain value needs few.

# Escape sequences for colours and titles are removed whole, so that no "[31m" remains.
_TERMINAL: Final = (
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
)
_BREAKS: Final = "[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+"
# Other control characters, and invisible characters that change the text: marks of
# right-to-left order, joiners, fillers, tags.
_UNSEEN: Final = (
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e0fff]"
)
_SURROGATES: Final = "[\ud800-\udfff]"

_NO_BRANCH: Final = (
    r"HEAD|detached|\(no branch\)|(?:refs/)?(?:pull/|merge-requests/|pr/)?[0-9]+/(?:merge|head)"
    r"|pr/[0-9]+|arn:.*|[0-9a-f]{40}|[0-9a-f]{64}"
)
_AUTHORITY: Final = r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
_UNSAFE: Final = r"[^A-Za-z0-9._~:/?#\[\]!$&'()*+,;=%-]"
_PRIVATE: Final = (
    *("token", "secret", "passw", "pwd", "auth", "key", "sig", "cred", "session", "bearer", "jwt"),
    *("code", "%"),
)


def _visible(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value.strip()
    text = re.sub(_SURROGATES, "\ufffd", re.sub(_TERMINAL, "", value))
    return re.sub(_UNSEEN, "", re.sub(_BREAKS, " ", text)).strip()


def line(value: str) -> str:
    """Return a value as one visible line, cut to the length that an event may contain."""
    text = _visible(value)
    if "://" in text and "@" in text:
        # A label may quote the URL of a clone with its credentials.
        text = " ".join(_without_login(word) for word in text.split(" ")).strip()
    return "" if holds_secret(text[:_LOOKED_AT]) else text[:_LINE].rstrip()


def _without_login(word: str) -> str:
    return web_url(word) if "://" in word and "@" in word else word


def identity(value: str) -> str:
    """Return a value as one line that still tells it from others where it had to be cut."""
    text = _visible(value)
    if len(text) > _LINE:
        mark = f"~{crc32(value.encode('utf-8', 'surrogatepass')):08x}"
        text = "" if holds_secret(text[:_LOOKED_AT]) else text[: _LINE - len(mark)] + mark
    return line(text)


def branch(value: str) -> str:
    """Return the short name of a branch or tag, or "" where a ref is neither."""
    text = line(value)
    if text.startswith("refs/"):
        text = re.sub("^refs/(?:heads|tags|remotes/[^/]+)/", "", text)
    text = text.partition("^{")[0]
    return "" if re.fullmatch(_NO_BRANCH, text) else text


def commit(value: str) -> str:
    """Return a commit id in lower case, or "" for `HEAD`, a revision number or an S3 version."""
    text = value.strip().lower()
    return text if re.fullmatch(r"[0-9a-f]{7,64}", text) else ""


def email(value: str) -> str:
    """Return an e-mail address, or "" where a value is none."""
    text = _visible(value)
    # A URL may contain an `@` too, with credentials before it.
    fits = re.fullmatch(r"[^\s\xa0<>@:]+@[^\s\xa0<>@:]+", text) and len(text) <= _EMAIL
    return text if fits and not holds_secret(text) else ""


def path(value: str) -> str:
    """Return a file's path as it is, or "" where it is empty or hides something."""
    fits = value == _visible(value) and len(value) <= 4096 and "://" not in value
    return value if fits and not holds_secret(value) else ""


def repository(value: str) -> str:
    """Return `owner/name` of a clone's address in any form, or of `owner/name` itself.

    The host is removed with all text before an `@`, which may be a token.
    """
    text = _visible(value).replace("\\", "/")
    scheme, mark, rest = text.rpartition("://")
    if scheme.lower() == "s3":
        return ""
    addressed = bool(mark) or text.startswith("//") or "@" in text
    rest = re.split(r"[?#]", rest.rpartition("@")[2].lstrip("/") if mark or addressed else text)[0]
    if addressed:
        # ssh has `host:path`, a web URL has `host:port/path`.
        rest = re.sub(r"^[^/]*/|^[^/]*$" if mark else r"^[^/:]*[/:]|^[^/:]*$", "", rest, count=1)
    name = rest.strip("/ ").removesuffix(".git").rstrip("/")
    return "" if len(name) > _REPOSITORY or holds_secret(name) else name


def web_url(value: str) -> str:
    """Return a web address without user information or parameters that may be secret.

    An address that is too long, or that leaves doubt which host it leads to, becomes "".
    """
    scheme, _, address = value.strip().partition("://")
    if scheme.lower() not in ("http", "https") or "\\" in value or len(value) > 2 * _URL:
        return ""
    address, _, fragment = address.partition("#")
    address, _, query = address.partition("?")
    authority, slash, path = address.partition("/")
    host = authority.rpartition("@")[2].lower()
    # A password may contain a slash: then the `@` is in the apparent path.
    if not re.fullmatch(_AUTHORITY, host) or "@" in path:
        return ""
    query, fragment = (_public(parameters) for parameters in (query, fragment))
    url = f"{scheme.lower()}://{host}{slash}{path}"
    url += (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")
    url = re.sub(_UNSAFE, _escape, url)
    return "" if len(url) > _URL or holds_secret(url) else url


def _public(parameters: str) -> str:
    parts = [part for part in re.split("[&;]", parameters) if part and "@" not in part]
    return "&".join(part for part in parts if not _is_private(part.partition("=")[0].lower()))


def _is_private(key: str) -> bool:
    return any(word in key for word in _PRIVATE)


def _escape(match: re.Match[str]) -> str:
    # Lone surrogates represent bytes that are not UTF-8; the URL gets the original bytes.
    text = match[0]
    coding = "surrogateescape" if "\udc80" <= text <= "\udcff" else "surrogatepass"
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", coding))
