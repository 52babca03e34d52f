"""What can be fetched of a site by programs: addresses with parameters, and what they answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["ENDPOINTS", "PARAMETERS", "Endpoint"]

_JSON: Final = "application/json"
_NAME: Final = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Describe one kind of file: its address from the site's root, and what it holds.

    `schema` names the component of a JSON document; other files have none.
    """

    name: str
    path: str
    title: str
    description: str
    schema: str = ""
    media: str = _JSON

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the names of the address's parameters, in order."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    def matches(self, path: str) -> bool:
        """Tell whether a file of the site is of this kind."""
        parts = re.split(r"\{(\w+)\}", self.path)
        pattern = "".join(
            PARAMETERS[part][1] if number % 2 else re.escape(part)
            for number, part in enumerate(parts)
        )
        return re.fullmatch(pattern, path) is not None

    def at(self, values: dict[str, str]) -> str:
        """Return the address for some values of the parameters."""
        return self.path.format(**values)


# What each parameter is, and what it looks like.
PARAMETERS: Final[dict[str, tuple[str, str]]] = {
    "product": ("A product's name.", _NAME),
    "environment": ("An environment's name.", _NAME),
    "part": (
        "A month of UTC, as `2026-11`; the further parts of a crowded month are `2026-11-2` and "
        "so on. A product's document lists them.",
        "[0-9]{4}-[0-9]{2}(?:-[0-9]+)?",
    ),
    "month": ("A month of UTC, as `2026-11`.", "[0-9]{4}-[0-9]{2}"),
    "team": ("A team's form in addresses; the index lists them.", _NAME),
}

ENDPOINTS: Final = (
    Endpoint(
        "index",
        "api/v1/index.json",
        "The registry",
        "What it holds, and the addresses that everything else is found from.",
        "Index",
    ),
    Endpoint(
        "matrix",
        "api/v1/matrix.json",
        "What runs where",
        "The environment state matrix: every product by every environment that is not retired.",
        "Matrix",
    ),
    Endpoint(
        "products",
        "api/v1/products/index.json",
        "Products",
        "All products, and those that were deleted.",
        "Products",
    ),
    Endpoint(
        "product",
        "api/v1/products/{product}/index.json",
        "A product",
        "What it is, what runs where, and the parts that its history comes in.",
        "Product",
    ),
    Endpoint(
        "history",
        "api/v1/products/{product}/{part}.json",
        "A product's versions and deployments",
        "Everything recorded in a month. A closed month never changes.",
        "History",
    ),
    Endpoint(
        "environments",
        "api/v1/environments/index.json",
        "Environments",
        "All environments, in order.",
        "Environments",
    ),
    Endpoint(
        "environment",
        "api/v1/environments/{environment}/index.json",
        "An environment",
        "What runs there, and its latest deployments.",
        "Environment",
    ),
    Endpoint(
        "deployments",
        "api/v1/deployments/index.json",
        "The latest deployments",
        "The latest 200 of everything, newest first. Older ones are in the products' histories.",
        "Deployments",
    ),
    Endpoint(
        "inbox",
        "api/v1/inbox.json",
        "What is not recorded yet",
        "Events that were received and wait to be recorded, and those that were refused.",
        "Inbox",
    ),
    Endpoint(
        "build",
        "build.json",
        "The build",
        "The commit and the time that the site was built from.",
        "Build",
    ),
    Endpoint(
        "badge",
        "badges/{product}/{environment}.json",
        "A badge's facts",
        "What runs of a product in an environment, as shields.io's endpoint badge takes it.",
        "Shield",
    ),
    Endpoint(
        "drift",
        "badges/{product}.drift.json",
        "A drift badge's facts",
        "Whether a product's environments run different versions, as shields.io takes it.",
        "Shield",
    ),
    Endpoint(
        "badge-picture",
        "badges/{product}/{environment}.svg",
        "A badge",
        "What runs of a product in an environment, as a picture.",
        media="image/svg+xml",
    ),
    Endpoint(
        "drift-picture",
        "badges/{product}.drift.svg",
        "A drift badge",
        "Whether a product's environments run different versions, as a picture.",
        media="image/svg+xml",
    ),
    Endpoint(
        "table",
        "tables/{product}/{month}.csv",
        "A month's deployments as a table",
        "UTF-8, comma, a heading. A cell that a spreadsheet would take for a formula has an "
        "apostrophe in front.",
        media="text/csv",
    ),
    Endpoint(
        "feed",
        "feeds/all.atom",
        "The feed of everything",
        "The latest 50 deployments. Ids are made of event ids, and stay when the site moves.",
        media="application/atom+xml",
    ),
    Endpoint(
        "product-feed",
        "feeds/products/{product}.atom",
        "A product's feed",
        "Its latest 50 deployments.",
        media="application/atom+xml",
    ),
    Endpoint(
        "environment-feed",
        "feeds/environments/{environment}.atom",
        "An environment's feed",
        "Its latest 50 deployments.",
        media="application/atom+xml",
    ),
    Endpoint(
        "team-feed",
        "feeds/teams/{team}.atom",
        "A team's feed",
        "The latest 50 deployments of its products.",
        media="application/atom+xml",
    ),
)
