"""The form for a new product: names by the schema's rule, a file that the tool accepts."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.builders import NOW, registry
from tests.site.samples import TOOL
from versioner.names import is_name
from versioner.site.build import build_site
from versioner.site.server import open_server
from versioner.validation.documents import validate_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import Visit

pytestmark = pytest.mark.slow

FORGE = {"type": "github", "url": "https://github.com/acme/registry"}
SAID = {
    "title": 'Rates & "fees" — it\'s #1: yes',
    "description": "Two lines, a \\ and a <b>.",
    "team": "no",
    "repository": "acme/rates",
}


def form_page(out: Path) -> str:
    found = [page for page in out.rglob("*.html") if "data-create" in page.read_text()]
    assert len(found) == 1
    return found[0].relative_to(out).as_posix()


def check_file(name: str, text: str) -> None:
    """The file is one that the tool accepts, and says what was typed."""
    document, problems = validate_document(
        "product", text.encode(), f"registry/products/{name}/product.yaml"
    )
    assert problems == []
    assert document is not None
    extra = document["extra_metadata"]
    assert {**document, **extra}.items() >= SAID.items()


@pytest.mark.parametrize("forge", [True, False], ids=["forge", "no-forge"])
def test_the_form_makes_a_file_that_the_tool_accepts(
    tmp_path: Path, open_page: Callable[..., Visit], forge: bool
) -> None:
    config = {"schema_version": 1, "title": "T", **({"forge": FORGE} if forge else {})}
    build_site(registry(config=config), tmp_path, now=NOW, tool_version=TOOL)
    with open_server(tmp_path) as server:
        visit = open_page(server.url).go(form_page(tmp_path))
        visit.page.fill("[name=name]", "rates-api")
        for field, value in SAID.items():
            visit.page.fill(f"[data-create] [name={field}]", value)
        check_file("rates-api", visit.page.locator("#new-file").text_content() or "")
        if forge:
            href = visit.page.locator("#new-open").get_attribute("href") or ""
            assert href.startswith("https://github.com/acme/registry/new/")
            query = parse_qs(urlsplit(href).query)
            assert query["filename"] == ["registry/products/rates-api/product.yaml"]
            check_file("rates-api", query["value"][0])
        else:
            line = shlex.split(visit.page.locator("#new-command").text_content() or "")
            assert line[:4] == ["versioner", "product", "create", "rates-api"]
            assert SAID["description"] in line
        visit.assert_quiet()


def test_what_was_pasted_makes_no_file_that_the_tool_refuses(
    tmp_path: Path, open_page: Callable[..., Visit]
) -> None:
    build_site(registry(), tmp_path, now=NOW, tool_version=TOOL)
    signs = [*range(32), *range(127, 160), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xD800, 0xDC00]
    with open_server(tmp_path) as server:
        visit = open_page(server.url).go(form_page(tmp_path))
        visit.page.fill("[name=name]", "rates-api")
        for sign in signs:
            for field in ("title", "description", "team", "repository"):
                # As a paste would: `fill` itself would leave some of them out.
                visit.page.locator(f"[data-create] [name={field}]").evaluate(
                    "(box, sign) => { box.value = 'one' + String.fromCharCode(sign) + 'two';"
                    " box.dispatchEvent(new Event('input', {bubbles: true})); }",
                    sign,
                )
            text = visit.page.locator("#new-file").text_content() or ""
            path = "registry/products/rates-api/product.yaml"
            document, problems = validate_document("product", text.encode(), path)
            assert (problems, document is None) == ([], False), hex(sign)
            assert "one" in document["title"] and "two" in document["title"]
        visit.assert_quiet()


def test_names_are_judged_as_the_tool_judges_them(
    tmp_path: Path, open_page: Callable[..., Visit]
) -> None:
    build_site(registry(), tmp_path, now=NOW, tool_version=TOOL)
    names = [
        "a", "a-b", "a1", "1a", "A", "a_b", "-a", "a-", "a--b", "x" * 63, "x" * 64, "con", "nul",
        "com1", "aux", "a.b", "a b", "ä", "git", "head", "my.service",
    ]  # fmt: skip
    with open_server(tmp_path) as server:
        visit = open_page(server.url).go(form_page(tmp_path))
        box = visit.page.locator("[data-create] [name=name]")
        box.evaluate("box => box.removeAttribute('maxlength')")
        for name in names:
            box.fill(name)
            refused = box.get_attribute("aria-invalid") == "true"
            assert refused is not is_name(name), name
        box.fill("My Service")
        assert "my-service" in visit.page.locator("#new-name-fault").inner_text()
        visit.assert_quiet()
