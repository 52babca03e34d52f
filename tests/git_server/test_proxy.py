"""The proxy counts, records and fails as told, and the server knows what the client does not."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

import pytest

from tests.git_server.faults import (
    FETCH,
    PUSH,
    PUSH_REFS,
    Cut,
    Delay,
    DropRequest,
    DropResponse,
    Hold,
    HoldResponse,
    Redirect,
    Status,
    StatusAfter,
)
from tests.git_server.processes import Ran, many, plain, run, start
from tests.git_server.proxy import Proxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.git_server.faults import Fault
    from tests.git_server.served import Served
    from tests.git_server.server import GitServer

pytestmark = pytest.mark.slow

REF = "refs/versioner/inbox/user-service/x"


@pytest.fixture
def push(registry: Served, proxy: Proxy) -> list[str]:
    """Give what pushes the tip to a ref of its own, through the proxy."""
    main = "refs/heads/main"
    return ["git", "-C", str(registry.path), "push", "-q", proxy.url_of(registry), f"{main}:{REF}"]


def landed(registry: Served) -> bool:
    return REF in registry.refs()


def test_requests_and_bytes_are_counted_by_phase(
    proxy: Proxy, registry: Served, push: list[str]
) -> None:
    with proxy.phase() as pushing:
        assert run(plain(*push)).code == 0
    with proxy.phase() as looking:
        assert run(plain("git", "ls-remote", proxy.url_of(registry))).code == 0
    assert [line.split()[0] for line in pushing.request_lines] == ["GET", "POST"]
    assert pushing.requests + looking.requests == proxy.requests
    assert pushing.bytes_up > 0
    assert looking.bytes_down == sum(len(each.told) for each in looking.exchanges)
    assert [each.status for each in proxy.exchanges] == [200] * proxy.requests
    assert REF.encode() in pushing.recorded
    proxy.reset()
    assert proxy.requests == proxy.bytes_up == proxy.bytes_down == 0


def test_what_is_recorded_shows_a_token(proxy: Proxy, registry: Served) -> None:
    registry.set(tokens={"s3cret": "write"})
    header = "http.extraHeader=Authorization: Bearer s3cret"
    assert run(plain("git", "-c", header, "ls-remote", proxy.url_of(registry))).code == 0
    assert b"Bearer s3cret" in proxy.recorded


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("fault", "lands", "words"),
    [
        (DropRequest(), False, "Empty reply|closed"),
        (DropRequest(reset=True), False, "reset|Recv failure"),
        (DropResponse(), True, "Empty reply|closed|hung up"),
        (DropResponse(reset=True), True, "reset|Recv failure"),
        (Cut(), True, "transfer closed|hung up|disconnect"),
        (Status(500), False, "500"),
        (Status(503, retry_after="1"), False, "503"),
        (StatusAfter(504), True, "504"),
    ],
    ids=str,
)
def test_a_push_fails_before_or_after_the_server_did_it(
    proxy: Proxy, registry: Served, push: list[str], fault: Fault, lands: bool, words: str
) -> None:
    proxy.fail(fault, on=PUSH)
    ran = run(plain(*push))
    assert ran.code != 0
    assert any(word in ran.err for word in words.split("|")), ran.err
    assert landed(registry) == lands
    assert run(plain(*push)).code == 0
    assert landed(registry)


def test_a_dropped_push_may_be_sent_again_by_libcurl_itself(
    proxy: Proxy, registry: Served, push: list[str]
) -> None:
    proxy.fail(DropResponse(resend=True), on=PUSH)
    ran = run(plain(*push))
    assert ran.code == 1
    assert "reference already exists" in ran.err
    assert landed(registry)
    proxy.fail(DropRequest(resend=True), on=PUSH)
    assert run(plain(*push[:-1], f"main:{REF}2")).code == 0


def test_a_status_may_say_when_to_come_back(proxy: Proxy, push: list[str]) -> None:
    proxy.fail(Status(503, retry_after="7"), on=PUSH_REFS)
    assert run(plain(*push)).code != 0
    assert b"\r\nRetry-After: 7\r\n" in proxy.exchanges[0].told
    assert proxy.exchanges[0].served is None


def test_a_fault_strikes_the_nth_and_as_often_as_told(
    proxy: Proxy, registry: Served, push: list[str]
) -> None:
    proxy.fail(Status(500), on=PUSH_REFS, nth=2, times=2)
    assert [run(plain(*push)).code for _ in range(4)] == [0, 128, 128, 0]
    proxy.fail(Status(500), times=math.inf)
    assert [run(plain(*push)).code for _ in range(3)] == [128] * 3
    proxy.heal()
    assert run(plain(*push)).code == 0


def test_a_redirect_leads_to_another_host(
    server: GitServer, proxy: Proxy, registry: Served, push: list[str]
) -> None:
    with Proxy(server.url, host="127.0.0.2") as other:
        proxy.fail(Redirect(other.url), on=PUSH_REFS)
        ran = run(plain(*push))
        assert ran.code == 0, ran.err
        assert (proxy.requests, other.requests) == (1, 2)
    assert landed(registry)


def test_a_request_and_an_answer_are_held_until_released(
    proxy: Proxy, registry: Served, push: list[str]
) -> None:
    before, after = Hold(), HoldResponse()
    proxy.fail(before, on=PUSH_REFS)
    proxy.fail(after, on=PUSH)
    started = start(plain(*push))
    assert before.reached.wait(30)
    assert not landed(registry)
    before.release.set()
    assert after.reached.wait(30)
    assert landed(registry)
    after.release.set()
    assert started.wait().code == 0


def test_a_client_killed_while_it_waits_harms_nobody(
    proxy: Proxy, registry: Served, push: list[str]
) -> None:
    held = HoldResponse()
    proxy.fail(held, on=PUSH)
    started = start(plain(*push))
    assert held.reached.wait(30)
    started.kill_all()
    assert started.wait().code == -9
    assert landed(registry)
    proxy.heal()
    assert run(plain(*push)).code == 0


def test_a_delayed_request_arrives(proxy: Proxy, registry: Served, push: list[str]) -> None:
    proxy.fail(Delay(0.05), on=PUSH)
    assert run(plain(*push)).code == 0
    assert landed(registry)


def test_an_answer_cut_in_the_middle_is_half_of_it(
    proxy: Proxy, registry: Served, tmp_path: Path
) -> None:
    proxy.fail(Cut(), on=FETCH, nth=2)
    assert run(plain("git", "clone", "-q", proxy.url_of(registry), tmp_path / "clone")).code != 0
    cut = proxy.exchanges[-1]
    assert cut.served is not None
    assert cut.served.raw.startswith(cut.told)
    assert 0 < len(cut.told) < len(cut.served.raw)


def test_many_clients_pass_at_once(proxy: Proxy, registry: Served, push: list[str]) -> None:
    ran: list[Ran] = many(plain(*push[:-1], f"main:{REF}{number}") for number in range(16))
    assert [each.err for each in ran if each.code] == []
    assert len(registry.refs("refs/versioner/")) == 16
    assert proxy.requests == 32


def test_a_large_body_in_chunks_passes(proxy: Proxy, registry: Served, tmp_path: Path) -> None:
    place = tmp_path / "clone"
    assert run(plain("git", "clone", "-q", registry.path, place)).code == 0
    (place / "picture").write_bytes(b"".join(hash_of(number) for number in range(60_000)))
    names = ["-c", "user.name=Jane", "-c", "user.email=jane@example.test"]
    assert run(plain("git", "add", ".", cwd=place)).code == 0
    assert run(plain("git", *names, "commit", "-qm", "Picture", cwd=place)).code == 0
    with proxy.phase() as pushing:
        assert run(plain("git", "push", "-q", proxy.url_of(registry), "main", cwd=place)).code == 0
    assert pushing.bytes_up > 1_900_000
    assert any(each.request.header("transfer-encoding") for each in pushing.exchanges)


def hash_of(number: int) -> bytes:
    from hashlib import sha256

    return sha256(str(number).encode()).digest()


def test_no_thread_is_left(server: GitServer) -> None:
    with Proxy(server.url):
        assert any(thread.name == "proxy" for thread in threading.enumerate())
    assert not any(thread.name == "proxy" for thread in threading.enumerate())
