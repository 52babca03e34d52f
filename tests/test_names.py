"""Names, versions and status words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from versioner import names
from versioner.errors import InvalidInput, quoted

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    "name", ["a", "7", "user-service", "production-us-east", "a--b", "x" * 63, "com10", "console"]
)
def test_a_legal_name_is_returned_as_it_is(name: str) -> None:
    assert names.check_name(name, "product") == name


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("User Service", "user-service"),
        ("My.Service", "my-service"),
        ("payment_api", "payment-api"),
        ("-edge-", "edge"),
        ("x" * 64, "x" * 63),
        ("Ünder", "under"),
        ("user-service\n", "user-service"),
        ("con", "con-1"),
        ("../../etc", "etc"),
    ],
)
def test_a_refused_name_gets_the_nearest_legal_one(name: str, meant: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        names.check_name(name, "product")
    assert caught.value.field == "product"
    assert f"did you mean {meant}?" in caught.value.hint


@pytest.mark.parametrize("name", ["", "---", "日本", "\x00", "\ud800"])
def test_a_name_of_which_nothing_is_left_gets_the_rule(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        names.check_name(name, "environment")
    assert "did you mean" not in caught.value.hint
    assert "lower-case letters" in caught.value.hint


@pytest.mark.parametrize("name", ["con", "prn", "aux", "nul", "com1", "lpt9", "git"])
def test_windows_and_git_keep_their_names(name: str) -> None:
    assert not names.is_name(name)


@pytest.mark.parametrize(
    "version",
    [
        "1.10",
        "1.1",
        "v1.4.0",
        "release-q4-2025",
        "release_1234",
        "1.0.0+build.7",
        "a1b2c3d4",
        "app@1.2",
        "feature/x",
        "1:2",
        "1~rc1",
        "x" * 128,
        "lock",
        "a/.b",
    ],
)
def test_any_scheme_of_versions_is_legal(version: str) -> None:
    assert names.check_version(version) == version


@pytest.mark.parametrize(
    ("version", "fault"),
    [
        ("", "empty"),
        ("-1", "begin"),
        ("1 2", "' '"),
        ("1\n", "'\\n'"),
        ("x" * 129, "129 characters"),
        ("1..2", "dot part"),
        ("a//b", "dot part"),
        ("a/./b", "dot part"),
        ("1.", "ends in"),
        ("a/", "ends in"),
        ("a:", "ends in"),
        ("main.lock", "ends in"),
        ("CON", "Windows"),
        ("a/nul/b", "Windows"),
        ("é", "begin"),
        ("1é", "'\\xe9'"),
    ],
)
def test_a_refused_version_hears_which_rule_it_breaks(version: str, fault: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        names.check_version(version)
    assert fault in caught.value.message
    assert caught.value.field == "version"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("dev", "dev"),
        ("local", "dev"),
        ("sandbox", "dev"),
        ("test", "test"),
        ("qa-2", "test"),
        ("integration", "test"),
        ("staging", "staging"),
        ("uat", "staging"),
        ("preprod", "staging"),
        ("production-us-east", "production"),
        ("eu_prod", "production"),
        ("eu.live", "production"),
        ("reproduction", "other"),
        ("demo", "other"),
    ],
)
def test_an_environments_type_is_inferred_from_its_name(name: str, kind: str) -> None:
    assert names.environment_type(name) == kind
    assert names.TYPE_ORDER[names.environment_type(name)] >= 100


@pytest.mark.parametrize(
    ("word", "kind", "status"),
    [
        ("queued", "build", "pending"),
        ("Scheduled", "deployment", "pending"),
        ("IN_PROGRESS", "build", "started"),
        ("init", "deployment", "started"),
        ("deploying", "deployment", "started"),
        ("building", "build", "started"),
        ("Success", "deployment", "completed"),
        ("deployed", "deployment", "completed"),
        ("built", "build", "completed"),
        ("error", "build", "failed"),
        ("canceled", "deployment", "aborted"),
        ("cancelled", "deployment", "aborted"),
        ("skipped", "build", "aborted"),
        ("deployment.completed", "deployment", "completed"),
    ],
)
def test_status_words_of_any_case_are_understood(word: str, kind: str, status: str) -> None:
    assert names.canonical_status(word, kind) == status  # type: ignore[arg-type]


@pytest.mark.parametrize(("word", "kind"), [("built", "deployment"), ("deploying", "build")])
def test_a_status_word_of_the_other_kind_is_refused(word: str, kind: str) -> None:
    with pytest.raises(InvalidInput):
        names.canonical_status(word, kind)  # type: ignore[arg-type]


def test_a_mistyped_status_gets_the_nearest() -> None:
    with pytest.raises(InvalidInput) as caught:
        names.canonical_status("complted", "build")
    assert "did you mean completed?" in caught.value.hint


def test_the_nearest_known_words_come_best_first() -> None:
    known = ["user-service", "user-server", "payment-api"]
    assert names.nearest("User-Servic", known)[0] == "user-service"
    assert names.nearest("zzz", known) == []
    assert len(names.nearest("user-serv", known, limit=1)) == 1


@pytest.mark.parametrize(
    ("value", "may"),
    [("My.Service 2_x", True), ("Ünder", False), ("a/b", True), ("a@b", False), ("--", False)],
)
def test_only_plain_ascii_names_may_be_turned_into_legal_ones(value: str, may: bool) -> None:
    assert names.may_slugify(value) is may


def test_a_legal_name_is_its_own_slug() -> None:
    assert names.slugify("a--b") == "a--b"
    assert names.slugify("A--B") == "a-b"


def test_any_text_is_a_legal_name_or_gets_a_legal_suggestion(
    scale: Callable[[int, int], int],
) -> None:
    @settings(deadline=None, max_examples=scale(300, 10_000))
    @given(st.text(max_size=90) | st.from_regex(r"[a-zA-Z0-9._-]{1,70}\n?"))
    def check(value: str) -> None:
        slug = names.slugify(value)
        assert slug == "" or names.is_name(slug)
        assert names.slugify(slug) == slug
        if names.is_name(value):
            assert slug == value
            assert re.fullmatch(r"[a-z0-9-]{1,63}", value)
        else:
            with pytest.raises(InvalidInput) as caught:
                names.check_name(value, "product")
            assert caught.value.message.isprintable()

    check()


def test_any_text_is_a_legal_version_or_refused_readably(scale: Callable[[int, int], int]) -> None:
    @settings(deadline=None, max_examples=scale(300, 10_000))
    @given(st.text(max_size=140) | st.from_regex(r"[a-zA-Z0-9._+/:~@-]{1,130}\n?"))
    def check(value: str) -> None:
        if names.is_version(value):
            assert not re.search(r"\.\.|//|\s", value)
            assert len(value) <= 128
        else:
            with pytest.raises(InvalidInput) as caught:
                names.check_version(value)
            assert caught.value.message.isprintable()

    check()


@pytest.mark.parametrize("secret", ["AKIA" + "ABCDEFGHIJKLMNOP", "ghp_" + "a" * 36])
def test_a_secret_in_a_names_place_is_not_repeated(secret: str) -> None:
    for check in (
        lambda: names.check_name(secret, "product"),
        lambda: names.check_version(f"{secret} x"),
    ):
        with pytest.raises(InvalidInput) as refused:
            check()
        told = f"{refused.value} {refused.value.message} {refused.value.hint}".lower()
        assert secret.lower()[4:] not in told
        assert "secret key" in told


def test_a_name_in_a_message_is_quoted_on_one_line_without_control_characters() -> None:
    assert quoted("shop") == '"shop"'
    assert quoted("a\nb\x1b[2J\u2028") == '"a\\nb\\x1b[2J\\u2028"'
    assert quoted("Zürich") == '"Zürich"'


@pytest.mark.parametrize("name", ["eu", "eu-west-1", "cluster.eu_1", "7", "x" * 63])
def test_a_legal_name_of_an_instance_is_returned_as_it_is(name: str) -> None:
    assert names.check_instance(name) == name


@pytest.mark.parametrize(
    ("name", "meant"),
    [("EU", "eu"), ("eu..west", "eu-west"), (".eu", "eu"), ("eu west", "eu-west"), ("eu\n", "eu"),
     ("con.eu", "con-eu"), ("x" * 64, "x" * 63), ("eu/west", "eu-west")],
)  # fmt: skip
def test_a_refused_name_of_an_instance_gets_the_nearest_legal_one(name: str, meant: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        names.check_instance(name)
    assert caught.value.field == "instance"
    assert f"did you mean {meant}?" in caught.value.hint


@pytest.mark.parametrize(
    "word", ["undeployed", "removed", "Deleted", "destroyed", "uninstalled", "TERMINATED"]
)
def test_words_for_an_undeployment_are_words_of_deployments_only(word: str) -> None:
    assert names.canonical_status(word, "deployment") == "undeployed"
    with pytest.raises(InvalidInput) as caught:
        names.canonical_status(word, "build")
    assert "undeployed" not in caught.value.hint


@pytest.mark.parametrize(
    ("given", "title"),
    [("My.Service", "My.Service"), ("Größe", "Größe"), ("x" * 255, "x" * 255), ("x" * 256, ""),
     ("", ""), ("a\nb", ""), ("a\x85", ""), ("a\u2028", ""), ("\ud800", ""), ("a\n", "")],
)  # fmt: skip
def test_a_name_as_given_is_a_title_where_the_schema_allows_it(given: str, title: str) -> None:
    assert names.title_of(given) == title
