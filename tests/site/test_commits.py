"""Recorded commits on the site: rows, what would ship, feeds, documents, and no others' bytes."""

from __future__ import annotations

import json
import subprocess
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from versioner.cli.errors import run
from versioner.editing.imports import import_file
from versioner.git.repository import open_repository
from versioner.setup.init import initialise

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

NOW = "2026-11-22T10:15:00Z"
EVIL = '<script>alert("x")</script> {{ 7*7 }}'


def listed(since: str, *subjects: str, **more: object) -> dict[str, object]:
    commits = [
        {"id": sha256(each.encode()).hexdigest()[:10], "subject": each, "author": "jane"}
        | ({"keys": ["#12"]} if "#12" in each else {"keys": ["ABC-7"]} if "login" in each else {})
        for each in subjects
    ]
    return {"since": since, **more, "commits": commits}


def add(top: Path, rows: list[tuple[str, str, str, dict[str, object] | None]]) -> None:
    path = top.parent / f"rows-{len(list(top.parent.iterdir()))}.jsonl"
    lines = []
    for at, environment, version, changes in rows:
        event = {
            "at": at, "product": "tea", "environment": environment, "version": version,
            "status": "completed", "deployed_by": "jane",
            "id": f"{at}-{environment}".replace(":", ""),
        }  # fmt: skip
        lines.append(json.dumps(event | ({"changes": changes} if changes else {})))
    path.write_text("\n".join(lines) + "\n")
    import_file(open_repository(top), path, now=NOW)


def build(top: Path, out: Path, *options: str) -> None:
    assert run(["site", "build", "--repo", str(top), "--out", str(out), *options]) == 0


