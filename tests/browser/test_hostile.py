"""Hostile texts in every field, in a real browser: shown, never run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.sites import largest_of_each_kind
from tests.builders import NOW
from tests.site.hostile_texts import batches
from tests.site.samples import TOOL, everything
from versioner.site.build import build_site
from versioner.site.server import open_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import Visit

pytestmark = pytest.mark.slow

ALARM = "window.ran = 0; window.pwned = function () { window.ran += 1; };"


def test_no_script_of_a_text_runs_on_any_kind_of_page(
    tmp_path: Path, open_page: Callable[..., Visit], scale: Callable[[int, int], int]
) -> None:
    for number, text in enumerate(batches(scale(400, 8))):
        out = tmp_path / str(number)
        build_site(everything(text), out, now=NOW, tool_version=TOOL)
        with open_server(out) as server:
            visit = open_page(server.url)
            visit.page.add_init_script(ALARM)
            said = visit.faults
            visit.page.on("dialog", lambda dialog, said=said: said.append(dialog.message))
            for kind, path in largest_of_each_kind(out).items():
                visit.go(path)
                assert visit.page.evaluate("window.ran") == 0, kind
                assert visit.page.evaluate("document.querySelectorAll('iframe,object').length") == 0
            visit.assert_quiet()


def test_the_alarm_of_this_test_would_ring(tmp_path: Path, open_page: Callable[..., Visit]) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><img src=x onerror=pwned()>")
    with open_server(tmp_path) as server:
        visit = open_page(server.url)
        visit.page.add_init_script(ALARM)
        visit.go("index.html")
        visit.page.wait_for_function("window.ran === 1")
