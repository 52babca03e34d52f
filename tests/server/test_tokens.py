"""Tokens: made once, stored hashed, limited, revoked."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from typing import TYPE_CHECKING

import pytest

from versioner.errors import Ambiguous, InvalidInput, NotFound
from versioner.server.tokens import TokenStore, expiry_of

if TYPE_CHECKING:
    from pathlib import Path

NOW = "2026-11-29T12:00:00Z"


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / "state")


def made(store: TokenStore, name: str = "ci", *scopes: str, **limits: object) -> str:
    return store.create(name, scopes or ("record",), now=NOW, random=os.urandom, **limits).text


def test_a_token_has_its_form_and_is_accepted(store: TokenStore) -> None:
    text = made(store)
    assert re.fullmatch(r"vr_[a-z0-9]{10}_[A-Za-z0-9]{40}", text)
    token = store.check(text, now=NOW)
    assert token is not None
    assert (token.name, token.scopes) == ("ci", ("record",))


def test_the_folder_holds_a_hash_and_never_the_secret(store: TokenStore, tmp_path: Path) -> None:
    secret = made(store).rpartition("_")[2]
    held = b"".join(each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())
    assert secret.encode() not in held
    assert hashlib.sha256(secret.encode()).hexdigest().encode() in held


@pytest.mark.skipif(os.name != "posix", reason="no permissions of this kind")
def test_files_are_readable_by_their_owner_only_whatever_the_umask(
    store: TokenStore, tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        store.check(made(store), now=NOW)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.rglob("*") if each.is_file()}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1] + ("a" if text[-1] != "a" else "b"),
        lambda text: text + "a",
        lambda text: text + "\n",
        lambda text: text.upper(),
        lambda text: text.replace("vr_", "sk_"),
        lambda text: f"vr_../../{text[3:]}",
        lambda text: f"vr_{'z' * 10}_{text.rpartition('_')[2]}",
        lambda _text: "",
        lambda _text: "vr__",
        lambda text: text.replace("_", "\u005f\u0335"),
    ],
)
def test_what_differs_from_the_token_in_anything_is_refused(store: TokenStore, change) -> None:
    text = made(store)
    assert store.check(change(text), now=NOW) is None
    assert store.check(text, now=NOW) is not None


def test_a_revoked_token_is_refused_at_once_also_by_another_process(
    store: TokenStore, tmp_path: Path
) -> None:
    by_name, by_id = made(store), made(store, "other")
    TokenStore(tmp_path / "state").revoke("ci")
    assert store.check(by_name, now=NOW) is None
    store.revoke(by_id.split("_")[1])
    assert store.check(by_id, now=NOW) is None
    assert store.list() == []
    with pytest.raises(NotFound):
        store.revoke("ci")


def test_an_expired_token_is_refused_from_its_moment_on(store: TokenStore) -> None:
    text = made(store, "ci", "read", expires="2026-12-01T00:00:00Z")
    assert store.check(text, now="2026-11-30T23:59:59Z") is not None
    assert store.check(text, now="2026-12-01T00:00:00Z") is None
    assert store.find(text.split("_")[1], now="2026-12-01T00:00:00Z") is None


def test_the_list_tells_the_last_use_to_the_minute_and_no_secret(store: TokenStore) -> None:
    text = made(store)
    assert store.list()[0].used == ""
    store.check(text, now="2026-11-29T13:14:15Z")
    (listed,) = store.list()
    assert listed.used == "2026-11-29T13:14:00Z"
    assert text.rpartition("_")[2] not in repr(listed)


@pytest.mark.parametrize(
    ("name", "scopes", "limits"),
    [
        ("", ("read",), {}),
        ("a b", ("read",), {}),
        ("a\n", ("read",), {}),
        ("../x", ("read",), {}),
        ("x" * 64, ("read",), {}),
        ("ci", (), {}),
        ("ci", ("root",), {}),
        ("ci", ("read",), {"products": ["No Name"]}),
        ("ci", ("read",), {"environments": [".."]}),
        ("ci", ("read",), {"expires": NOW}),
    ],
)
def test_a_value_that_is_not_valid_makes_no_token(store: TokenStore, name, scopes, limits) -> None:
    with pytest.raises(InvalidInput):
        store.create(name, scopes, now=NOW, random=os.urandom, **limits)
    assert store.list() == []


def test_a_name_is_taken_until_its_token_is_revoked(store: TokenStore) -> None:
    made(store)
    with pytest.raises(InvalidInput, match='"ci"'):
        made(store)
    store.revoke("ci")
    made(store)


def test_two_tokens_of_one_name_are_told_apart_by_id(store: TokenStore, tmp_path: Path) -> None:
    first = made(store)
    file = tmp_path / "state" / "tokens" / f"{first.split('_')[1]}.json"
    other = file.read_text("ascii").replace(first.split("_")[1], "b" * 10)
    file.with_name(f"{'b' * 10}.json").write_text(other, "ascii")
    with pytest.raises(Ambiguous):
        store.revoke("ci")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"id": "x"}', b"null"])
def test_a_damaged_file_is_no_token_and_harms_no_other(
    store: TokenStore, tmp_path: Path, content: bytes
) -> None:
    damaged, whole = made(store), made(store, "other")
    (tmp_path / "state" / "tokens" / f"{damaged.split('_')[1]}.json").write_bytes(content)
    assert store.check(damaged, now=NOW) is None
    assert store.check(whole, now=NOW) is not None
    assert [each.name for each in store.list()] == ["other"]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("90d", "2027-02-27T12:00:00Z"),
        ("2w", "2026-12-13T12:00:00Z"),
        ("2027-01-31", "2027-01-31T23:59:59Z"),
        ("2027-01-31T10:00:00+02:00", "2027-01-31T08:00:00Z"),
    ],
)
def test_an_expiry_is_a_duration_a_date_or_a_time(text: str, end: str) -> None:
    assert expiry_of(text, NOW) == end


@pytest.mark.parametrize("text", ["soon", "", "90", "999999999w", "2027-13-01"])
def test_another_expiry_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        expiry_of(text, NOW)