def files(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != ".versioner-site.json"
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("commits") / "registry"
    initialise(top, now=NOW)
    config = top / "registry/registry.yaml"
    patterns = [{"match": "(#N)"}, {"match": "[A-Z]+-N", "url": "https://t.example.com/{key}"}]
    config.write_text(f"{config.read_text()}changes: {json.dumps({'patterns': patterns})}\n")
    subprocess.run(["git", "commit", "-qam", "Patterns"], cwd=top, check=True)
    add(
        top,
        [
            ("2026-09-01T09:00:00Z", "staging", "1.0", None),
            ("2026-09-02T09:00:00Z", "production", "1.0", None),
            ("2026-10-02T09:00:00Z", "staging", "1.1", listed("1.0", "Pour (#12)", "Fix login")),
            ("2026-11-03T09:00:00Z", "production", "1.1", None),
            ("2026-11-04T09:00:00Z", "production", "1.0", None),
            ("2026-11-05T09:00:00Z", "staging", "1.2", listed("1.1", EVIL, "More", more=3)),
        ],
    )
    product = top / "registry/products/tea/product.yaml"
    address = "https://github.com/acme/tea"
    product.write_text(f'{product.read_text()}extra_metadata: {{repository: "{address}"}}\n')
    subprocess.run(["git", "commit", "-qam", "Name the source"], cwd=top, check=True)
    build(top, top.parent / "site")
    return top.parent / "site"


def page(site: Path, path: str) -> str:
    return (site / path).read_text("utf-8")


def test_rows_of_versions_list_commits_with_links_to_forge_and_tickets(site: Path) -> None:
    month = page(site, "products/tea/2026-10.html")
    assert "<summary>2 commits since 1.0</summary>" in month
    sha = sha256(b"Pour (#12)").hexdigest()[:10]
    assert f'href="https://github.com/acme/tea/commit/{sha}"' in month
    assert 'href="https://github.com/acme/tea/pull/12"' in month
    assert 'href="https://t.example.com/ABC-7"' in month
    assert '<span class="quiet">jane</span>' in month
    newest = page(site, "products/tea/2026-11.html")
    assert "5 commits since 1.1" in newest
    assert "and 3 more" in newest
    assert EVIL not in newest
    assert "&lt;script&gt;" in newest


def test_rows_of_deployments_tell_what_came_and_what_was_taken_back(site: Path) -> None:
    assert ">2 commits</a>" in page(site, "products/tea/2026-11.html")
    took = "took away 1.1 (2 commits: Pour (#12); Fix login)"
    row = f'<a href="2026-10.html#v-1.1">{took}</a>'
    assert row in page(site, "products/tea/2026-11.html")
    product = page(site, "products/tea/index.html")
    assert f'<p class="under"><a href="2026-10.html#v-1.1">{took}</a></p>' in product
    assert f'<td class="free">{took}</td>' in product
    assert f'<td class="free">{took}</td>' in page(site, "index.html")
    # What would ship to production: the commits of two versions.
    assert "<summary>7 commits</summary>" in product
    assert ">5 commits</a>" in product


def test_feeds_and_documents_have_the_commits(site: Path) -> None:
    for feed in ("feeds/all.atom", "feeds/products/tea.atom"):
        found = next(
            path for path in site.rglob("*.atom") if str(path).endswith(feed.split("/")[-1])
        )
        text = found.read_text("utf-8")
        assert "2 commits: Pour (#12); Fix login" in text
        assert "took away 1.1 · takes 2 commits away: Pour (#12); Fix login" in text
    document: dict[str, Any] = json.loads(page(site, "api/v1/products/tea/2026-10.json"))
    version = next(each for each in document["versions"] if each["name"] == "1.1")
    changes = version["changes"]
    assert (changes["since"], changes["count"], changes["partial"]) == ("1.0", 2, False)
    assert changes["commits"][0]["keys"] == [
        {"key": "#12", "url": "https://github.com/acme/tea/pull/12"}
    ]
    before = json.loads(page(site, "api/v1/products/tea/2026-09.json"))
    assert all("changes" not in each for each in before["versions"])


def test_what_would_ship_from_one_environment_to_another_has_its_commits(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    evil = "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt; {{ 7*7 }}"
    text = f"7 commits: {evil}; More; Pour (#12); 4 more"
    assert f'<span class="under">{text}</span>' in page(site, "compare/staging/production.html")
    (document,) = json.loads(page(site, "api/v1/compare/staging/production.json"))["differences"]
    assert document["commits"] == {"added": 7, "removed": 0}
    command = ["diff", "production", "staging", "--repo", str(site.parent / "registry")]
    outputs = {}
    for form in ("text", "json", "csv"):
        capsys.readouterr()
        assert run([*command, "-o", form]) == 0
        outputs[form] = capsys.readouterr().out
    (found,) = json.loads(outputs["json"])["differences"]
    assert (found["newer"], found["commits"]) == ("b", document["commits"])
    assert "7 commits:" in outputs["text"]
    header, row = outputs["csv"].splitlines()
    assert header.endswith(",commits.added,commits.removed")
    assert row.endswith(",7,0")


def test_the_search_finds_commits_keys_and_people(site: Path) -> None:
    shards = "".join(path.read_text() for path in (site / "assets/search").glob("*.js"))
    sha = sha256(b"Pour (#12)").hexdigest()[:10]
    for word in (sha, "#12 tea 2026-10 1.1", "abc-7 tea 2026-10 1.1", "jane tea 2026-11 1.2"):
        assert word in shards
    assert shards.count("jane tea") == 1


def test_an_incremental_build_is_that_of_a_cold_one(site: Path) -> None:
    top = site.parent / "registry"
    add(
        top,
        [
            ("2026-11-20T09:00:00Z", "production", "1.2", None),
            # The list of a version comes late, and changes what a row of another month says.
            ("2026-11-21T09:00:00Z", "test", "1.0", listed("0.9", "Begin")),
            ("2026-11-21T10:00:00Z", "staging", "0.9", None),
        ],
    )
    build(top, site)
    build(top, site.parent / "cold", "--fresh")
    assert files(site) == files(site.parent / "cold")
    assert ">7 commits</a>" in page(site, "products/tea/2026-11.html")


def test_hidden_commits_are_nowhere(site: Path) -> None:
    top = site.parent / "registry"
    config = top / "registry/registry.yaml"
    config.write_text(f"{config.read_text()}site: {{hidden_fields: [changes]}}\n")
    subprocess.run(["git", "commit", "-qam", "Hide commits"], cwd=top, check=True)
    build(top, site)
    text = b"".join(files(site).values())
    assert b"jane tea" not in text
    for word in (
        b"Pour (",
        b"Fix login",
        b"takes 2",
        b"(2 commits",
        sha256(b"Pour (#12)").hexdigest()[:10].encode(),
    ):
        assert word not in text
