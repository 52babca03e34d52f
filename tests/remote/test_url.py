from __future__ import annotations

import pytest

from tests.fixtures.clones import make, sh
from versioner.errors import UsageFault
from versioner.git.repository import open_repository
from versioner.remote.configured import remote_of
from versioner.remote.url import Remote, address_of, is_url

TOKEN = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "url",
    [
        "https://forge.test/team/registry.git",
        "https://jane@forge.test/team/registry.git",
        "https://svc-deploy-production-01@forge.test/x",
        "https://team-of-mine@dev.azure.test/team/_git/registry",
        "http://127.0.0.1:8080/x.git",
        "ssh://git@forge.test:2222/x.git",
        "git@forge.test:team/registry.git",
        "forge:registry.git",
        "file:///srv/registry.git",
    ],
)
def test_what_git_can_reach_is_an_address(url):
    assert is_url(url)
    assert address_of(f" {url}\n") == Remote(url)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://jane:pw@forge.test/team/x.git?token=abc#f", "https://forge.test/team/x.git"),
        ("ssh://git@forge.test:2222/x.git", "ssh://forge.test:2222/x.git"),
        ("git@forge.test:team/x.git", "forge.test:team/x.git"),
        ("file:///srv/x.git", "remote"),
        ("/srv/x.git", "remote"),
        ("C:\\srv\\x.git", "remote"),
    ],
)
def test_what_everybody_may_see_of_an_address_has_no_login_and_no_folder(url, told):
    assert Remote(url).public_url == told


@pytest.mark.parametrize("text", ["registry", "../registry", "/srv/x.git", "C:\\x", "C:/x", "."])
def test_a_folder_is_none(text):
    assert not is_url(text)


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% marker",
        "fd::7",
        "git://forge.test/x.git",
        "ftp://forge.test/x.git",
        "-oProxyCommand=x://y",
        "https://forge.test/x\x1b[31m",
        "https://forge.test/x\nhost=elsewhere.test",
    ],
)
def test_what_else_git_would_take_is_refused(url):
    with pytest.raises(UsageFault, match="is not a URL of a registry") as caught:
        address_of(url)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "url",
    [
        f"https://ci:{TOKEN}@forge.test/x.git",
        f"https://{TOKEN}@forge.test/x.git",
        f"https://{TOKEN}:x-oauth-basic@forge.test/x.git",
        "https://:short@forge.test/x.git",
        "https://ghp_abcdefghijklmnopqrstuv@forge.test/x.git",
        "ssh://git:secret@forge.test/x.git",
    ],
)
def test_a_secret_in_it_is_refused_and_not_repeated(url):
    with pytest.raises(UsageFault, match="the URL holds a password or token") as caught:
        address_of(url)
    for secret in (TOKEN, "short", "secret@", "ghp_"):
        assert secret not in caught.value.message + caught.value.hint


def test_the_token_itself_is_found_wherever_it_stands():
    with pytest.raises(UsageFault, match="holds a password or token"):
        address_of("https://forge.test/plain-words/x.git", "plain-words")


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8080", "127.0.0.1", "127.8.9.1:1", "[::1]:80"]
)
def test_a_token_goes_in_the_clear_to_this_machine_only(host):
    assert address_of(f"http://{host}/x.git", TOKEN).token == TOKEN


@pytest.mark.parametrize(
    "host", ["forge.test", "localhost.forge.test", "127.0.0.1.nip.test", "localhost@forge.test"]
)
def test_a_token_is_not_sent_elsewhere_in_the_clear(host):
    with pytest.raises(UsageFault, match="not sent over http"):
        address_of(f"http://{host}/x.git", TOKEN)


def test_a_token_is_one_word_on_one_line():
    assert address_of("https://forge.test/x", f" {TOKEN}\n").token == TOKEN
    for token in (f"{TOKEN}\nhost=elsewhere", f"{TOKEN}\x00", f"{TOKEN}\x1b"):
        with pytest.raises(UsageFault, match="more than one line"):
            address_of("https://forge.test/x", token)


@pytest.mark.parametrize(
    ("url", "host", "user"),
    [
        ("https://jane@forge.test:8443/x.git", "https://forge.test:8443", "jane"),
        ("https://forge.test", "https://forge.test", ""),
        ("ssh://git@forge.test/x", "", "git"),
        ("file:///srv/x", "", ""),
    ],
)
def test_a_remote_knows_its_host_and_login(url, host, user):
    assert (Remote(url).host, Remote(url).user) == (host, user)


@pytest.fixture
def clone(tmp_path):
    top = make(tmp_path / "c")
    sh(top, "remote", "add", "origin", "https://forge.test/x.git")
    return top


@pytest.mark.parametrize(
    ("url", "plain", "token"),
    [
        ("https://ci:a%2Fb-c@forge.test/x.git", "https://ci@forge.test/x.git", "a/b-c"),
        (f"https://{TOKEN}@forge.test/x.git", "https://forge.test/x.git", TOKEN),
        (f"https://{TOKEN}:x-oauth-basic@forge.test/x", "https://forge.test/x", TOKEN),
        ("https://jane@forge.test/x.git", "https://jane@forge.test/x.git", ""),
        ("git@forge.test:x.git", "git@forge.test:x.git", ""),
        ("/srv/my registry.git", "file:///srv/my%20registry.git", ""),
    ],
)
def test_what_lets_a_clone_in_leaves_its_url(clone, url, plain, token):
    sh(clone, "config", "remote.origin.url", url)
    remote = remote_of(open_repository(clone), "origin")
    assert (remote.url, remote.token, remote.settings) == (plain, token, ())


def test_the_header_of_a_clone_goes_along_by_environment_and_to_no_redirect(clone):
    sh(clone, "config", "http.https://forge.test/.extraheader", "AUTHORIZATION: basic eDp5")
    remote = remote_of(open_repository(clone), "origin")
    assert "AUTHORIZATION: basic eDp5" in remote.env.values()
    assert remote.settings == ("http.followRedirects=false",)


def test_a_token_that_is_given_takes_the_place_of_what_the_clone_has(clone):
    sh(clone, "config", "http.extraheader", "AUTHORIZATION: basic eDp5")
    sh(clone, "config", "remote.origin.url", "https://ci:old-password@forge.test/x.git")
    remote = remote_of(open_repository(clone), "origin", TOKEN)
    assert remote == Remote("https://ci@forge.test/x.git", TOKEN)
    sh(clone, "config", "remote.origin.url", "http://forge.test/x.git")
    with pytest.raises(UsageFault, match="not sent over http"):
        remote_of(open_repository(clone), "origin", TOKEN)
