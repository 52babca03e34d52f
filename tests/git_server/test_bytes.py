"""What a recording costs the network: few requests, and few bytes however large the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.git_server.processes import Ran, plain, run, run_versioner
from tests.git_server.registries import registry_on

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.git_server.proxy import Proxy
    from tests.git_server.served import Served
    from tests.git_server.server import GitServer

pytestmark = pytest.mark.slow

PRODUCT = "service-0007"
_BYTES = 100_000


def track(proxy: Proxy, served: Served, *arguments: str) -> Ran:
    where = ["--product", PRODUCT, "--environment", "production", "-o", "json"]
    url = proxy.url_of(served)
    return run_versioner(["track", "deployment", *where, "--repo", url, *arguments])


def outcome(ran: Ran) -> str:
    assert ran.code == 0, ran.err
    return str(ran.json()["outcome"])


@pytest.fixture
def bare_push(proxy: Proxy, registry: Served, tmp_path: Path) -> int:
    """Return how many requests git itself needs to push a commit that is ready to a new ref."""
    place = tmp_path / "clone"
    assert run(plain("git", "clone", "-q", registry.path, place)).code == 0
    with proxy.phase() as pushing:
        ref = "HEAD:refs/versioner/inbox/user-service/x"
        pushed = run(plain("git", "push", "-q", proxy.url_of(registry), ref, cwd=place))
    assert pushed.code == 0, pushed.err
    return pushing.requests


@pytest.mark.sampled
@pytest.mark.parametrize(("via", "more"), [("inbox", 2), ("direct", 7), ("auto", 7)])
@pytest.mark.parametrize("named", [(), ("--branch", "main")], ids=["", "branch"])
def test_a_recording_takes_few_requests_more_than_a_bare_push(
    proxy: Proxy, registry: Served, bare_push: int, via: str, more: int, named: tuple[str, ...]
) -> None:
    with proxy.phase() as recording:
        ran = track(proxy, registry, "--version", "9.0.0", "--via", via, *named)
    assert outcome(ran) == ("received" if via == "inbox" else "recorded")
    assert recording.requests <= bare_push + more, recording.request_lines


def test_what_waits_of_the_same_product_takes_no_request_more(
    proxy: Proxy, registry: Served, bare_push: int
) -> None:
    for number in range(3):
        track(proxy, registry, "--version", f"9.0.{number}", "--via", "inbox")
    with proxy.phase() as recording:
        assert outcome(track(proxy, registry, "--version", "9.1.0")) == "recorded"
    assert len(registry.event_ids(product=PRODUCT)) == 4
    assert recording.requests <= bare_push + 7


@pytest.fixture
def large(server: GitServer, scale: Callable[[int, int], int]) -> Served:
    return registry_on(server, products=1000, events=scale(20_000, 200_000), beside=True)


def test_a_recording_moves_under_100_kb_of_a_large_registry_beside_code(
    proxy: Proxy, large: Served
) -> None:
    for via in ("direct", "auto", "inbox"):
        with proxy.phase() as recording:
            outcome(track(proxy, large, "--version", f"9-{via}", "--via", via))
        moved = recording.bytes_up + recording.bytes_down
        print(f"{via}: {moved:,} bytes, {recording.requests} requests")
        assert moved < (_BYTES if via != "inbox" else 5_000)
    large.assert_sound()


@pytest.mark.parametrize(
    ("config", "most"),
    [
        # As GitHub reportedly is, and one that has a filter of blobs alone.
        ({"limited": True}, _BYTES),
        (
            {
                "config": {
                    "uploadpackfilter.allow": "false",
                    "uploadpackfilter.blob:none.allow": "true",
                }
            },
            1_500_000,
        ),
    ],
    ids=["limited", "blob:none"],
)
def test_a_limited_server_costs_more_and_it_is_known_how_much(
    proxy: Proxy, large: Served, config: dict[str, object], most: int
) -> None:
    large.set(**config)
    with proxy.phase() as recording:
        assert outcome(track(proxy, large, "--version", "9.0.0", "--via", "direct")) == "recorded"
    moved = recording.bytes_up + recording.bytes_down
    files = len(large.git("ls-tree", "-r", "--name-only", "main", "--", "registry").splitlines())
    print(f"{moved:,} bytes, {recording.requests} requests: {moved / files:.1f} per event file")
    assert moved < most


def test_a_question_fetches_the_files_of_one_product_alone(proxy: Proxy, registry: Served) -> None:
    question = ["check", PRODUCT, "9.0.0", "production", "--allow-unknown-version"]
    with proxy.phase() as asking:
        ran = run_versioner([*question, "--repo", proxy.url_of(registry)])
    assert ran.code == 0, ran.err
    with proxy.phase() as reading:
        run_versioner(["status", "--repo", proxy.url_of(registry)])
    # The directories of all products are listed by both.
    assert asking.bytes_down < reading.bytes_down
    assert asking.requests <= reading.requests
