"""Views into bytes: the only place that meets Jinja, and only when something is rendered."""

from __future__ import annotations

import hashlib
import re
import traceback
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from versioner.errors import OperationFailed, ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment, Template

    from versioner.site.views.layout import View

__all__ = ["OWN", "Renderer", "Templates", "read_templates"]

_ITEMS_MOST: Final = 100_000


class Renderer:
    """Render views with templates (or those of a folder), each of them compiled once.

    Everything is escaped, whatever a template's name ends in; a template that asks for what its
    view lacks is an error, never a blank. Templates run in Jinja's sandbox: they see what they
    are given, reach no file, run no code, and change nothing.
    """

    def __init__(self, templates: Templates | Path) -> None:
        if isinstance(templates, Path):
            templates = Templates(read_templates(templates))
        self._templates = templates
        self._environment = _environment(templates)
        self._compiled: dict[str, Template] = {}

    def render(self, template: str, view: View) -> bytes:
        """Return a page.

        Raises an error that names the template and line that went wrong: ValidationFailed where
        it is the registry's own, else Failure.
        """
        try:
            if template not in self._compiled:
                self._compiled[template] = self._environment.get_template(template)
            return self._compiled[template].render(view).encode("utf-8")
        except Exception as error:
            # A template can divide by zero or recurse as well as misspell; each is told alike.
            raise self._worded(template, error) from error

    def _worded(self, template: str, error: Exception) -> OperationFailed | ValidationFailed:
        place = self._place(error) or self._file_of(template)
        what = str(error) or type(error).__name__
        if self._templates.is_over(place.partition(":")[0]):
            return ValidationFailed(
                f"{place}: the template cannot be rendered: {what}",
                hint="correct it, or remove it: the tool's own is used where there is none",
            )
        hint = "compare it with the one that the tool carries"
        if self._templates.changed:
            hint = f"the registry's own templates may be why: {', '.join(self._templates.changed)}"
        return OperationFailed(
            f"the template {place.removeprefix(OWN)} cannot be rendered: {what}", hint=hint
        )

    def _file_of(self, template: str) -> str:
        found = self._templates.source(template)
        return found[1] if found else template

    def _place(self, error: Exception) -> str:
        """Return the template and line that an error comes from, as `page.html:2`."""
        if (name := getattr(error, "name", None)) and isinstance(name, str):
            line = getattr(error, "lineno", None)
            if self._templates.source(name):
                return f"{self._file_of(name)}:{line}" if line else self._file_of(name)
        # Jinja gives the frames of a running template its file and lines; the innermost counts.
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if frame.filename.startswith((OWN, "site_templates/")):
                return f"{frame.filename}:{frame.lineno}"
        return ""


def _environment(templates: Templates) -> Environment:
    from jinja2 import FunctionLoader, StrictUndefined
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            """Multiply within reason: a line of template must not fill the memory."""
            sizes = [len(side) for side in (left, right) if hasattr(side, "__len__")]
            times = [abs(side) for side in (left, right) if isinstance(side, int)]
            if operator == "**" or (sizes and sizes[0] * max(times, default=0) > _ITEMS_MOST):
                raise SecurityError(f"the result of {operator} may be too large")
            return super().call_binop(context, operator, left, right)

    def load(name: str) -> tuple[str, str, None] | None:
        found = templates.source(name)
        return (*found, None) if found else None

    environment = Sandbox(
        loader=FunctionLoader(load),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    # The same registry must make the same bytes.
    del environment.filters["random"], environment.globals["lipsum"]
    return environment


# What a registry's template extends to change a part of the tool's: `versioner:product.html`.
OWN: Final = "versioner:"
_TAG: Final = re.compile(r"\{%[-+]?\s*(?:extends|include|import|from)\b")

_NAMED: Final = re.compile(
    r"""\{%[-+]?\s*(?:extends|include|import|from)\s+(?:"([^"\\]*)"|'([^'\\]*)')"""
)


class Templates:
    """Hold templates by name; `over` stands before `own`, which stay within reach as `versioner:`.

    `place_of` names where a template is written, for messages.
    """

    def __init__(self, own: Mapping[str, str], over: Mapping[str, str] | None = None) -> None:
        self._own = dict(own)
        # A copy of the tool's template changes nothing, and is not told apart from it.
        self._over = {name: text for name, text in (over or {}).items() if own.get(name) != text}
        self._prints: dict[str, bytes] = {}

    def source(self, name: str) -> tuple[str, str] | None:
        """Return a template's text and its file name, or None where there is no such template."""
        if name in self._over:
            return self._over[name], f"site_templates/{name}"
        own = name.removeprefix(OWN)
        return (self._own[own], f"{OWN}{own}") if own in self._own else None

    def is_over(self, place: str) -> bool:
        """Tell whether a file name that `source` returned is one of the registry's."""
        return place.removeprefix("site_templates/") in self._over and not place.startswith(OWN)

    @property
    def changed(self) -> tuple[str, ...]:
        """Return the names of the registry's own templates."""
        return tuple(sorted(self._over))

    def fingerprint(self, name: str) -> bytes:
        """Return a hash of a template with all that it extends, includes and imports."""
        if name not in self._prints:
            digest = hashlib.blake2b(digest_size=16)
            for each in sorted(self._reached(name)):
                text, place = self.source(each) or ("", "")
                for part in (each, place, text):
                    digest.update(b"%d " % len(part.encode("utf-8", "surrogatepass")))
                    digest.update(part.encode("utf-8", "surrogatepass"))
            self._prints[name] = digest.digest()
        return self._prints[name]

    def _reached(self, name: str) -> set[str]:
        reached, pending = set[str](), [name]
        while pending:
            each = pending.pop()
            if each not in reached:
                reached.add(each)
                pending += self._references.get(each, [])
        return reached

    @cached_property
    def _references(self) -> dict[str, list[str]]:
        names = [*self._own, *self._over, *(OWN + own for own in self._own)]
        found: dict[str, list[str]] = {}
        for name in names:
            text = (self.source(name) or ("", ""))[0]
            named = [double or single for double, single in _NAMED.findall(text)]
            # A name that is computed may be any.
            found[name] = named if len(named) == len(_TAG.findall(text)) else names
        return found


def read_templates(folder: Path) -> dict[str, str]:
    """Read the templates of a folder, by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] != "assets"
    }
