"""The files for machines of a registry, without a folder and without pages."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from tests.builders import NOW
from versioner.site.context import SiteContext
from versioner.site.exports.files import files_of_product, machine_files, past_file, people_file
from versioner.site.incident_months import changes_file, months_of_changes
from versioner.site.views.people import keys_of_people

if TYPE_CHECKING:
    from versioner.registry.records import Registry
    from versioner.site.api.openapi import Endpoint

# What no format takes as it is: markup, formulas, quotes, line ends, direction marks, controls.
HOSTILE = [
    "<script>alert(1)</script>",
    "]]><x/>&amp;&#0;<!--",
    '"; drop="1\' onload="x',
    '=HYPERLINK("https://evil.test","x")',
    "+1",
    "-1+1|cmd",
    "@SUM(A1)",
    "\t=1",
    "'quoted",
    "＝1",  # noqa: RUF001
    'a\r\nb\nc,d;e"f',
    "bell\x07 escape\x1b[31m nul\x00 c1\x9b",
    "\u202eright to left\u2066 \u2028 \ufeff \ufffe",
    "\\u0000 \\ \\n",
    "日本語 🚀 é",
    " ",
    "x" * 2000,
]


def files_of(whole: Registry, base_url: str = "") -> dict[str, bytes]:
    context = SiteContext(whole, now=NOW, base_url=base_url)
    files = dict(machine_files(context))
    for name in whole.products:
        files.update(files_of_product(context, name))
    for month in months_of_changes(context):
        files.update(changes_file(context, month))
    for month in context.catalogue.past_months:
        files.update(past_file(context, month))
    for slug in keys_of_people(context):
        files.update(people_file(context, slug))
    return files


def documents(files: dict[str, bytes]) -> dict[str, Any]:
    """Return the JSON that is the site's own, by path."""
    return {
        path: json.loads(content)
        for path, content in files.items()
        if path.endswith(".json") and not path.startswith("schemas/")
    }


def judge(described: dict[str, Any], schema: str) -> Draft202012Validator:
    """Return the validator of one component of an OpenAPI document."""
    components = described["components"]
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": components}
    )


def matches(endpoint: Endpoint, path: str) -> bool:
    """Return whether a file of the site is of an endpoint's kind."""
    patterns = {each.name: each.pattern for each in endpoint.parameters}
    parts = re.split(r"\{(\w+)\}", endpoint.path)
    pattern = "".join(
        patterns[part].removeprefix("^").removesuffix("$") if number % 2 else re.escape(part)
        for number, part in enumerate(parts)
    )
    return re.fullmatch(pattern, path) is not None
