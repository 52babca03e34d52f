"""The cache of rendered pages, by which an unchanged page is not rendered again.

A page depends on its view, its templates and the code that renders it. The hash of these is its
key, and the cache has the digest of the rendered page for each key. A page whose file has that
digest is not rendered. The cache is in the git directory, which a clone does not copy; deleting
it costs only time.
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
    from versioner.site.rendering.render import Templates
    from versioner.site.views.parts.layout import View

__all__ = ["RENDERERS", "RenderCache", "digest_of"]

# The modules that a page depends on besides its view and its templates.
RENDERERS: Final = ("kept_code.py", "render.py", "render_cache.py", "template_code.py")

_FORMAT: Final = "versioner-pages/1"
# The most pages of other builds that are kept: those of another branch or folder.
_MOST_OTHERS: Final = 20_000


def digest_of(content: bytes) -> str:
    """Return the digest of a page's bytes."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


class RenderCache:
    """The digests of rendered pages by key, kept in a file or, without a path, not at all."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known = _read(path) if path is not None else {}
        self._renderer = _renderer_digest()

    @property
    def is_empty(self) -> bool:
        """Return whether no page is known."""
        return not self._known

    def key(self, templates: Templates, template: str, view: View) -> str:
        """Return the hash of all that a page depends on."""
        digest = hashlib.blake2b(self._renderer, digest_size=16)
        digest.update(template.encode() + b"\0" + templates.fingerprint(template))
        # Version 2 gives equal bytes for equal data, whether objects are shared or not.
        digest.update(marshal.dumps(view, 2))
        return digest.hexdigest()

    def digest(self, key: str) -> str | None:
        """Return the digest of a rendered page by its key, or None where it is not known."""
        return self._known.get(key)

    def keep(self, pages: dict[str, str]) -> None:
        """Write the digests of a build's pages by key; ignore a failure."""
        if self._path is None or self._known.keys() == pages.keys():
            return
        others = [key for key in self._known if key not in pages][-_MOST_OTHERS:]
        kept = {**{key: self._known[key] for key in others}, **pages}
        keep_json(self._path, {"format": _FORMAT, "pages": kept})


def _read(path: Path) -> dict[str, str]:
    with contextlib.suppress(AttributeError, TypeError, KeyError):
        data = read_json(path)
        pages = data["pages"] if data["format"] == _FORMAT else {}
        if all(isinstance(digest, str) for digest in pages.values()):
            return dict(pages)
    return {}


def _renderer_digest() -> bytes:
    """Return a hash of all that turns a view into a page, except the templates."""
    from importlib.metadata import version

    digest = hashlib.blake2b(digest_size=16)
    for module in RENDERERS:
        digest.update(Path(__file__).with_name(module).read_bytes())
    libraries = [version(name) for name in ("jinja2", "markupsafe")]
    digest.update(f"{libraries} {sys.version_info[:2]}".encode())
    return digest.digest()
