"""Rendering of views with Jinja, which is imported only when a page is rendered."""

from __future__ import annotations

import hashlib
import re
import traceback
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from versioner.errors import OperationFailed, ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import CodeType

    from jinja2 import Environment, Template
    from jinja2.bccache import Bucket

    from versioner.site.views.parts.layout import View

__all__ = ["OWN", "Renderer", "Templates", "read_templates"]

_ITEMS_MOST: Final = 100_000

# The code of templates by the digests of their name and text. Compiling takes longer than
# rendering a small site, and a process may build a site many times, as `site serve` does.
_CODE: Final[dict[tuple[str, str], CodeType]] = {}
_CODE_MOST: Final = 500


class Renderer:
    """A renderer of views with templates, or with those of a folder; compiles each one once.

    All text is escaped, whatever the suffix of a template's name. A template that reads a key
    that its view lacks is an error, not an empty text. Templates run in Jinja's sandbox: they
    read only their view, open no file, run no code and change nothing.
    """

    def __init__(self, templates: Templates | Path) -> None:
        if isinstance(templates, Path):
            templates = Templates(read_templates(templates))
        self._templates = templates
        self._environment = _environment(templates)
        self._compiled: dict[str, Template] = {}

    def prepare(self, names: Iterable[str]) -> None:
        """Compile templates ahead; one that cannot be compiled is an error when it is rendered."""
        for name in names:
            with suppress(Exception):
                self._compiled[name] = self._environment.get_template(name)

    def render(self, template: str, view: View) -> bytes:
        """Return the bytes of a page.

        Raises an error that names the template and the line: ValidationFailed for one of the
        registry's own templates, else OperationFailed.
        """
        try:
            if template not in self._compiled:
                self._compiled[template] = self._environment.get_template(template)
            return self._compiled[template].render(view).encode("utf-8")
        except Exception as error:
            # A template can raise anything: it may divide by zero or recurse without end.
            raise self._failure(template, error) from error

    def _failure(self, template: str, error: Exception) -> OperationFailed | ValidationFailed:
        where = self._location(error) or self._file_of(template)
        what = str(error) or type(error).__name__
        if self._templates.is_over(where.partition(":")[0]):
            return ValidationFailed(
                f"{where}: the template cannot be rendered: {what}",
                hint="correct the template, or remove it to use the tool's own",
            )
        hint = "compare it with the template of the installed tool"
        if self._templates.changed:
            changed = ", ".join(self._templates.changed)
            hint = f"the cause may be one of the registry's own templates: {changed}"
        return OperationFailed(
            f"the template {where.removeprefix(OWN)} cannot be rendered: {what}", hint=hint
        )

    def _file_of(self, template: str) -> str:
        found = self._templates.source(template)
        return found[1] if found else template

    def _location(self, error: Exception) -> str:
        """Return the template and line that raised an error, as `page.html:2`."""
        if (name := getattr(error, "name", None)) and isinstance(name, str):
            line = getattr(error, "lineno", None)
            if self._templates.source(name):
                return f"{self._file_of(name)}:{line}" if line else self._file_of(name)
        # Jinja gives the frames of a running template its file name and lines; take the innermost.
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if frame.filename.startswith((OWN, "site_templates/")):
                return f"{frame.filename}:{frame.lineno}"
        return ""


def _environment(templates: Templates) -> Environment:
    from jinja2 import BytecodeCache, FunctionLoader, StrictUndefined
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from versioner.site.rendering.kept_code import keep_code, kept_code
    from versioner.site.rendering.template_code import QUICK_ESCAPE, TemplateCode, escaped_text

    class Sandbox(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**"})
        code_generator_class = TemplateCode

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            """Compute a product or power, and refuse one that could fill the memory."""
            sizes = [len(side) for side in (left, right) if hasattr(side, "__len__")]
            times = [abs(side) for side in (left, right) if isinstance(side, int)]
            if operator == "**" or (sizes and sizes[0] * max(times, default=0) > _ITEMS_MOST):
                raise SecurityError(f"the result of {operator} may be too large")
            return super().call_binop(context, operator, left, right)

    class Code(BytecodeCache):
        own: ClassVar[dict[str, tuple[str, str]]] = {}

        def get_bucket(
            self, environment: Environment, name: str, filename: str | None, source: str
        ) -> Bucket:
            bucket = super().get_bucket(environment, name, filename, source)
            # A template of the registry is always compiled.
            if bucket.code is None and filename is not None and filename.startswith(OWN):
                self.own[bucket.key] = name, source
                bucket.code = kept_code(name, source)
            return bucket

        def load_bytecode(self, bucket: Bucket) -> None:
            bucket.code = _CODE.get((bucket.key, bucket.checksum))

        def dump_bytecode(self, bucket: Bucket) -> None:
            if bucket.code is not None:
                _CODE[bucket.key, bucket.checksum] = bucket.code
                if bucket.key in self.own:
                    keep_code(*self.own[bucket.key], bucket.code)

    if len(_CODE) >= _CODE_MOST:
        _CODE.clear()

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
        bytecode_cache=Code(),
    )
    setattr(environment, QUICK_ESCAPE, escaped_text)
    # Both are random, and the same registry must give the same bytes.
    del environment.filters["random"], environment.globals["lipsum"]
    return environment


# The prefix by which a registry's template extends the tool's one: `versioner:product.html`.
OWN: Final = "versioner:"
_TAG: Final = re.compile(r"\{%[-+]?\s*(?:extends|include|import|from)\b")

_NAMED: Final = re.compile(
    r"""\{%[-+]?\s*(?:extends|include|import|from)\s+(?:"([^"\\]*)"|'([^'\\]*)')"""
)


class Templates:
    """The templates by name; `over` replaces `own`, which stays available as `versioner:NAME`."""

    def __init__(self, own: Mapping[str, str], over: Mapping[str, str] | None = None) -> None:
        self._own = dict(own)
        # An unchanged copy of the tool's template is no override.
        self._over = {name: text for name, text in (over or {}).items() if own.get(name) != text}
        self._prints: dict[str, bytes] = {}

    def source(self, name: str) -> tuple[str, str] | None:
        """Return the text and the file name of a template, or None where there is none."""
        if name in self._over:
            return self._over[name], f"site_templates/{name}"
        own = name.removeprefix(OWN)
        return (self._own[own], f"{OWN}{own}") if own in self._own else None

    def is_over(self, file_name: str) -> bool:
        """Return whether a file name from `source` is that of an override."""
        name = file_name.removeprefix("site_templates/")
        return name in self._over and not file_name.startswith(OWN)

    @property
    def changed(self) -> tuple[str, ...]:
        """Return the names of the overrides."""
        return tuple(sorted(self._over))

    def fingerprint(self, name: str) -> bytes:
        """Return a hash of a template and of all that it extends, includes or imports."""
        if name not in self._prints:
            digest = hashlib.blake2b(digest_size=16)
            for each in sorted(self._reached(name)):
                text, file_name = self.source(each) or ("", "")
                for part in (each, file_name, text):
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
            # A computed name may be that of any template.
            found[name] = named if len(named) == len(_TAG.findall(text)) else names
        return found


def read_templates(folder: Path) -> dict[str, str]:
    """Return the templates of a folder, by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in ("assets", "scripts")
    }
