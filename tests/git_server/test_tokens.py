"""A token lets the tool in, and is seen by nobody but the server it is for."""

from __future__ import annotations

import os
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.git_server.faults import ANY, FETCH_REFS, PUSH_REFS, Redirect, Status
from tests.git_server.processes import Ran, run_versioner
from tests.git_server.proxy import Proxy
from tests.git_server.registries import registry_on
from tests.git_server.traces import arguments, traced_home

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.git_server.served import Served
    from tests.git_server.server import GitServer

pytestmark = pytest.mark.slow

# Of no shape that anybody knows, and one that is known by its shape.
TOKEN = "zq7xplantedtoken9wv4lm2rt8"
SHAPED = "ghp_zq7xPlantedToken9wv4lm2rt8Yk3Bn6Hd1J"
HEADER = "AUTHORIZATION: basic " + b64encode(f"x-access-token:{TOKEN}".encode()).decode()
EVENT = ["--product", "user-service", "--environment", "production", "--version", "9.0.0"]
LOGIN = "the remote requires a login, or does not accept this one"


def forms(token: str) -> list[str]:
    """Return what a token may be found as."""
    logins = ("x-access-token", "oauth2", "gitlab-ci-token", "ci", "")
    basic = [b64encode(f"{login}:{token}".encode()).decode().rstrip("=") for login in logins]
    return [token, quote(token, safe=""), *basic]


@pytest.fixture
def forge(server: GitServer) -> Served:
    return registry_on(server, tokens={TOKEN: "write", SHAPED: "write"})


@pytest.fixture
def elsewhere(server: GitServer) -> Iterator[Proxy]:
    """Stand for another host, which records what it is sent."""
    with Proxy(server.url, host="127.0.0.2") as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return traced_home(tmp_path / "home")


def track(url: str | Path, *more: str, **options: Any) -> Ran:
    return run_versioner(["track", "deployment", "--repo", str(url), *EVENT, *more], **options)


def objects_of(forge: Served) -> str:
    args = ["git", "--git-dir", str(forge.path), "cat-file", "--batch-all-objects", "--batch"]
    return subprocess.run(args, capture_output=True, check=True).stdout.decode("latin-1")


def assert_unseen(ran: Ran, home: Path, forge: Served, token: str = TOKEN) -> None:
    """Hold that a token is in no output, no argument, no file that stays, and not in the forge."""
    seen = {
        "output": ran.said,
        "arguments of git": "\n".join(" ".join(each) for each in arguments(home)),
        "refs": "\n".join(forge.refs()),
        "objects": objects_of(forge) if ran.code == 0 else "",
    }
    for path in home.rglob("*"):
        if path.is_file() and "traces" not in path.parts:
            seen[str(path)] = path.read_text(encoding="utf-8", errors="replace")
    for where, text in seen.items():
        for form in forms(token):
            assert form not in text, f"{where}: {ran.said}"


@pytest.mark.parametrize("via", ["direct", "inbox", "auto"])
def test_it_lets_in_by_one_challenge_for_each_process_of_git(
    forge: Served, proxy: Proxy, home: Path, via: str
) -> None:
    ran = track(
        proxy.url_of(forge), "--via", via, "--debug", env={"VERSIONER_TOKEN": TOKEN}, home=home
    )
    assert ran.code == 0, ran.said
    assert_unseen(ran, home, forge)
    challenges = [each for each in proxy.exchanges if each.status == 401]
    talks = ran.err.count("runs: git --git-dir") - ran.err.count("for-each-ref")
    assert 0 < len(challenges) <= talks
    assert all("info/refs" in each.line for each in challenges)


@pytest.mark.sampled
@pytest.mark.parametrize("via", ["direct", "inbox", "auto"])
@pytest.mark.parametrize(
    ("right", "words"),
    [
        ("expired", LOGIN),
        ("hidden", "the remote has no such repository, or hides it from this token or user"),
        ("read", "this token or user may not push to the remote"),
    ],
)
def test_one_that_does_not_let_in_is_told_as_such_and_the_event_kept(
    server: GitServer, home: Path, via: str, right: str, words: str
) -> None:
    forge = registry_on(server, tokens={TOKEN: right})
    ran = track(forge.url, "--via", via, env={"VERSIONER_TOKEN": TOKEN}, home=home)
    assert ran.code == 6, ran.said
    assert f"not recorded, kept in this machine's spool: {words}" in ran.err
    assert ran.err.startswith("versioner spool: {")
    assert_unseen(ran, home, forge)
    forge.set(tokens={TOKEN: "write"})
    sent = run_versioner(
        ["spool", "send", "--repo", forge.url], env={"VERSIONER_TOKEN": TOKEN}, home=home
    )
    assert sent.code == 0, sent.said
    assert_unseen(sent, home, forge)


def test_none_where_one_is_wanted_names_the_variable(forge: Served) -> None:
    ran = track(forge.url)
    assert ran.code == 6
    assert LOGIN in ran.err
    assert "set VERSIONER_TOKEN" in ran.err


