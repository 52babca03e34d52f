"""The code of templates escapes exactly as Jinja's own does, only faster."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from versioner.errors import ValidationFailed
from versioner.site.rendering import render
from versioner.site.rendering.render import Renderer, Templates
from versioner.site.rendering.template_code import escaped_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HOSTILE: Final = """<script>alert('x')</script>"&amp;<b onclick='"'>\u2028\U0001f600\x00"""


class Text(str):
    """A text of another type."""


class Page:
    """An object that gives HTML of its own."""

    def __html__(self) -> str:
        return "<i>own</i>"

    def __str__(self) -> str:
        return "<u>text</u>"


VALUES: Final[Mapping[str, Any]] = {
    "hostile": HOSTILE, "empty": "", "text": Text(HOSTILE), "markup": Markup("<b>&</b>"),
    "number": 1, "float": 1.0, "yes": True, "one": "1", "nothing": None, "page": Page(),
    "list": [HOSTILE, 1], "deep": {"k": {"k": HOSTILE}},
}  # fmt: skip

PLACES: Final = {
    "text": "{{ v }}{{ v }}",
    "attribute": '<a title="{{ v }}">{{ v }}</a>',
    "set": "{% set block %}{{ v }}{% endset %}{{ block }}",
    "macro": "{% macro m(x) %}<i>{{ x }}</i>{% endmacro %}{{ m(v) }}{{ m(m(v)) }}",
    "default": "{% macro m(x=v) %}{{ x }}{% endmacro %}{{ m() }}",
    "caller": "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ v }}{% endcall %}",
    "joined": '{{ v ~ "<" ~ v }}{{ [v, "<"]|join("&") }}',
    "filters": "{{ v|string|upper }}{{ v|e }}{{ v|escape|e }}{{ v|string|e|string|length }}",
    "block filter": "{% filter upper %}{{ v }}{% endfilter %}",
    "loop": "{% for x in [v, v] if x is defined %}{{ x }}{{ loop.index }}{% endfor %}",
    "recursive": "{% for x in [[v]] recursive %}"
    "{{ loop(x) if x is iterable and x is not string else x }}{% endfor %}",
    "condition": '{{ v if v else "<" }}{{ "<" if not v }}',
    "with": "{% with w = v %}{{ w }}{{ w == v }}{% endwith %}",
    "switched off": "{% autoescape false %}{{ v }}{% endautoescape %}{{ v }}",
    "switched": "{% autoescape v is string %}{{ v }}{% endautoescape %}{{ v }}",
    "constant": "{{ '<' }}{{ 1 }}{{ none }}{{ '<'|e }}",
    "include": '{% include "part.html" %}{% from "part.html" import m %}{{ m(v) }}',
    "base": '{% extends "base.html" %}{% block b %}{{ super() }}{{ v }}{% endblock %}',
}
PARTS: Final = {
    "part.html": "{{ v|default('<') }}{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}",
    "base.html": "<{{ v }}>{% block b %}{{ v }}{% endblock %}{{ self.b() }}",
}


@pytest.mark.parametrize("place", PLACES)
def test_every_value_is_escaped_as_by_jinja(place: str) -> None:
    texts = {**PARTS, "page.html": PLACES[place]}
    ours = Renderer(Templates(texts))
    theirs = ImmutableSandboxedEnvironment(
        loader=DictLoader(texts), autoescape=True, undefined=StrictUndefined
    )
    for value in VALUES.values():
        expected = theirs.get_template("page.html").render(v=value)
        assert ours.render("page.html", {"v": value}).decode() == expected


def test_equal_values_of_other_types_do_not_share_their_escaped_form() -> None:
    renderer = Renderer(Templates({"a.html": "{% for v in all %}{{ v }} {% endfor %}"}))
    values = [Markup("<b>"), "<b>", Text("<b>"), Markup("<b>"), 1, True, 1.0, "1"]
    shown = "<b> &lt;b&gt; &lt;b&gt; <b> 1 True 1.0 1 "
    assert renderer.render("a.html", {"all": values}).decode() == shown
    assert renderer.render("a.html", {"all": values[::-1]}).decode().split() == shown.split()[::-1]


def test_the_quick_escape_returns_what_the_usual_one_returns() -> None:
    for text in (HOSTILE, *map(chr, range(0x3000)), "a" * 1000 + "<"):
        assert escaped_text(text) == str(escape(text))
        assert type(escaped_text(text)) is str


@pytest.mark.parametrize("text", ["{{ gone }}", "{{ v['gone'] }}", "{{ v.gone }}", "{{ v[gone] }}"])
def test_what_a_view_lacks_is_an_error_with_the_line(text: str) -> None:
    renderer = Renderer(Templates({}, {"page.html": f"line\n\n{text}"}))
    with pytest.raises(ValidationFailed, match=r"page\.html:3: the template cannot be rendered"):
        renderer.render("page.html", {"v": {"k": 1}})


@pytest.mark.parametrize("name", ["_v", "escaped_text", "escape", "environment"])
def test_a_view_or_a_template_may_use_the_names_in_the_code(name: str) -> None:
    text = f"{{% set w = {name} %}}{{% set {name} = '>' %}}{{{{ w }}}}{{{{ {name} }}}}"
    renderer = Renderer(Templates({"page.html": text}))
    assert renderer.render("page.html", {name: "<"}) == b"&lt;&gt;"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder where Python, and so this tool, keeps code."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


def rendered(own: str, over: str | None = None) -> bytes:
    """Return a page of a process that has compiled nothing yet."""
    render._CODE.clear()
    templates = Templates({"a.html": own}, {} if over is None else {"a.html": over})
    return Renderer(templates).render("a.html", {"v": "<"})


def test_the_tools_templates_are_compiled_once(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendered("{{ v }}!") == b"&lt;!"
    assert len([path for path in kept.rglob("*") if path.is_file()]) == 1
    assert rendered("{{ v }}?") == b"&lt;?"
    monkeypatch.setattr(Environment, "compile", lambda *_: pytest.fail("it was compiled again"))
    assert rendered("{{ v }}?") == b"&lt;?"


@pytest.mark.parametrize("harm", [b"", b"{", None])
def test_kept_code_that_is_damaged_is_not_used(kept: Path, harm: bytes | None) -> None:
    rendered("{{ v }}!")
    (path,) = (each for each in kept.rglob("*") if each.is_file())
    path.write_bytes(path.read_bytes()[:40] if harm is None else harm)
    assert rendered("{{ v }}!") == b"&lt;!"


def test_the_code_of_a_registrys_own_template_is_kept_nowhere(kept: Path) -> None:
    assert rendered("{{ v }}", over="{{ v }} of the registry") == b"&lt; of the registry"
    assert [path for path in kept.rglob("*") if path.is_file()] == []
