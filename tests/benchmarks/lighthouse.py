"""Run Lighthouse in Chromium on the largest page of each main kind, in the site of the real data.

    npm install --prefix /tmp/lighthouse --ignore-scripts lighthouse
    python tests/benchmarks/lighthouse.py --real-data FOLDER \\
        --node-modules /tmp/lighthouse/node_modules

Serves the site compressed, as every host of pages does, and prints the four scores of each page,
for a phone and for a desktop, how far its layout shifts, and what kept one of the scores below 100.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from tests.browser.conftest import FLAGS  # noqa: E402
from tests.browser.sites import build_real_shape  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = (
    "index.html",
    "products/*/index.html",
    "environments/*/index.html",
    "metrics/index.html",
    "compare/*/*.html",
    "today/index.html",
)
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
KINDS = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript"}


class Compressed(SimpleHTTPRequestHandler):
    """Serve files, the text among them compressed."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        kind = KINDS.get(path.suffix)
        if kind is None or not path.is_file():
            super().do_GET()
            return
        body = gzip.compress(path.read_bytes())
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Cache-Control", "max-age=600")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Compressed, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--real-data", type=Path, metavar="FOLDER", help="else rows of the same shape"
    )
    parser.add_argument("--node-modules", type=Path, required=True)
    parser.add_argument("--site", type=Path, help="a built site, instead of building one")
    options = parser.parse_args()
    source = options.real_data and next(options.real_data.glob("*.csv.gz"))
    with tempfile.TemporaryDirectory(prefix="lighthouse-") as name:
        folder = Path(name)
        site = options.site or build_real_shape(folder / "site", source)
        found = [max(site.glob(each), key=lambda page: page.stat().st_size) for each in PAGES]
        with serving(site) as base:
            for page in (each.relative_to(site).as_posix() for each in found):
                for form in ("mobile", "desktop"):
                    tell(judge(base + page, form, options.node_modules, folder), page, form)


def judge(url: str, form: str, modules: Path, folder: Path) -> dict[str, Any]:
    out = folder / "report.json"
    flags = ["--headless", *FLAGS, f"--user-data-dir={folder / 'profile'}"]
    line = [
        "node",
        str(modules / "lighthouse" / "cli" / "index.js"),
        url,
        "--output=json",
        f"--output-path={out}",
        "--quiet",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--chrome-flags={' '.join(flags)}",
        *(["--preset=desktop"] if form == "desktop" else []),
    ]
    chromium = shutil.which("chromium") or ""
    subprocess.run(line, check=True, env={**os.environ, "CHROME_PATH": chromium})
    return dict(json.loads(out.read_text(encoding="utf-8")))


def tell(report: dict[str, Any], page: str, form: str) -> None:
    scores = {name: report["categories"][name]["score"] for name in CATEGORIES}
    said = ", ".join(f"{name} {round((score or 0) * 100)}" for name, score in scores.items())
    shift = report["audits"]["cumulative-layout-shift"]["displayValue"]
    print(f"{page}, {form}: {said}, layout shift {shift}", flush=True)
    for name, score in scores.items():
        for reference in report["categories"][name]["auditRefs"] if score != 1 else ():
            audit = report["audits"][reference["id"]]
            if reference["weight"] and audit["score"] not in (1, None):
                print(f"  {name}: {audit['title']} {audit.get('displayValue', '')}")


if __name__ == "__main__":
    main()
