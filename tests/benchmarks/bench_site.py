"""Measure a cold `versioner site build` of the real registry against Hugo.

    python tests/benchmarks/bench_site.py --real-data FOLDER

Whole processes, in turn, in one run. Versioner reads and validates every event, and writes its
pages, API, feeds, badges and tables; Hugo writes as many HTML pages of as many bytes from
ready-made content files: once from Markdown (each row of our tables a row of a Markdown table,
its cells inline HTML), once from bodies that are HTML already and are only put in place. Needs
`hugo` and `git` on PATH (Debian has both). Prints medians and ratios, of the time that passed and
of the processors' (which a busy machine distorts less), and judges nothing.

Ready-made content files are what Hugo calls content: files below `content/`, Markdown unless
somebody says otherwise. From bodies of HTML it only copies, which tells what copying costs.
"""

from __future__ import annotations

import argparse
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parents[2]

CONFIG = """\
baseURL = "https://example.test/"
title = "Pages"
uglyURLs = true
disableKinds = ["taxonomy", "term", "RSS", "sitemap", "robotsTXT", "404", "home", "section"]
[markup.goldmark.renderer]
unsafe = true
"""
LAYOUT = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ .Title }}</title></head>
<body>{{ .Content }}</body></html>
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--real-data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if shutil.which("hugo") is None:
        sys.exit("hugo is missing: apt-get install hugo")
    with tempfile.TemporaryDirectory(prefix="versioner-bench-") as name:
        compare(Path(name), next(options.real_data.glob("*.csv.gz")), options.rounds)


def compare(folder: Path, rows: Path, rounds: int) -> None:
    clone, site = folder / "clone", folder / "site"
    versioner("init", str(clone), cwd=folder)
    versioner("import", str(rows), cwd=clone)
    build_cold(clone, site)
    targets = {kind: make_content(site, folder / kind, kind) for kind in ("md", "html")}
    report("versioner", site)
    times: dict[str, list[Taken]] = {"versioner": [], "again": [], "md": [], "html": []}
    for _ in range(rounds):
        times["versioner"].append(build_cold(clone, site))
        times["again"].append(measured([*command(), "site", "build", "--out", str(site)], clone))
        for kind, top in targets.items():
            shutil.rmtree(top / "public", ignore_errors=True)
            times[kind].append(measured(["hugo", "--quiet"], top))
    for kind, top in targets.items():
        report(f"Hugo, {kind}", top / "public")
    said = {
        "versioner": "versioner site build, cold: reading, validating, pages, API, feeds",
        "again": "the same again, nothing changed",
        "md": "Hugo, from Markdown",
        "html": "Hugo, from finished HTML bodies",
    }
    for key, words in said.items():
        passed = [each.passed for each in times[key]]
        spread = f"{min(passed):.2f} to {max(passed):.2f}"
        worked = statistics.median(each.worked for each in times[key])
        middle = statistics.median(passed)
        print(
            f"{words}: {middle:.2f} s (median of {rounds}; {spread}); {worked:.2f} s of processor"
        )
    for kind in targets:
        ratios = [
            statistics.median(each[part] for each in times["versioner"])
            / statistics.median(each[part] for each in times[kind])
            for part in (0, 1)
        ]
        print(f"versioner cold : {said[kind]} = {ratios[0]:.2f} (of processor {ratios[1]:.2f})")


class Taken(NamedTuple):
    """Say what a process and its children took, in seconds."""

    passed: float
    worked: float


def command() -> list[str]:
    return [sys.executable, "-m", "versioner"]


def versioner(*args: str, cwd: Path) -> None:
    subprocess.run([*command(), *args], cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def build_cold(clone: Path, site: Path) -> Taken:
    """Build into a folder that is not there, with nothing remembered."""
    shutil.rmtree(site, ignore_errors=True)
    shutil.rmtree(clone / ".git" / "versioner", ignore_errors=True)
    return measured([*command(), "site", "build", "--out", str(site)], clone)


def measured(line: list[str], cwd: Path) -> Taken:
    start, worked = time.perf_counter(), children()
    subprocess.run(line, cwd=cwd, check=True, stdout=subprocess.DEVNULL)
    return Taken(time.perf_counter() - start, children() - worked)


def children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def report(who: str, out: Path) -> None:
    pages = [path.stat().st_size for path in out.rglob("*.html")]
    print(f"{who}: {len(pages):,} pages of {sum(pages):,} bytes")


def make_content(site: Path, top: Path, kind: str) -> Path:
    """Turn a built site's pages into the content files of a Hugo site."""
    (top / "layouts" / "_default").mkdir(parents=True)
    (top / "hugo.toml").write_text(CONFIG)
    (top / "config.toml").write_text(CONFIG)
    (top / "layouts" / "_default" / "single.html").write_text(LAYOUT)
    for page in site.rglob("*.html"):
        path = page.relative_to(site)
        # A file called index is a bundle to Hugo, and its neighbours would be part of it.
        stem = "start" if path.stem == "index" else path.stem
        target = top / "content" / path.with_name(f"{stem}.{kind}")
        target.parent.mkdir(parents=True, exist_ok=True)
        text = page.read_text(encoding="utf-8")
        body = text.partition("<body>")[2].rpartition("</body>")[0]
        if kind == "md":
            body = re.sub(r"<table.*?</table>", markdown_table, body, flags=re.DOTALL)
        title = path.as_posix()
        target.write_text(f'---\ntitle: "{title}"\n---\n{body}', encoding="utf-8")
    return top


def markdown_table(found: re.Match[str]) -> str:
    rows = [
        [
            cell.replace("|", "&#124;").replace("\n", " ")
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", found[0], re.DOTALL)
    ]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    rule = "|" + " --- |" * len(rows[0])
    # Blank lines around it end the HTML block that Markdown would take it for.
    return "\n".join(["", "", lines[0], rule, *lines[1:], "", ""])


if __name__ == "__main__":
    main()
