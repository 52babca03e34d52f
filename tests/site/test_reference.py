"""The API reference: every address with its parameters, schema and a real example, in HTML."""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin
from urllib.request import urlopen

import pytest

from tests.builders import NOW, registry
from tests.site.checker import Page, check_site
from tests.site.machine_files import HOSTILE, judge, matches
from tests.site.samples import TOOL, everything
from versioner.site.api.openapi import endpoints, schemas
from versioner.site.build import build_site
from versioner.site.server import open_server

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

REFERENCE = "api/index.html"
ENDPOINTS = endpoints()


def sections(text: str) -> dict[str, str]:
    """Return the part of the page about each endpoint."""
    parts = re.split(r'<section class="endpoint" id="([^"]+)"', text.partition("Schemas</h2>")[0])
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_endpoint_has_its_address_parameters_and_schema(site: Path) -> None:
    found = sections((site / REFERENCE).read_text())
    assert list(found) == [each.name for each in ENDPOINTS]
    for endpoint in ENDPOINTS:
        page = Page(f"<x {found[endpoint.name].rpartition('</section>')[0]}</x>")
        assert endpoint.path in page.shown.replace(" ", "")
        fields = [dict(attrs)["name"] for tag, attrs in page.elements if tag == "input"]
        assert fields == [each.name for each in endpoint.parameters]
        template = posixpath.relpath(endpoint.path, "api")
        assert f'data-try="{template}"' in found[endpoint.name]
        if endpoint.schema:
            assert f"#schema-{endpoint.schema}" in page.links


def test_every_example_is_a_real_file(site: Path) -> None:
    shown = 0
    described = json.loads((site / "api/v1/openapi.json").read_bytes())
    for endpoint in ENDPOINTS:
        text = sections((site / REFERENCE).read_text())[endpoint.name]
        href = re.search(r'Example: <a href="([^"]+)"', text)
        assert href, endpoint.name
        path = posixpath.normpath(posixpath.join("api", href[1]))
        assert matches(endpoint, path)
        assert (site / path).is_file()
        example = re.search(r'aria-label="Example: [^"]+">(.+?)</pre>', text, re.DOTALL)
        if example and endpoint.schema:
            whole = json.loads((site / path).read_bytes())
            kept = json.loads(Page(f"<x>{example[1]}</x>").words[0])
            assert list(kept) == list(whole)
            assert list(judge(described, endpoint.schema).iter_errors(kept)) == []
            shown += 1
    assert shown == sum(each.schema not in ("", "Build") for each in ENDPOINTS)


def test_files_are_served_as_what_they_are_described_to_be(site: Path) -> None:
    text = (site / REFERENCE).read_text()
    with open_server(site) as server:
        for endpoint in ENDPOINTS:
            href = re.search(r'Example: <a href="([^"]+)"', sections(text)[endpoint.name])
            assert href
            with urlopen(urljoin(f"{server.url}api/", href[1])) as answer:
                assert answer.headers.get_content_type() == endpoint.media


def test_every_schema_has_a_table_of_its_fields(site: Path) -> None:
    text = (site / REFERENCE).read_text()
    for name, schema in schemas().items():
        part = text.partition(f'id="schema-{name}"')[2].partition("</table>")[0]
        heads = re.findall(r'<th scope="row"><code>([^<]+)</code></th>', part)
        assert heads == list(schema["properties"])


def test_an_empty_registry_has_a_reference_without_examples_of_products(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build_site(registry(), out, now=NOW, tool_version=TOOL)
    assert check_site(out) == []
    assert "There is no such file yet." in (out / REFERENCE).read_text()


@pytest.mark.sampled
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_an_example_stays_text(tmp_path: Path, text: str) -> None:
    plain, hostile = tmp_path / "plain", tmp_path / "hostile"
    build_site(everything(), plain, now=NOW, tool_version=TOOL)
    build_site(everything(text), hostile, now=NOW, tool_version=TOOL)
    pages = [Page((out / REFERENCE).read_text(encoding="utf-8")) for out in (plain, hostile)]
    assert pages[1].faults == []
    assert pages[0].skeleton == pages[1].skeleton
