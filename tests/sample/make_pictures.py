"""Make the README's pictures again, from the sample: `python tests/sample/make_pictures.py`.

Needs Chromium and Playwright (`pip install -e '.[browser]'`).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from playwright.sync_api import sync_playwright  # noqa: E402

from tests.browser.conftest import FLAGS  # noqa: E402
from tests.browser.sites import build_sample, last_moment  # noqa: E402
from versioner.site.server import open_server  # noqa: E402

PICTURES = {
    "overview.png": ("index.html", 940),
    "product.png": ("products/web-frontend/index.html", 1180),
}


def main() -> None:
    out = PROJECT / ".github" / "images"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        site = build_sample(PROJECT, Path(folder) / "site")
        with open_server(site) as server, sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=[*FLAGS, "--font-render-hinting=none"],
            )
            for name, (path, height) in PICTURES.items():
                take(browser, server.url + path, out / name, height)
            browser.close()


def take(browser: Any, url: str, picture: Path, height: int) -> None:
    page = browser.new_page(
        viewport={"width": 1280, "height": height}, device_scale_factor=1.5, timezone_id="UTC"
    )
    # Ages as on the day of the sample's last event, whenever the picture is taken.
    page.clock.set_fixed_time(last_moment(PROJECT))
    page.goto(url)
    page.screenshot(path=picture)
    page.close()
    print(f"{picture.relative_to(PROJECT)}: {picture.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
