"""Paths of the site's files, and relative links between them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

__all__ = [
    "ABOUT",
    "API",
    "AS_IT_WAS",
    "CALENDAR",
    "CALENDAR_DOCUMENT",
    "CLOSED_TIMES",
    "COMPARE",
    "CREATE",
    "DEPLOYMENTS",
    "DEPLOYMENTS_DOCUMENT",
    "ENVIRONMENTS",
    "EVERYTHING",
    "FAILURES",
    "FREEZES",
    "GLOSSARY",
    "INBOX",
    "INCIDENT",
    "INDEX",
    "LOST",
    "MATRIX",
    "METRICS_PAGE",
    "OPENAPI",
    "OVERVIEW",
    "PEOPLE",
    "PRODUCTS",
    "RECORD",
    "REFERENCE",
    "REQUESTS",
    "RULES",
    "RULES_DOCUMENT",
    "TEAMS",
    "TODAY",
    "TODAY_DOCUMENT",
    "TODAY_FEED",
    "TODAY_MAIL",
    "WEEK",
    "as_it_was_data",
    "as_it_was_page",
    "badge",
    "changes_document",
    "compare_page",
    "data_of",
    "deployment_anchor",
    "deployments_page",
    "environment_feed",
    "environment_month",
    "environment_page",
    "month_page",
    "outward",
    "person_page",
    "product_feed",
    "product_page",
    "relative",
    "request_page",
    "table",
    "team_feed",
    "team_page",
    "version_anchor",
]

OVERVIEW: Final = "index.html"
TODAY: Final = "today/index.html"
WEEK: Final = "today/week.html"
TODAY_MAIL: Final = "today/mail.html"
INCIDENT: Final = "incident/index.html"
PRODUCTS: Final = "products/index.html"
CREATE: Final = "products/new.html"
ENVIRONMENTS: Final = "environments/index.html"
DEPLOYMENTS: Final = "deployments/index.html"
COMPARE: Final = "compare/index.html"
AS_IT_WAS: Final = "as-it-was/index.html"
TEAMS: Final = "teams/index.html"
PEOPLE: Final = "people/index.html"
METRICS_PAGE: Final = "metrics/index.html"
FAILURES: Final = "metrics/failures.html"
RULES: Final = "rules/index.html"
REQUESTS: Final = "requests/index.html"
CALENDAR: Final = "calendar/index.html"
FREEZES: Final = "freezes.ics"
GLOSSARY: Final = "glossary/index.html"
ABOUT: Final = "about/index.html"
RECORD: Final = "record/index.html"
LOST: Final = "404.html"

# Only a URL of these characters becomes a link: with spaces, quotes, control or bidirectional
# characters it stays text, where a reader sees it as it is.
_URL: Final = re.compile(r"https?://[A-Za-z0-9.\-_~:/?#\[\]@!$&'()*+,;=%]+", re.IGNORECASE)


def product_page(product: str) -> str:
    """Return the path of a product's page."""
    return f"products/{product}/index.html"


def month_page(product: str, month: str, part: int = 1) -> str:
    """Return the path of a product's month; a month with many rows has parts 2, 3 ..."""
    return f"products/{product}/{month}{'' if part == 1 else f'-{part}'}.html"


def environment_page(environment: str) -> str:
    """Return the path of an environment's page."""
    return f"environments/{environment}/index.html"


def environment_month(environment: str, month: str, part: int = 1) -> str:
    """Return the path of an environment's month."""
    return f"environments/{environment}/{month}{'' if part == 1 else f'-{part}'}.html"


def team_page(slug: str) -> str:
    """Return the path of a team's page."""
    return f"teams/{slug}/index.html"


def person_page(slug: str) -> str:
    """Return the path of a person's page."""
    return f"people/{slug}/index.html"


def as_it_was_page(month: str) -> str:
    """Return the path of the page of the state at the end of a month."""
    return f"as-it-was/{month}.html"


def as_it_was_data(month: str) -> str:
    """Return the path of the document of what changed in a month."""
    return f"{API}as-it-was/{month}.json"


def compare_page(one: str, other: str) -> str:
    """Return the path of the page that compares two environments, in the order of promotion."""
    return f"compare/{one}/{other}.html"


def request_page(request: str) -> str:
    """Return the path of a deployment request's page."""
    return f"requests/{request}/index.html"


def deployments_page(month: str, part: int = 1) -> str:
    """Return the path of a month of all deployments."""
    return f"deployments/{month}{'' if part == 1 else f'-{part}'}.html"


def version_anchor(version: str) -> str:
    """Return the anchor of a version, whose characters are all legal in a fragment."""
    return f"v-{version}"


def deployment_anchor(deployment_id: str) -> str:
    """Return the anchor of a deployment."""
    return f"d-{deployment_id}"


@lru_cache(maxsize=65536)
def relative(page: str, target: str) -> str:
    """Return the relative link from one page to another, with the file name."""
    here, there = page.split("/")[:-1], target.split("/")
    shared = 0
    while shared < min(len(here), len(there) - 1) and here[shared] == there[shared]:
        shared += 1
    return "../" * (len(here) - shared) + "/".join(there[shared:])


def outward(text: str) -> str:
    """Return a URL from data as the target of a link, or `""` where it must stay text.

    Only `http:` and `https:` URLs with a host and without user information become links.
    """
    # Nearly all texts are no URL.
    if text[:1] not in ("h", "H") or not _URL.fullmatch(text):
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
# A script with the closed times of rules, for pages that stay as they are from build to build.
CLOSED_TIMES: Final = "assets/closed_times.js"
RULES_DOCUMENT: Final = API + "rules.json"
CALENDAR_DOCUMENT: Final = API + "calendar.json"
OPENAPI: Final = API + "openapi.json"
EVERYTHING: Final = "feeds/all.atom"
TODAY_DOCUMENT: Final = API + "today.json"
TODAY_FEED: Final = "feeds/days.atom"


def data_of(page: str) -> str:
    """Return the path of the JSON document with the data of a page."""
    return API + page.removesuffix(".html") + ".json"


def changes_document(month: str) -> str:
    """Return the path of the document with the changes of a month."""
    return f"{API}changes/{month}.json"


def product_feed(product: str) -> str:
    """Return the path of a product's feed."""
    return f"feeds/products/{product}.atom"


def environment_feed(environment: str) -> str:
    """Return the path of an environment's feed."""
    return f"feeds/environments/{environment}.atom"


def team_feed(slug: str) -> str:
    """Return the path of a team's feed."""
    return f"feeds/teams/{slug}.atom"


def badge(product: str, environment: str, suffix: str) -> str:
    """Return the path of a product's badge (`svg`, `json`); without environment, of its drift.

    Names of environments have no dot, so none is that of the drift badge.
    """
    return f"badges/{product}{'/' + environment if environment else '.drift'}.{suffix}"


def table(product: str, month: str) -> str:
    """Return the path of the CSV file with a product's deployments of a month."""
    return f"tables/{product}/{month}.csv"
