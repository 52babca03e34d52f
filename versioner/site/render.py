"""Views into bytes: the only place that meets Jinja, and only when something is rendered."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from versioner.errors import Failure, ValidationFailed
from versioner.site.templates import OWN, Templates, read_templates

if TYPE_CHECKING:
    from jinja2 import Environment, Template

    from versioner.site.views.layout import View

__all__ = ["Renderer"]

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

    def _worded(self, template: str, error: Exception) -> Failure | ValidationFailed:
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
        return Failure(
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
