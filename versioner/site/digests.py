"""Hashes: of the code that makes the pages, and of data that files depend on."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from importlib.metadata import version
from pathlib import Path

import versioner
from versioner.serialization.compact_json import sorted_json

__all__ = ["code_digest", "hash_of"]


@cache
def code_digest() -> str:
    """Return a hash of the code that makes pages: the sizes and times of its modules."""
    top = Path(versioner.__file__).parent
    found = [version(name) for name in ("jinja2", "markupsafe")]
    for folder, _, names in sorted(os.walk(top)):
        for name in sorted(names):
            if name.endswith((".py", ".json")):
                status = os.stat(f"{folder}/{name}")  # noqa: PTH116 -- hundreds of times
                found.append(f"{folder}/{name} {status.st_size} {status.st_mtime_ns}")
    return hash_of(*found)


def hash_of(*parts: object) -> str:
    """Return a hash of JSON data."""
    text = sorted_json(parts)
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()
