"""The Python code that Jinja makes of templates, with a quicker escape of plain texts.

`markupsafe.escape` returns a `Markup`, which costs ten times the escape itself, and whose type
the text of a page loses at once, when it is joined to its neighbours. So the code of a template
escapes a plain `str` to a plain `str`, and gives every other value to `escape` as before: a
`Markup`, a number, an undefined name. The code of the registry's own templates is compiled in
the process that renders with it and kept nowhere, because nothing that is read from a file of a
repository may be run. That of the tool's templates is kept as Python keeps that of its modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jinja2.compiler import CodeGenerator
from jinja2.nodes import Const
from markupsafe import escape

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import nodes
    from jinja2.compiler import Frame

__all__ = ["QUICK_ESCAPE", "TemplateCode", "escaped_text"]

# The name of the escape of plain texts: an attribute of the environment, a variable in the code.
QUICK_ESCAPE: Final = "escaped_text"

_PROBE: Final = "".join(map(chr, range(0x180))) + "<a href=\"'&amp;'\">\u2028\ud7ff\U0001f600"


def _escaped(text: str) -> str:
    """Return a text with its special characters escaped."""
    return str(escape(text))


def _quickest() -> Callable[[str], str]:
    """Return the inner function of `escape` where there is one that does the same."""
    try:
        from markupsafe._speedups import _escape_inner
    except ImportError:
        return _escaped
    inner: Callable[[str], str] = _escape_inner
    same = all(inner(text) == _escaped(text) for text in (_PROBE, *_PROBE, ""))
    return inner if same and type(inner(_PROBE)) is str else _escaped


escaped_text: Final = _quickest()


class TemplateCode(CodeGenerator):
    """The generator of a template's code, for an environment with the attribute QUICK_ESCAPE."""

    def write_commons(self) -> None:
        """Write the first lines of a function, and a variable for the escape of plain texts."""
        super().write_commons()
        self.writeline(f"{QUICK_ESCAPE} = environment.{QUICK_ESCAPE}")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802 -- Jinja's
        """Write a look-up; that of a text in a plain `dict`, where it is, needs no function."""
        if not (isinstance(node.arg, Const) and isinstance(node.arg.value, str)):
            super().visit_Getitem(node, frame)
            return
        key = repr(node.arg.value)
        self.write("(_d[")
        self.write(key)
        self.write("] if type(_d := ")
        self.visit(node.node, frame)
        self.write(f") is dict and {key} in _d else environment.getitem(_d, {key}))")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if _is_plain(frame, finalize):
            self.write(f"({QUICK_ESCAPE}(_v) if type(_v := ")
        else:
            super()._output_child_pre(node, frame, finalize)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if _is_plain(frame, finalize):
            self.write(") is str else escape(_v))")
        else:
            super()._output_child_post(node, frame, finalize)


def _is_plain(frame: Frame, finalize: Any) -> bool:
    """Return whether all values are escaped here, and by nothing else first."""
    context = frame.eval_ctx
    return bool(context.autoescape) and not context.volatile and finalize.src is None
