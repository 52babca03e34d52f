"""The search index: everything is found, and no search costs a visitor much."""

from __future__ import annotations

import json
import re
from hashlib import sha1
from typing import TYPE_CHECKING

from tests.builders import NOW, build, deployment, moment, product, registry
from tests.site.samples import DIGEST, everything
from versioner.site.context import SiteContext
from versioner.site.exports.search_index import INDEX, LIMIT, search_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from versioner.registry.records import Registry

CALL = re.compile(r"versionerFound\((.*)\);\n", re.DOTALL)


def read(whole: Registry) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the index as a browser does: the names, and the shards by how they begin."""
    said = {}
    for path, content in search_files(SiteContext(whole, now=NOW)):
        found = CALL.fullmatch(content.decode("ascii"))
        assert found, path
        name, data = json.loads(f"[{found[1]}]")
        assert path == INDEX or path == f"assets/search/{name.encode().hex()}.js"
        said[name] = data
    return said.pop(""), said


def lines_for(shards: dict[str, str], word: str) -> list[str]:
    """Return the lines that begin with a word, from the one shard that a search would load."""
    within = [name for name in shards if word.startswith(name)]
    lines = shards[max(within, key=len)].split("\n") if within else []
    return [line for line in lines if line.startswith((word, f"{word[:16]} "))]


def test_products_are_named_with_title_team_and_former_names() -> None:
    names, _ = read(everything())
    assert ["user-service", "Plain words", "Plain words", "login-service"] in names["products"]
    assert ["production", "environments/production/index.html"] in names["environments"]


def test_a_version_is_found_by_its_name_and_by_its_commit() -> None:
    _, shards = read(everything())
    assert lines_for(shards, "1.4.0") == ["1.4.0 user-service 2026-11"]
    found = lines_for(shards, DIGEST)
    assert f"{DIGEST[:16]} user-service 2026-10 1.0.0" in found
    assert any(line.endswith(f" release-{DIGEST}") for line in found)


def test_hidden_commits_are_not_in_the_index() -> None:
    sha = "abcdef0123456789abcdef0123456789abcdef01"
    whole = registry(product("a", [], [build("1", scm_sha=sha)]))
    assert lines_for(read(whole)[1], sha)
    whole.config["site"] = {"hidden_fields": ["scm_sha"]}
    assert not any("abcdef" in text for text in read(whole)[1].values())


def test_a_version_is_found_by_the_digest_of_an_artifact_unless_artifacts_are_hidden() -> None:
    digits = "0123456789abcdef" * 4
    built = build("1.5.0", artifacts={"image": f"sha256:{digits}", "chart": f"sha512:{digits * 2}"})
    whole = registry(product("a", [], [built]))
    assert lines_for(read(whole)[1], digits) == [f"{digits[:16]} a 2026-11 1.5.0"]
    whole.config["site"] = {"hidden_fields": ["artifacts"]}
    assert not any(digits[:16] in text for text in read(whole)[1].values())


def test_no_shard_of_many_versions_is_large_and_every_version_is_found(
    scale: Callable[[int, int], int],
) -> None:
    number = scale(4000, 50000)
    events = [
        deployment(version, at=moment(n, "2024-01-01T00:00:00Z"))
        for n in range(number // 3)
        for version in (f"v{n}", f"a-long-name-of-a-product-{n}", sha1(str(n).encode()).hexdigest())
    ]
    whole = registry(product("a", events))
    names, shards = read(whole)
    assert sorted(names["shards"]) == sorted(shards)
    assert max(map(len, shards.values())) <= LIMIT
    for event in events[:: number // 200]:
        assert lines_for(shards, event["version"]), event["version"]
    # A search loads the names and at most three shards (scripts/search_index.js).
    assert len(json.dumps(names)) + 3 * LIMIT < 100_000


def test_one_more_version_changes_few_shards() -> None:
    events = [deployment(f"v{n}", minutes=-n) for n in range(3000)]
    before = read(registry(product("a", events)))[1]
    after = read(registry(product("a", [*events, deployment("v2999.1", minutes=-1)])))[1]
    assert sum(before.get(name) != text for name, text in after.items()) <= 2