@pytest.mark.sampled
@pytest.mark.parametrize("token", [TOKEN, SHAPED])
@pytest.mark.parametrize(
    "more",
    [
        ["--reason", "because {}"],
        ["--extra-metadata", '{{"note": "{}"}}'],
        ["--extra-metadata", '{{"{}": 1}}'],
        ["--product", "{}"],
        ["--version", "1.0.0-{}"],
        ["--environment", "{}"],
        ["--branch", "{}"],
        ["--event-id", "{}"],
        ["--scm-branch", "feature/{}"],
        ["--invoke-id", "{}"],
        ["--build-url", "https://ci.test/?x={}"],
        ["--no-such-{}"],
        ["--status", "{}"],
    ],
    ids=lambda more: more if isinstance(more, str) else more[0],
)
def test_it_is_refused_as_a_value_and_never_repeated(
    forge: Served, proxy: Proxy, home: Path, token: str, more: list[str]
) -> None:
    planted = [each.format(token) for each in more]
    env = {"VERSIONER_TOKEN": token}
    ran = track(proxy.url_of(forge), *planted, "--debug", "--verbose", env=env, home=home)
    assert ran.code in {2, 4}, ran.said
    assert proxy.requests == 0
    assert_unseen(ran, home, forge, token)


@pytest.mark.parametrize(
    "login", ["ci:{}@", "{}@", "{}:x-oauth-basic@", ":{}@"], ids=["password", "user", "old", "only"]
)
def test_it_is_refused_in_a_url(forge: Served, home: Path, login: str) -> None:
    url = forge.url.replace("://", f"://{login.format(TOKEN)}")
    ran = track(url, "--debug", home=home)
    assert ran.code == 2, ran.said
    assert "the URL holds a password or token" in ran.err
    assert_unseen(ran, home, forge)


@pytest.mark.parametrize(
    "url", ["http://forge.test/x.git", "http://localhost.forge.test/x", "http://127.0.0.1@f.test/x"]
)
def test_it_is_not_sent_in_the_clear(url: str, home: Path, forge: Served) -> None:
    ran = track(url, env={"VERSIONER_TOKEN": TOKEN}, home=home)
    assert ran.code == 2, ran.said
    assert "not sent over http" in ran.err
    assert_unseen(ran, home, forge)


def test_more_than_a_token_is_refused(forge: Served, home: Path) -> None:
    env = {"VERSIONER_TOKEN": f"{TOKEN}\nhost=elsewhere.test"}
    ran = track(forge.url, env=env, home=home)
    assert (ran.code, TOKEN in ran.said) == (2, False)
    ran = track(forge.url, env={"VERSIONER_TOKEN": f"{TOKEN}\n"}, home=home)
    assert ran.code == 0, ran.said


def clone_of(forge: Served, folder: Path, **settings: str) -> Path:
    subprocess.run(["git", "clone", "-q", str(forge.path), str(folder)], check=True)
    for key, value in {"remote.origin.url": forge.url, **settings}.items():
        name = key.replace("__", ".")
        subprocess.run(["git", "-C", str(folder), "config", name, value], check=True)
    return folder


GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "7", "GITHUB_REPOSITORY": "team/code"}
GITLAB = {"GITLAB_CI": "true", "CI_JOB_ID": "7", "CI_PIPELINE_ID": "8", "CI_PROJECT_PATH": "a/b"}


@pytest.mark.sampled
@pytest.mark.parametrize("more", [[], ["--push"]], ids=["recorded remotely", "pushed"])
@pytest.mark.parametrize("login", ["gitlab-ci-token:{}@", "{}@", "{}:x-oauth-basic@"])
def test_it_is_taken_from_the_url_of_a_clone(
    forge: Served, home: Path, tmp_path: Path, login: str, more: list[str]
) -> None:
    url = forge.url.replace("://", f"://{login.format(TOKEN)}")
    top = clone_of(forge, tmp_path / "clone", remote__origin__url=url)
    env = {**GITLAB, "CI_REPOSITORY_URL": url, "GIT_URL": url, "CI_JOB_TOKEN": TOKEN}
    ran = track(top, *more, "--debug", "--verbose", env=env, home=home)
    assert ran.code == 0, ran.said
    assert_unseen(ran, home, forge)
    assert "9.0.0" in forge.file(f"registry/products/user-service/deployments/{month(forge)}.yaml")


def month(forge: Served) -> str:
    paths = forge.git("ls-tree", "-r", "--name-only", "main", "registry/products/user-service")
    return max(Path(path).stem for path in paths.splitlines() if "/deployments/" in path)


@pytest.mark.parametrize("more", [[], ["--push"]], ids=["recorded remotely", "pushed"])
def test_it_is_taken_from_the_header_that_a_checkout_left(
    forge: Served, home: Path, tmp_path: Path, more: list[str]
) -> None:
    key = f"http.{forge.server_url}/.extraheader"
    top = clone_of(forge, tmp_path / "clone", **{key: HEADER})
    ran = track(top, *more, "--debug", env={**GITHUB, "GITHUB_TOKEN": TOKEN}, home=home)
    assert ran.code == 0, ran.said
    assert_unseen(ran, home, forge)


