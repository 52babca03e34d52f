"""The templates of the tool: short lines, no way around the escaping, and no part without use."""

from __future__ import annotations

import re

import pytest

from versioner.resources import site_templates_dir
from versioner.site.rendering.render import read_templates

TEMPLATES = read_templates(site_templates_dir())
STYLE = (site_templates_dir() / "assets/site.css").read_text(encoding="utf-8")
MACRO = re.compile(r"\{% macro (\w+)\(")
IMPORT = re.compile(r'\{% from "(\S+)" import ([\w, ]+) %\}')


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_line_of_a_template_is_longer_than_120_characters(name: str) -> None:
    assert [line for line in TEMPLATES[name].splitlines() if len(line) > 120] == []


def test_no_line_of_the_style_sheet_is_longer_than_120_characters() -> None:
    assert [line for line in STYLE.splitlines() if len(line) > 120] == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_goes_around_the_escaping(name: str) -> None:
    assert not re.search(r"\|\s*safe|autoescape|Markup", TEMPLATES[name])


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_uses_each_macro_that_it_imports(name: str) -> None:
    text = TEMPLATES[name]
    for source, macros in IMPORT.findall(text):
        for macro in macros.split(", "):
            assert macro in MACRO.findall(TEMPLATES[source])
            assert re.search(rf"\b{macro}\(", text), macro


def test_every_macro_and_every_part_is_used() -> None:
    whole = "\n".join(TEMPLATES.values())
    for macro in MACRO.findall(whole):
        assert len(re.findall(rf"(?<!macro )\b{macro}\(", whole)) > 0, macro
    for name in TEMPLATES:
        if name.startswith(("_", "macros/")):
            assert f'"{name}"' in whole, name
