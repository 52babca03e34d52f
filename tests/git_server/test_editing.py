"""Commands that edit and look at a registry by its URL, at a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.git_server.faults import PUSH, DropResponse, Status
from tests.git_server.processes import Ran, many, run_versioner, tool
from tests.git_server.registries import registry_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.git_server.proxy import Proxy
    from tests.git_server.served import Served
    from tests.git_server.server import GitServer

pytestmark = pytest.mark.slow

PRODUCT = "registry/products/user-service"


def at(url: str, *args: str, code: int = 0, **options: Any) -> Ran:
    ran = run_versioner([*args, "--repo", url], **options)
    assert ran.code == code, ran.said
    return ran


@pytest.mark.sampled
@pytest.mark.parametrize(
    "options",
    [{}, {"limited": True}, {"filters": False}, {"protocol": 0}, {"protocol": 0, "filters": False}],
    ids=lambda options: "-".join(options) or "plain",
)
def test_on_every_server_a_registry_is_looked_at_and_edited(
    server: GitServer, options: Any
) -> None:
    served = registry_on(server, **options)
    before = served.git("ls-tree", "-r", "main", "--", PRODUCT)
    assert "user-service" in at(served.url, "status").out
    at(served.url, "product", "create", "tea")
    at(served.url, "product", "delete", "user-service", "--yes")
    assert served.git("ls-tree", "-r", "main", "--", PRODUCT) == ""
    at(served.url, "product", "restore", "user-service")
    assert served.git("ls-tree", "-r", "main", "--", PRODUCT) == before
    at(served.url, "validate")
    served.assert_sound()


def test_code_and_pictures_beside_the_registry_are_not_brought(
    server: GitServer, proxy: Proxy
) -> None:
    served = registry_on(server, products=20, events=200, beside=True)
    with proxy.phase() as tally:
        at(proxy.url_of(served), "status")
        at(proxy.url_of(served), "product", "create", "tea")
    assert tally.bytes_down < 400_000


def test_edits_at_once_are_all_made(registry: Served, scale: Callable[[int, int], int]) -> None:
    names = [f"tea-{number}" for number in range(scale(4, 8))]
    jobs = [tool("product", "create", name, "--repo", registry.url) for name in names]
    ran = many(jobs)
    assert [each.code for each in ran] == [0] * len(ran), [each.said for each in ran]
    listed = at(registry.url, "product", "list", "--output", "json").json()
    assert set(names) <= {each["name"] for each in listed}
    registry.assert_sound()


def test_an_edit_whose_answer_is_lost_is_told_as_done(registry: Served, proxy: Proxy) -> None:
    proxy.fail(DropResponse(), on=PUSH)
    ran = at(proxy.url_of(registry), "product", "create", "tea")
    assert registry.tip()[:7] in ran.out
    assert registry.git("log", "--format=%s", "main").count("Create product tea\n") == 1


def test_a_server_that_fails_is_told_and_nothing_is_done(registry: Served, proxy: Proxy) -> None:
    before = registry.tip()
    proxy.fail(Status(500), on=PUSH, times=100)
    at(proxy.url_of(registry), "product", "create", "tea", code=1)
    assert registry.tip() == before


@pytest.mark.parametrize(
    ("protected", "words"), [("github", "GH006"), ("gitlab", "not allowed to push code")]
)
def test_a_protected_branch_is_told_in_its_own_words(
    server: GitServer, protected: str, words: str
) -> None:
    served = registry_on(server, protected=protected)
    before = served.tip()
    assert words in at(served.url, "product", "create", "tea", code=1).err
    assert served.tip() == before


def test_a_token_lets_in_and_is_never_told(server: GitServer) -> None:
    served = registry_on(server, tokens={"t0ken-1": "write", "t0ken-2": "read"})
    env = {"VERSIONER_TOKEN": "t0ken-1"}
    told = [at(served.url, "product", "create", "tea", env=env)]
    told.append(at(served.url, "status", env={"VERSIONER_TOKEN": "t0ken-2"}))
    refused = {"VERSIONER_TOKEN": "t0ken-2"}
    told.append(at(served.url, "product", "create", "mate", code=1, env=refused))
    told.append(at(served.url, "status", code=1))
    assert not any("t0ken" in each.said for each in told)
