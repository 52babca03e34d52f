"""Where pages are, and how one leads to another: relative links that name the file."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

__all__ = [
    "ABOUT",
    "API",
    "CREATE",
    "DEPLOYMENTS",
    "DEPLOYMENTS_DOCUMENT",
    "ENVIRONMENTS",
    "EVERYTHING",
    "INBOX",
    "INDEX",
    "LOST",
    "MATRIX",
    "OPENAPI",
    "OVERVIEW",
    "PRODUCTS",
    "REFERENCE",
    "badge",
    "data_of",
    "deployment_anchor",
    "deployments_page",
    "environment_feed",
    "environment_month",
    "environment_page",
    "month_page",
    "outward",
    "product_feed",
    "product_page",
    "relative",
    "table",
    "team_feed",
    "version_anchor",
]

OVERVIEW: Final = "index.html"
PRODUCTS: Final = "products/index.html"
CREATE: Final = "products/new.html"
ENVIRONMENTS: Final = "environments/index.html"
DEPLOYMENTS: Final = "deployments/index.html"
ABOUT: Final = "about/index.html"
LOST: Final = "404.html"

# What a URL may be made of to become a link: anything else (spaces, quotes, control and
# bidirectional characters) stays text, where it can be seen for what it is.
_URL: Final = re.compile(r"https?://[A-Za-z0-9.\-_~:/?#\[\]@!$&'()*+,;=%]+", re.IGNORECASE)


def product_page(product: str) -> str:
    """Return the path of a product's page."""
    return f"products/{product}/index.html"


def month_page(product: str, month: str, part: int = 1) -> str:
    """Return the path of a product's month; a crowded month goes on in part 2, 3 ..."""
    return f"products/{product}/{month}{'' if part == 1 else f'-{part}'}.html"


def environment_page(environment: str) -> str:
    """Return the path of an environment's page."""
    return f"environments/{environment}/index.html"


def environment_month(environment: str, month: str, part: int = 1) -> str:
    """Return the path of an environment's month."""
    return f"environments/{environment}/{month}{'' if part == 1 else f'-{part}'}.html"


def deployments_page(month: str, part: int = 1) -> str:
    """Return the path of a month of all deployments."""
    return f"deployments/{month}{'' if part == 1 else f'-{part}'}.html"


def version_anchor(version: str) -> str:
    """Return the anchor of a version; every character of a version is legal in a fragment."""
    return f"v-{version}"


def deployment_anchor(deployment_id: str) -> str:
    """Return the anchor of a deployment."""
    return f"d-{deployment_id}"


@lru_cache(maxsize=65536)
def relative(page: str, target: str) -> str:
    """Return the link from one page to another; it names the file, also to the page itself."""
    here, there = page.split("/")[:-1], target.split("/")
    shared = 0
    while shared < min(len(here), len(there) - 1) and here[shared] == there[shared]:
        shared += 1
    return "../" * (len(here) - shared) + "/".join(there[shared:])


def outward(text: str) -> str:
    """Return a text as the target of a link to elsewhere, or `""` where it must stay text.

    Only `http:` and `https:` with a host and without user information are links.
    """
    if not _URL.fullmatch(text):
        return ""
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return ""
    return text if usable else ""


REFERENCE: Final = "api/index.html"
API: Final = "api/v1/"
INDEX: Final = API + "index.json"
MATRIX: Final = API + "matrix.json"
INBOX: Final = API + "inbox.json"
DEPLOYMENTS_DOCUMENT: Final = API + "deployments/index.json"
OPENAPI: Final = API + "openapi.json"
EVERYTHING: Final = "feeds/all.atom"


def data_of(page: str) -> str:
    """Return the document that says as JSON what a page says."""
    return API + page.removesuffix(".html") + ".json"


def product_feed(product: str) -> str:
    """Return the feed of a product."""
    return f"feeds/products/{product}.atom"


def environment_feed(environment: str) -> str:
    """Return the feed of an environment."""
    return f"feeds/environments/{environment}.atom"


def team_feed(slug: str) -> str:
    """Return the feed of a team, by its name's form in addresses."""
    return f"feeds/teams/{slug}.atom"


def badge(product: str, environment: str, ending: str) -> str:
    """Return a product's badge (`svg`, `json`); without an environment, that of its drift.

    No name has a dot, so the drift badge is no environment's.
    """
    return f"badges/{product}{'/' + environment if environment else '.drift'}.{ending}"


def table(product: str, month: str) -> str:
    """Return the CSV file of a product's deployments in a month."""
    return f"tables/{product}/{month}.csv"
