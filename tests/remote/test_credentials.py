from __future__ import annotations

import os
import subprocess
from base64 import b64encode

import pytest

from versioner.git.process import Completed
from versioner.remote.credentials import (
    credential_env,
    credential_settings,
    masked,
    ssh_settings,
)
from versioner.remote.url import Remote

TOKEN = 'it\'s a/to$(ken) "of" `odd` %s shape\\'


def filled(remote: Remote, url: str, *more: str) -> dict[str, str]:
    """Ask git for the credentials of a URL, as it asks itself when a server wants some."""
    protocol, _, rest = url.partition("://")
    asked = f"protocol={protocol}\nhost={rest.partition('/')[0]}\n\n"
    settings = [part for each in credential_settings(remote) for part in ("-c", each)]
    done = subprocess.run(
        ["git", *settings, *more, "credential", "fill"],
        input=asked,
        env={**os.environ, **credential_env(remote), "GIT_TERMINAL_PROMPT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def test_git_gets_the_token_for_its_host_whatever_is_in_it():
    remote = Remote("https://forge.test/x.git", TOKEN)
    told = filled(remote, "https://forge.test/x.git")
    assert (told["username"], told["password"]) == ("x-access-token", TOKEN)


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.test/x.git",
        "http://forge.test/x.git",
        "https://forge.test:8443/x.git",
        "https://forge.test.elsewhere.test/x.git",
        "https://sub.forge.test/x.git",
    ],
)
def test_no_other_host_scheme_or_port_gets_it(url):
    told = filled(Remote("https://forge.test/x.git", TOKEN), url)
    assert TOKEN not in told.values()


@pytest.mark.parametrize(
    ("url", "login"),
    [
        ("https://forge.test/x", "x-access-token"),
        ("https://gitlab.com/x", "oauth2"),
        ("https://bitbucket.org/x", "x-token-auth"),
        ("https://jane@forge.test/x", "jane"),
        ("https://jane%40forge.test@forge.test/x", "jane@forge.test"),
    ],
)
def test_the_login_is_the_urls_or_what_the_forge_expects(url, login):
    assert credential_env(Remote(url, TOKEN))["VERSIONER_TOKEN_USER"] == login


def test_it_stands_in_no_setting_and_the_users_own_helpers_do_not_hear_of_it(tmp_path):
    remote = Remote("https://forge.test/x.git", TOKEN)
    assert not any(TOKEN in each for each in credential_settings(remote))
    own = ["-c", f"credential.helper=!f() {{ cat >> {tmp_path}/heard; }}; f"]
    settings = [part for each in credential_settings(remote) for part in ("-c", each)]
    said = f"protocol=https\nhost=forge.test\nusername=x\npassword={TOKEN}\n\n"
    for action in ("approve", "reject"):
        subprocess.run(
            ["git", *own, *settings, "credential", action],
            input=said,
            env={**os.environ, **credential_env(remote)},
            text=True,
            check=True,
        )
    assert not (tmp_path / "heard").exists()


@pytest.mark.parametrize("url", ["ssh://git@forge.test/x", "file:///srv/x", "git@forge.test:x"])
def test_what_is_not_http_gets_none(url):
    assert (credential_settings(Remote(url, TOKEN)), credential_env(Remote(url, TOKEN))) == ([], {})
    plain = Remote("https://forge.test/x")
    assert (credential_settings(plain), credential_env(plain)) == ([], {})


def test_what_is_repeated_of_it_is_masked():
    basic = b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    said = f"remote: {TOKEN}\nremote: {basic}\nremote: fine\n"
    done = masked(Completed(1, f"!\t({TOKEN})".encode(), said), Remote("https://f.test/x", TOKEN))
    assert done.stdout == b"!\t(***)"
    assert TOKEN not in done.stderr
    assert basic.rstrip("=") not in done.stderr
    assert "remote: fine" in done.stderr


def test_what_is_repeated_of_a_header_is_masked():
    basic = b64encode(b"x-access-token:a-token-of-a-job").decode()
    env = {"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {basic}"}
    env["GIT_CONFIG_VALUE_1"] = "Authorization: Bearer another-token"
    said = f"remote: {basic} a-token-of-a-job another-token\n"
    done = masked(Completed(1, b"", said), Remote("https://f.test/x", env=env))
    assert "token" not in done.stderr
    assert basic.rstrip("=") not in done.stderr


def test_what_is_too_short_to_be_a_secret_is_left_alone():
    done = Completed(1, b"refs/heads/main", "remote: main\n")
    assert masked(done, Remote("https://forge.test/x", "main")) == done


@pytest.mark.parametrize("url", ["ssh://git@forge.test/x", "git@forge.test:x", "forge:x"])
def test_ssh_asks_nobody_and_waits_for_no_host_for_minutes(url, tmp_path, monkeypatch):
    (setting,) = ssh_settings(Remote(url), tmp_path)
    assert "BatchMode=yes" in setting
    assert "ConnectTimeout" in setting
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -i key")
    assert ssh_settings(Remote(url), tmp_path) == []


def test_ssh_is_run_as_the_user_says(tmp_path, monkeypatch):
    config = tmp_path / "config"
    config.write_text("[core]\n\tsshCommand = ssh -i key\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert ssh_settings(Remote("ssh://git@forge.test/x"), tmp_path) == []


@pytest.mark.parametrize("url", ["https://forge.test/x", "file:///srv/x", "/srv/x"])
def test_what_needs_no_ssh_gets_no_setting_of_it(url, tmp_path):
    assert ssh_settings(Remote(url), tmp_path) == []
