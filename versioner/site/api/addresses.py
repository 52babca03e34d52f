"""Where the files for machines are: paths from the site's root."""

from __future__ import annotations

from typing import Final

__all__ = [
    "API",
    "DEPLOYMENTS",
    "EVERYTHING",
    "INBOX",
    "INDEX",
    "MATRIX",
    "OPENAPI",
    "REFERENCE",
    "badge",
    "data_of",
    "environment_feed",
    "product_feed",
    "table",
    "team_feed",
]

REFERENCE: Final = "api/index.html"
API: Final = "api/v1/"
INDEX: Final = API + "index.json"
MATRIX: Final = API + "matrix.json"
INBOX: Final = API + "inbox.json"
DEPLOYMENTS: Final = API + "deployments/index.json"
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
