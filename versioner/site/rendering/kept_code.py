"""The code of the tool's own templates, kept beside the tool's modules as Python keeps theirs.

Compiling the templates takes longer than a build after one event. Code that is read from a file
is run, so it is only ever read from the folder where Python keeps the code of the modules of this
package: who can write there can change the modules as well. Nothing of a repository, and none of
its templates, is kept there. `PYTHONDONTWRITEBYTECODE` and `PYTHONPYCACHEPREFIX` hold for it too.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path
from types import CodeType
from typing import Final

__all__ = ["keep_code", "kept_code"]

_SIZE: Final = 32


def kept_code(name: str, text: str) -> CodeType | None:
    """Return the code of one of the tool's own templates, None where it is not kept."""
    with suppress(OSError, ValueError, EOFError, TypeError):
        data = _path(name).read_bytes()
        if data[:_SIZE] == _key(name, text):
            code = marshal.loads(data[_SIZE:])  # noqa: S302 -- see above
            return code if isinstance(code, CodeType) else None
    return None


def keep_code(name: str, text: str, code: CodeType) -> None:
    """Keep the code of one of the tool's own templates; ignore a failure."""
    if sys.dont_write_bytecode:
        return
    with suppress(OSError):
        path = _path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            draft.write_bytes(_key(name, text) + marshal.dumps(code))
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def _path(name: str) -> Path:
    # The name of the file that Python would give the code of a module of this name.
    stem = name.replace(":", ".").replace("/", ".").removesuffix(".html")
    return Path(cache_from_source(str(Path(__file__).with_name(f"template.{stem}.py"))))


def _key(name: str, text: str) -> bytes:
    """Return a hash of all that the code depends on."""
    digest = hashlib.blake2b(_compiler(), digest_size=_SIZE)
    digest.update(f"{name}\0{text}".encode())
    return digest.digest()


@lru_cache(maxsize=1)
def _compiler() -> bytes:
    libraries = [version(name) for name in ("jinja2", "markupsafe")]
    modules = [Path(__file__).with_name(name) for name in ("render.py", "template_code.py")]
    return b"\0".join(
        [MAGIC_NUMBER, repr(libraries).encode(), *(path.read_bytes() for path in modules)]
    )
