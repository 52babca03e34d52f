"""versioner doctor against a real server, set like one forge after another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.git_server import faults
from tests.git_server.processes import plain, run, tool
from tests.git_server.registries import registry_on

if TYPE_CHECKING:
    from pathlib import Path

    from tests.git_server.processes import Ran
    from tests.git_server.proxy import Proxy
    from tests.git_server.served import Served
    from tests.git_server.server import GitServer

pytestmark = pytest.mark.slow

LADDER = ["combine:tree:3+blob:none", "tree:0", "blob:none"]


def doctor(url: str | Path, *args: str, **options: Any) -> Ran:
    return run(tool("doctor", "--repo", str(url), "--output", "json", *args, **options))


def found(ran: Ran) -> dict[str, dict[str, str]]:
    """Return the findings by name; where a name has several, the last."""
    assert ran.err == ""
    checks: list[dict[str, str]] = ran.json()["checks"]
    return {check["name"]: check for check in checks}


def verdicts(ran: Ran) -> dict[str, str]:
    return {name: check["verdict"] for name, check in found(ran).items()}


def test_a_server_that_takes_all_is_well(registry: Served) -> None:
    before = registry.refs()
    ran = doctor(registry.url)
    assert ran.code == 0
    checks = found(ran)
    assert {name: check["verdict"] for name, check in checks.items()} == {
        **dict.fromkeys(("git", "spool", "signing", "object-format", "registry"), "ok"),
        **dict.fromkeys(("remote", "branch", "clock", "protocol", "filters"), "ok"),
        **dict.fromkeys(("push", "atomic", "waiting", "refused", "gitattributes"), "ok"),
        **dict.fromkeys(("site", "inbox-refs"), "note"),
    }
    assert checks["filters"]["message"] == ", ".join(LADDER)
    assert checks["branch"]["message"] == "main"
    assert "as on the server" in checks["clock"]["message"]
    assert registry.refs() == before


def test_a_look_moves_little_and_writes_nothing(server: GitServer, proxy: Proxy) -> None:
    served = registry_on(server, products=50, events=500, beside=True)
    with proxy.phase() as tally:
        assert doctor(proxy.url_of(served)).code == 0
    assert tally.bytes_down < 100_000
    assert not any("POST" in line and "receive-pack" in line for line in proxy.request_lines)


def test_a_probe_pushes_a_ref_and_deletes_it_again(registry: Served) -> None:
    before = registry.refs()
    checks = found(doctor(registry.url, "--probe"))
    assert checks["inbox-refs"]["verdict"] == "ok"
    assert "deleted again" in checks["inbox-refs"]["message"]
    assert registry.refs() == before
    registry.assert_sound()


@pytest.mark.thorough
@pytest.mark.parametrize("how", ["update", "pre-receive", "receive.hideRefs", "transfer.hideRefs"])
def test_a_probe_tells_where_there_can_be_no_inbox(registry: Served, how: str) -> None:
    registry.set(custom_refs=how)
    ran = doctor(registry.url, "--probe")
    assert ran.code == 0
    check = found(ran)["inbox-refs"]
    assert check["verdict"] == "warning"
    assert "there is no inbox" in check["message"]
    assert "--via direct" in check["remedy"]
    assert registry.refs("refs/versioner/") == {}


def test_a_ref_that_cannot_be_deleted_is_a_problem(registry: Served) -> None:
    hook = registry.path / "hooks" / "update"
    hook.write_text("#!/bin/sh\ncase $3 in *[1-9a-f]*) ;; *) exit 1 ;; esac\n", encoding="utf-8")
    hook.chmod(0o755)
    ran = doctor(registry.url, "--probe")
    assert ran.code == 1
    check = found(ran)["inbox-refs"]
    assert (check["verdict"], "but not deleted" in check["message"]) == ("problem", True)
    (left,) = registry.refs("refs/versioner/probe/")
    assert left in check["message"]
    told = found(doctor(registry.url))["inbox-refs"]
    assert left in told["message"]


def test_the_answer_to_a_probe_may_be_lost_and_nothing_stays(
    registry: Served, proxy: Proxy
) -> None:
    proxy.fail(faults.DropResponse(), on=faults.PUSH)
    ran = doctor(proxy.url_of(registry), "--probe")
    assert ran.code == 1
    assert found(ran)["inbox-refs"]["verdict"] == "problem"
    assert registry.refs("refs/versioner/") == {}


def test_a_limited_server_takes_two_filters_of_three(registry: Served) -> None:
    registry.set(limited=True)
    ran = doctor(registry.url)
    assert ran.code == 0
    check = found(ran)["filters"]
    assert check["verdict"] == "note"
    assert check["message"].startswith("tree:0, blob:none, but not combine:")


def test_a_server_without_filters_is_a_warning(registry: Served) -> None:
    registry.set(filters=False)
    check = found(doctor(registry.url))["filters"]
    assert check["verdict"] == "warning"
    assert "uploadpack.allowFilter" in check["remedy"]


def test_an_old_protocol_gives_no_objects_by_their_ids(registry: Served) -> None:
    registry.set(protocol=0)
    ran = doctor(registry.url)
    assert ran.code == 0
    assert found(ran)["protocol"]["verdict"] == "warning"
    registry.set(config={"uploadpack.allowAnySHA1InWant": "true"})
    checks = found(doctor(registry.url))
    assert checks["protocol"]["verdict"] == "note"
    assert checks["filters"]["verdict"] == "ok"


def test_a_push_of_several_refs_that_is_not_atomic_is_a_warning(registry: Served) -> None:
    registry.set(atomic=False)
    told = verdicts(doctor(registry.url))
    assert (told["push"], told["atomic"]) == ("ok", "warning")


@pytest.mark.parametrize(
    ("token", "name", "words", "remedy"),
    [
        ("reads", "push", "may not push", "write access"),
        ("old", "remote", "requires a login", "VERSIONER_TOKEN"),
        ("none", "remote", "requires a login", "VERSIONER_TOKEN"),
        ("lost", "remote", "no such repository", "check the URL"),
    ],
)
def test_a_token_that_does_not_serve_is_a_problem_and_is_not_told(
    registry: Served, token: str, name: str, words: str, remedy: str
) -> None:
    registry.set(tokens={"reads": "read", "old": "expired", "lost": "hidden", "w": "write"})
    ran = doctor(registry.url, env={"VERSIONER_TOKEN": f"{token}"})
    assert ran.code == 1
    check = found(ran)[name]
    assert check["verdict"] == "problem"
    assert words in check["message"]
    assert remedy in check["remedy"]
    assert "VERSIONER_TOKEN=" not in ran.said


def test_a_token_is_nowhere_to_be_seen(registry: Served) -> None:
    planted = "planted-0123456789abcdef"
    registry.set(tokens={planted: "write"})
    ran = doctor(registry.url, "--probe", env={"VERSIONER_TOKEN": planted})
    assert ran.code == 0
    assert planted not in ran.said
    assert found(ran)["push"]["message"].startswith("the token in VERSIONER_TOKEN may push")


def test_a_public_registry_without_a_token_may_be_read_alone(registry: Served) -> None:
    registry.set(tokens={"w": "write"}, public=True)
    ran = doctor(registry.url)
    assert ran.code == 1
    told = verdicts(ran)
    assert (told["remote"], told["filters"], told["push"]) == ("ok", "ok", "problem")


def test_a_server_that_is_not_there_is_told_once(registry: Served, tmp_path: Path) -> None:
    ran = doctor("http://127.0.0.1:9/team/registry.git")
    assert ran.code == 1
    told = verdicts(ran)
    assert told["remote"] == "problem"
    assert "push" not in told


def test_a_server_that_never_answers_is_not_waited_for(registry: Served, proxy: Proxy) -> None:
    hold = faults.Hold()
    proxy.fail(hold, times=50)
    try:
        ran = doctor(proxy.url_of(registry), "--timeout", "1")
    finally:
        hold.release.set()
    assert ran.code == 1
    assert "timed out after 1 seconds" in found(ran)["remote"]["message"]


def test_a_server_that_fails_is_a_problem(registry: Served, proxy: Proxy) -> None:
    proxy.fail(faults.Status(500), times=50)
    ran = doctor(proxy.url_of(registry))
    assert ran.code == 1
    assert "server failed" in found(ran)["remote"]["message"]


@pytest.mark.parametrize("fault", [faults.DropRequest(), faults.Cut(), faults.Status(500)])
def test_one_request_that_fails_leaves_the_other_findings(
    registry: Served, proxy: Proxy, fault: faults.Fault
) -> None:
    proxy.fail(fault, on=faults.PUSH_REFS, times=9)
    ran = doctor(proxy.url_of(registry))
    assert ran.code == 1
    told = verdicts(ran)
    assert told["push"] == "problem"
    assert told["filters"] == told["waiting"] == "ok"


def hand_over(served: Served, key: str, *, refusal: dict[str, Any] | None = None) -> str:
    """Put an event among those that wait, or were refused, as those who push there do."""
    files = {"event.json": {"product": "user-service"}, "refusal.json": refusal}
    lines = []
    for name, document in files.items():
        if document is not None:
            (served.path / "blob").write_text(json.dumps(document), encoding="utf-8")
            blob = served.git("hash-object", "-w", "blob").strip()
            lines.append(f"100644 blob {blob}\t{name}\n")
    (served.path / "tree").write_text("".join(lines), encoding="utf-8")
    made = run(plain("sh", "-c", f"git --git-dir={served.path} mktree < {served.path}/tree"))
    who = ("-c", "user.name=T", "-c", "user.email=t@x.test")
    commit = served.git(*who, "commit-tree", "-m", "Event", made.out.strip()).strip()
    folder = "inbox" if refusal is None else "refused"
    served.git("update-ref", f"refs/versioner/{folder}/user-service/{key}", commit)
    return commit


def test_what_waits_and_what_was_refused_on_the_remote_is_told(registry: Served) -> None:
    hand_over(registry, "one")
    hand_over(registry, "two", refusal={"code": 5, "message": "another commit \x1b[31mhas it"})
    ran = doctor(registry.url)
    assert ran.code == 0
    checks = found(ran)
    assert checks["waiting"]["message"].startswith("1 event waits")
    assert checks["waiting"]["verdict"] == "note"
    assert checks["refused"]["verdict"] == "warning"
    assert checks["refused"]["message"].startswith("user-service/two: another commit")
    assert "versioner inbox list" in checks["refused"]["remedy"]
    assert checks["inbox-refs"]["verdict"] == "ok"
    text = run(tool("doctor", "--repo", registry.url))
    assert "\x1b" not in text.out


def test_two_hundred_that_wait_are_a_warning(registry: Served) -> None:
    commit = hand_over(registry, "0")
    moves = "".join(
        f"create refs/versioner/inbox/user-service/{n} {commit}\n" for n in range(1, 200)
    )
    (registry.path / "moves").write_text(moves, encoding="utf-8")
    run(
        plain(
            "sh",
            "-c",
            f"git --git-dir={registry.path} update-ref --stdin < {registry.path}/moves",
        )
    )
    check = found(doctor(registry.url))["waiting"]
    assert check["verdict"] == "warning"
    assert check["message"].startswith("200 events wait")
    assert "versioner collect" in check["remedy"]


def test_another_branch_than_the_remotes_head_is_a_warning(registry: Served) -> None:
    registry.git("branch", "trunk", "main")
    registry.git("symbolic-ref", "HEAD", "refs/heads/trunk")
    assert found(doctor(registry.url))["branch"]["message"] == "trunk"
    checks = found(doctor(registry.url, "--branch", "main"))
    assert checks["branch"]["message"] == "main"


def test_a_url_without_a_registry_is_a_usage_error(registry: Served, server: GitServer) -> None:
    assert doctor(registry.url, "--branch", "nowhere").code == 2
    empty = server.repository()
    ran = doctor(empty.url)
    assert ran.code == 2
    assert "no commit yet" in ran.err


def test_a_url_with_a_password_is_refused_unsaid(registry: Served) -> None:
    ran = doctor(registry.url.replace("//", "//jane:hunter22@"))
    assert ran.code == 2
    assert "hunter22" not in ran.said


def test_a_clone_is_looked_over_with_its_remote(registry: Served, tmp_path: Path) -> None:
    top = tmp_path / "clone"
    run(plain("git", "clone", "-q", registry.url, top))
    ran = doctor(top)
    assert ran.code == 0
    told = verdicts(ran)
    assert told["unpushed"] == told["push"] == told["filters"] == told["registry"] == "ok"
    assert told["hooks"] == "note"
    registry.set(tokens={"w": "write"})
    assert verdicts(doctor(top))["remote"] == "problem"
    header = "AUTHORIZATION: bearer w"
    run(plain("git", "-C", top, "config", f"http.{registry.url}.extraHeader", header))
    assert verdicts(doctor(top))["push"] == "ok"