@pytest.mark.parametrize("on", [FETCH_REFS, PUSH_REFS])
@pytest.mark.parametrize("via", ["direct", "inbox"])
def test_a_redirect_to_another_host_never_gets_it(
    forge: Served, proxy: Proxy, elsewhere: Proxy, home: Path, on: str, via: str
) -> None:
    proxy.fail(Redirect(elsewhere.url), on=on, times=9)
    ran = track(proxy.url_of(forge), "--via", via, env={"VERSIONER_TOKEN": TOKEN}, home=home)
    fetches = (on, via) != (FETCH_REFS, "inbox")
    assert (ran.code, elsewhere.requests > 0) == ((6, True) if fetches else (0, False)), ran.said
    assert_unsent(elsewhere)
    assert_unseen(ran, home, forge)


@pytest.mark.parametrize("more", [[], ["--push"]], ids=["recorded remotely", "pushed"])
@pytest.mark.parametrize("kind", ["header", "url"])
def test_a_redirect_never_gets_what_lets_a_clone_in(
    forge: Served,
    proxy: Proxy,
    elsewhere: Proxy,
    home: Path,
    tmp_path: Path,
    kind: str,
    more: list[str],
) -> None:
    proxy.fail(Redirect(elsewhere.url), on=ANY, times=99)
    url = proxy.url_of(forge)
    settings = {"remote.origin.url": url, "http.extraheader": HEADER}
    if kind == "url":
        settings = {"remote.origin.url": url.replace("://", f"://ci:{TOKEN}@")}
    top = clone_of(forge, tmp_path / "clone", **settings)
    ran = track(top, *more, env=GITHUB, home=home)
    assert ran.code in {1, 6}, ran.said
    assert_unsent(elsewhere)
    assert_unseen(ran, home, forge)


def assert_unsent(elsewhere: Proxy) -> None:
    sent = b"".join(each.request.raw for each in elsewhere.exchanges).decode("latin-1")
    for form in forms(TOKEN):
        assert form not in sent
    assert "authorization" not in sent.lower()


def test_a_server_that_repeats_it_is_not_passed_on(forge: Served, proxy: Proxy, home: Path) -> None:
    body = "\n".join(forms(TOKEN)[:3])
    proxy.fail(Status(403, body=f"no right for:\n{body}"), on=ANY, nth=2, times=99)
    ran = track(proxy.url_of(forge), env={"VERSIONER_TOKEN": TOKEN}, home=home)
    assert ran.code == 6
    assert "no right for:" in ran.err
    assert_unseen(ran, home, forge)


def test_a_hook_that_repeats_it_is_not_passed_on(forge: Served, home: Path) -> None:
    hook = forge.path / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\necho 'who is {TOKEN}?' >&2\nexit 1\n")
    hook.chmod(0o755)
    ran = track(forge.url, "--via", "direct", env={"VERSIONER_TOKEN": TOKEN}, home=home)
    assert ran.code == 6
    assert "who is " in ran.err
    assert_unseen(ran, home, forge)


def test_the_hooks_of_a_registry_on_this_machine_do_not_see_it(
    server: GitServer, home: Path, tmp_path: Path
) -> None:
    forge = registry_on(server)
    for name in ("pre-receive", "post-receive", "update"):
        hook = forge.path / "hooks" / name
        hook.write_text(f"#!/bin/sh\nenv >> {tmp_path}/environment\n")
        hook.chmod(0o755)
    ran = track(f"file://{forge.path}", env={"VERSIONER_TOKEN": TOKEN}, home=home)
    assert ran.code == 0, ran.said
    assert TOKEN not in (tmp_path / "environment").read_text(encoding="utf-8")
    assert_unseen(ran, home, forge)


def test_no_process_at_all_has_it_among_its_arguments(
    forge: Served, home: Path, tmp_path: Path
) -> None:
    """git's own account leaves out what is no git: each program in PATH tells of itself here."""
    log = tmp_path / "arguments"
    tools = tmp_path / "tools"
    tools.mkdir()
    folders = os.environ["PATH"].split(os.pathsep)
    for name in ("git", "sh", "ssh", "printf", "env"):
        real = next((p for folder in folders if (p := Path(folder, name)).is_file()), None)
        if real is not None:
            script = f'#!/bin/sh\necho "$0 $*" >> {log}\nexec {real} "$@"\n'
            (tools / name).write_text(script, encoding="utf-8")
            (tools / name).chmod(0o755)
    path = os.pathsep.join([str(tools), *folders])
    ran = track(forge.url, env={"VERSIONER_TOKEN": TOKEN, "PATH": path}, home=home)
    assert ran.code == 0, ran.said
    told = log.read_text(encoding="utf-8")
    assert "push" in told
    for form in forms(TOKEN):
        assert form not in told
