"""The format of git's objects: trees to and from bytes, and the ids of objects."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TreeEntry", "hash_bytes", "hash_object", "hash_tree", "parse_tree", "tree_bytes"]

_ESCAPES: Final = "surrogateescape"
_DIRECTORY: Final = 0o40000
# Bytes of a tree that is long.
_MANY: Final = 8 * 1024
# From this size on, the cryptographic library saves the time that loading it takes.
_LARGE: Final = 1024 * 1024


class TreeEntry(NamedTuple):
    """One entry of a tree; `mode` is git's (0o100644, 0o40000, ...)."""

    mode: int
    id: str

    @property
    def is_file(self) -> bool:
        """Return whether this is a regular file."""
        return self.mode & 0o170000 == 0o100000

    @property
    def is_tree(self) -> bool:
        """Return whether this is a directory."""
        return self.mode == _DIRECTORY

    @property
    def is_elsewhere(self) -> bool:
        """Return whether this is a submodule: a commit of another repository."""
        return self.mode == 0o160000


def parse_tree(data: bytes, id_bytes: int) -> dict[str, TreeEntry]:
    """Return the entries of a tree object by name."""
    if len(data) > _MANY:
        # A pattern takes half the time, and as much as a small tree to compile.
        found = re.findall(rb"(?s)([0-7]+) ([^\0]+)\0(.{%d})" % id_bytes, data)
        return {
            name.decode("utf-8", _ESCAPES): TreeEntry(int(mode, 8), id_.hex())
            for mode, name, id_ in found
        }
    entries: dict[str, TreeEntry] = {}
    position = 0
    while position < len(data):
        space = data.index(b" ", position)
        end = data.index(b"\0", space)
        stop = end + 1 + id_bytes
        name = data[space + 1 : end].decode("utf-8", _ESCAPES)
        entries[name] = TreeEntry(int(data[position:space], 8), data[end + 1 : stop].hex())
        position = stop
    return entries


def hash_object(kind: str, data: bytes, object_format: str = "sha1") -> str:
    """Return git's id of an object."""
    return hash_bytes(b"%s %d\0%s" % (kind.encode("ascii"), len(data), data), object_format)


def hash_bytes(data: bytes | bytearray | memoryview, object_format: str) -> str:
    """Return the hexadecimal hash of bytes in a repository of this object format."""
    if object_format == "sha1" and len(data) < _LARGE and "_hashlib" not in sys.modules:
        # hashlib loads a cryptographic library, which takes as long as starting git, and is quicker
        # where it is loaded.
        try:
            from _sha1 import sha1  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            from hashlib import sha1
        return str(sha1(data, usedforsecurity=False).hexdigest())
    import hashlib

    return hashlib.new(object_format, data, usedforsecurity=False).hexdigest()


def hash_tree(files: Mapping[str, TreeEntry], object_format: str = "sha1") -> str:
    """Return git's id of a directory with these files (paths relative to it)."""
    here: dict[str, TreeEntry] = {}
    below: dict[str, dict[str, TreeEntry]] = {}
    for path, entry in files.items():
        name, slash, rest = path.partition("/")
        if slash:
            below.setdefault(name, {})[rest] = entry
        else:
            here[name] = entry
    for name, inner in below.items():
        here[name] = TreeEntry(0o40000, hash_tree(inner, object_format))
    return hash_object("tree", tree_bytes(here), object_format)


def tree_bytes(entries: Mapping[str, TreeEntry]) -> bytes:
    """Return the bytes of a tree object, as `parse_tree` reads them."""
    lines = []
    for name, (mode, id_) in entries.items():
        encoded = name.encode("utf-8", _ESCAPES)
        # git sorts a directory as if its name ended in a slash.
        order = encoded + b"/" if mode == _DIRECTORY else encoded
        lines.append((order, b"%o %s\0%s" % (mode, encoded, bytes.fromhex(id_))))
    return b"".join([line for _, line in sorted(lines)])
