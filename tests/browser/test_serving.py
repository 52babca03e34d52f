"""`site serve`: a page that is open shows a new build by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW, deployment, product, registry
from tests.site.samples import TOOL
from versioner.site.build import build_site
from versioner.site.server import open_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import Visit

pytestmark = pytest.mark.slow


def test_an_open_page_reloads_after_a_build(
    tmp_path: Path, open_page: Callable[..., Visit]
) -> None:
    def build(version: str) -> None:
        whole = registry(product("a", [deployment(version)]))
        build_site(whole, tmp_path / "out", now=NOW, tool_version=TOOL)

    build("1.0.0")
    with open_server(tmp_path / "out", reloads=True) as server:
        visit = open_page(server.url)
        with visit.page.expect_response("**/_versioner/events"):
            visit.go("index.html")
        assert "1.0.0" in visit.page.locator("#matrix").inner_text()
        visit.page.wait_for_timeout(300)
        build("2.0.0")
        assert server.builds is not None
        server.builds.announce()
        visit.page.locator("#matrix", has_text="2.0.0").wait_for(timeout=10000)
        visit.assert_quiet()
