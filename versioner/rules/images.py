"""The names of container images: their parts, and which products they belong to."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Image", "digest_of", "matches_pattern", "parse_image"]

_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\]"
_PART: Final = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_TAG: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST: Final = r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}"
_REFERENCE: Final = (
    rf"(?:({_HOST})(:[0-9]{{1,5}})?/)??({_PART}(?:/{_PART})*)(?::({_TAG}))?(?:@({_DIGEST}))?"
)
_LONGEST: Final = 512
# What container engines show of an image without a name.
_ID: Final = r"(?:sha256:)?[0-9a-f]{64}|sha256:[0-9a-f]+|[0-9a-f]{12}"

# Where an image is that has no host in its name, as every container engine reads it.
_DEFAULT_HOST: Final = "docker.io"
_ALIASES: Final = {"index.docker.io": _DEFAULT_HOST, "registry-1.docker.io": _DEFAULT_HOST}


class Image(NamedTuple):
    """A reference to an image: `name` with its host, without tag (`tag`) and digest (`digest`)."""

    name: str
    tag: str = ""
    digest: str = ""

    @property
    def last_part(self) -> str:
        """Return the last part of the name."""
        return self.name.rpartition("/")[2]


@lru_cache(maxsize=8192)
def parse_image(text: str) -> Image | None:
    """Return the parts of an image reference, None where the text is none."""
    found = re.fullmatch(_REFERENCE, text) if len(text) <= _LONGEST else None
    if found is None or re.fullmatch(_ID, text):
        return None
    host, port, path, tag, digest = found.groups(default="")
    first, slash, rest = path.partition("/")
    if not host and slash and ("." in first or first == "localhost"):
        host, path = first, rest
    host = host.lower()
    if host and not port and "." not in host and host != "localhost" and not host.startswith("["):
        # Without a dot or a port it is the first part of a path.
        host, path = "", f"{host}/{path}"
    host = _ALIASES.get(host, host) or _DEFAULT_HOST
    if host == _DEFAULT_HOST and not port and "/" not in path:
        path = f"library/{path}"
    return Image(f"{host}{port}/{path}", tag, digest)


def digest_of(text: str) -> str:
    """Return the digest that a text is or ends in (`...@sha256:...`), "" where it has none."""
    digest = text.strip().rpartition("@")[2].rpartition("=")[2].lower()
    return digest if re.fullmatch(_DIGEST, digest) else ""


def matches_pattern(pattern: str, image: Image) -> bool:
    """Return whether an image has the name that a pattern of `observe.images` describes.

    `*` stands for any characters inside one part of the name, `**` for any number of parts. A
    pattern without a host is one of Docker Hub, as in the names of images.
    """
    parts, name = _parts_of(pattern), image.name.split("/")
    return _fits(parts, name, "**", lambda one, other: _fits(one, other, "*", str.__eq__))


@lru_cache(maxsize=4096)
def _parts_of(pattern: str) -> tuple[str, ...]:
    if "*" not in pattern:
        literal = parse_image(pattern)
        return tuple((literal.name if literal is not None else pattern).split("/"))
    first, slash, _ = pattern.partition("/")
    if slash and ("." in first or ":" in first or first in ("*", "**", "localhost")):
        return tuple(pattern.split("/"))
    return (_DEFAULT_HOST, *(() if slash else ("library",)), *pattern.split("/"))


def _fits(
    pattern: Sequence[str], text: Sequence[str], any_: str, same: Callable[[str, str], bool]
) -> bool:
    """Return whether a text fits a pattern, in which `any_` stands for any number of items."""
    # One step back is enough: an earlier `any_` need never take more than it has.
    at = index = 0
    back: tuple[int, int] | None = None
    while index < len(text):
        if at < len(pattern) and pattern[at] == any_:
            back = at, index
            at += 1
        elif at < len(pattern) and same(pattern[at], text[index]):
            at, index = at + 1, index + 1
        elif back is not None:
            back = back[0], back[1] + 1
            at, index = back[0] + 1, back[1]
        else:
            return False
    return all(item == any_ for item in pattern[at:])
