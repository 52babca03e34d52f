"""Views into bytes: the only place that meets Jinja, and only when something is rendered."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from versioner.errors import Failure

if TYPE_CHECKING:
    from jinja2 import Environment, Template, TemplateError

    from versioner.site.views.frame import View

__all__ = ["Renderer"]


class Renderer:
    """Render views with the templates of a folder, each of them compiled once.

    Everything is escaped, whatever a template's name ends in; a template that asks for what its
    view lacks is an error, never a blank.
    """

    def __init__(self, templates: Path) -> None:
        self._templates = templates
        self._environment = _environment(templates)
        self._compiled: dict[str, Template] = {}

    def render(self, template: str, view: View) -> bytes:
        """Return a page; raise Failure that names the template and line that went wrong."""
        from jinja2 import TemplateError

        try:
            if template not in self._compiled:
                self._compiled[template] = self._environment.get_template(template)
            text = self._compiled[template].render(view)
        except TemplateError as error:
            raise Failure(
                f"the template {self._place(error) or template} cannot be rendered: {error}",
                hint="compare it with the one that the tool carries",
            ) from error
        return text.encode("utf-8")

    def _place(self, error: TemplateError) -> str:
        """Return the template and line that an error comes from, as `page.html:2`."""
        if name := getattr(error, "name", None):
            line = getattr(error, "lineno", None)
            return f"{name}:{line}" if line else str(name)
        # Jinja gives the frames of a running template its file and lines; the innermost counts.
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if Path(frame.filename).parent == self._templates:
                return f"{Path(frame.filename).name}:{frame.lineno}"
        return ""


def _environment(templates: Path) -> Environment:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
