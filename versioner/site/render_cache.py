"""Remember what each page was rendered from, so that it is rendered again only when that changed.

A page is what its template makes of its view and nothing else: so a hash of the two (with what
the template extends and includes, and what renders it) is known to give bytes of one digest.
Where a file of that digest stands already, nothing is to be done. The memory is kept in the git
directory, which a clone cannot bring along; deleting it costs time, nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from versioner.git.state import keep_json, read_json

if TYPE_CHECKING:
    from versioner.site.render import Templates
    from versioner.site.views.layout import View

__all__ = ["RENDERERS", "RenderMemory", "digest_of"]

# The modules that a page depends on besides its view and its templates.
RENDERERS: Final = ("render.py", "render_cache.py")

_FORMAT: Final = "versioner-pages/1"
# So many pages of other builds are kept in mind: another branch's, or another folder's.
_OTHERS_KEPT: Final = 20_000


def digest_of(content: bytes) -> str:
    """Return what a page's bytes are known by."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


class RenderMemory:
    """Know the digest of the page that a view and a template give, where one was rendered."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known = _read(path) if path is not None else {}
        self._renderer = _renderer_print()

    def key(self, templates: Templates, template: str, view: View) -> str:
        """Return the hash of all that a page is made of."""
        digest = hashlib.blake2b(self._renderer, digest_size=16)
        digest.update(template.encode() + b"\0" + templates.fingerprint(template))
        # Version 2 writes equal data as equal bytes, shared or not.
        digest.update(marshal.dumps(view, 2))
        return digest.hexdigest()

    def digest(self, key: str) -> str | None:
        """Return the digest of the page of a key, or None where it was never rendered."""
        return self._known.get(key)

    def keep(self, pages: dict[str, str]) -> None:
        """Remember the pages of a build (digests by key); a failure to is no reason to fail."""
        if self._path is None or self._known.keys() == pages.keys():
            return
        others = [key for key in self._known if key not in pages][-_OTHERS_KEPT:]
        kept = {**{key: self._known[key] for key in others}, **pages}
        keep_json(self._path, {"format": _FORMAT, "pages": kept})


def _read(path: Path) -> dict[str, str]:
    with contextlib.suppress(AttributeError, TypeError, KeyError):
        data = read_json(path)
        pages = data["pages"] if data["format"] == _FORMAT else {}
        if all(isinstance(digest, str) for digest in pages.values()):
            return dict(pages)
    return {}


def _renderer_print() -> bytes:
    """Return a hash of all that turns a view into a page, except the templates."""
    from importlib.metadata import version

    digest = hashlib.blake2b(digest_size=16)
    for module in RENDERERS:
        digest.update(Path(__file__).with_name(module).read_bytes())
    libraries = [version(name) for name in ("jinja2", "markupsafe")]
    digest.update(f"{libraries} {sys.version_info[:2]}".encode())
    return digest.digest()
