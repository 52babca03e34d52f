"""References to images are read as container engines read them, and patterns match their names."""

from __future__ import annotations

import time

import pytest

from versioner.rules.images import Image, digest_of, matches_pattern, parse_image

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nginx", Image("docker.io/library/nginx")),
        ("nginx:1.25", Image("docker.io/library/nginx", "1.25")),
        ("acme/web:1", Image("docker.io/acme/web", "1")),
        ("docker.io/nginx", Image("docker.io/library/nginx")),
        ("index.docker.io/library/nginx", Image("docker.io/library/nginx")),
        ("localhost/web:1", Image("localhost/web", "1")),
        ("localhost:5000/web:1.2", Image("localhost:5000/web", "1.2")),
        ("registry:5000/a/b", Image("registry:5000/a/b")),
        (f"registry:5000/web@{DIGEST}", Image("registry:5000/web", "", DIGEST)),
        (f"ghcr.io/acme/shop:1.2@{DIGEST}", Image("ghcr.io/acme/shop", "1.2", DIGEST)),
        ("GHCR.io/acme/shop", Image("ghcr.io/acme/shop")),
        ("[::1]:5000/x:1", Image("[::1]:5000/x", "1")),
        ("ghcr.io/a/b__c-d.e:v1_x", Image("ghcr.io/a/b__c-d.e", "v1_x")),
    ],
    ids=str,
)
def test_the_parts_of_a_reference(text: str, expected: Image):
    assert parse_image(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a b",
        "web:",
        "/web",
        "web/",
        "ghcr.io/Acme/Shop:1 ",
        "web@sha256:12",
        "a//b",
        "web:é",
        "web\n",
        "w" * 600,
        "../web",
        "web:" + "1" * 129,
        DIGEST,
        "sha256:12ab",
        "4edf61bfedce",
    ],
)
def test_a_text_that_names_no_image(text: str):
    assert parse_image(text) is None


def test_the_last_part_of_a_name_has_no_host_port_or_tag():
    for text in ("shop", "localhost:5000/shop", f"ghcr.io/acme/shop:1.2@{DIGEST}"):
        image = parse_image(text)
        assert image is not None
        assert image.last_part == "shop"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DIGEST, DIGEST),
        (f"image={DIGEST}", DIGEST),
        (f"a/b@{DIGEST.upper()}", DIGEST),
        ("", ""),
        ("1.2", ""),
        ("sha256:12", ""),
        (f"{DIGEST}0", ""),
    ],
)
def test_the_digest_that_a_text_ends_in(text: str, expected: str):
    assert digest_of(text) == expected


@pytest.mark.parametrize(
    ("pattern", "image", "expected"),
    [
        ("ghcr.io/acme/shop", "ghcr.io/acme/shop:1", True),
        ("ghcr.io/acme/shop", "ghcr.io/acme/shop-web:1", False),
        ("ghcr.io/acme/shop", "ghcr.io/x/ghcr.io/acme/shop", False),
        ("acme/web", "docker.io/acme/web", True),
        ("acme/web", "ghcr.io/acme/web", False),
        ("nginx", "docker.io/library/nginx:1", True),
        ("registry:5000/web", "registry:5000/web:2", True),
        ("registry:5000/web", "registry:5001/web:2", False),
        ("**/web", "ghcr.io/a/b/web", True),
        ("**/web", "web", True),
        ("**/web", "ghcr.io/a/webber", False),
        ("ghcr.io/*/web", "ghcr.io/a/web", True),
        ("ghcr.io/*/web", "ghcr.io/a/b/web", False),
        ("ghcr.io/**", "ghcr.io/a/b", True),
        ("ghcr.io/**/web", "ghcr.io/web", True),
        ("*.amazonaws.com/shop", "12.dkr.ecr.eu-west-1.amazonaws.com/shop:1", True),
        ("web*", "web-1:2", True),
        ("*/acme/web", "x.io/acme/web", True),
        ("ghcr.io/acme/s*p", "ghcr.io/acme/shop", True),
        ("ghcr.io/acme/s*p", "ghcr.io/acme/shops", False),
        ("ghcr.io/acme/s+p", "ghcr.io/acme/ssp", False),
    ],
)
def test_a_pattern_matches_whole_names(pattern: str, image: str, expected: bool):
    parsed = parse_image(image)
    assert parsed is not None
    assert matches_pattern(pattern, parsed) is expected


def test_a_hostile_pattern_and_a_hostile_name_take_no_time():
    began = time.monotonic()
    image = parse_image("ghcr.io/" + "a" * 480)
    assert image is not None
    assert not matches_pattern("ghcr.io/" + "a*" * 120 + "b", image)
    deep = parse_image("ghcr.io/" + "/".join("a" * 200))
    assert deep is not None
    assert not matches_pattern("ghcr.io/" + "**/a/" * 45 + "b", deep)
    assert parse_image("a-" * 255 + "!") is None
    assert time.monotonic() - began < 1
