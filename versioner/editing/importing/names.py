"""The names of products and environments in an import, and the files that new ones need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn

from versioner import layout
from versioner.errors import Blocked, InvalidInput
from versioner.names import check_name, may_slugify, slugify, title_of
from versioner.rules.near_names import near_name, near_pairs
from versioner.serialization.documents import dump_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.registry.records import Registry

__all__ = ["ImportNames"]

_What = Literal["product", "environment"]
# The time of an event, and the place of its row.
_Place = tuple[str, int, int]


_PATHS: Final[dict[_What, Callable[[str], str]]] = {
    "product": layout.product_path,
    "environment": layout.environment_path,
}


class ImportNames:
    """The names that the rows of one import give, as the registry has them.

    The names in the export of another system (`detected`) are turned into legal ones, like
    those that `track` detects; given names only where the registry has `names: slugify`.
    """

    def __init__(self, registry: Registry, *, detected: bool) -> None:
        self._registry = registry
        self._detected = detected
        self._slugify = registry.config.get("names") == "slugify"
        self._products: dict[str, str] = {}
        self._titles: dict[str, str] = {}
        self._new: dict[_What, dict[str, _Place]] = {"product": {}, "environment": {}}

    def product(self, given: Any) -> str:
        """Return the product of a name or a former one; raise for one that is no legal name."""
        if not isinstance(given, str):
            raise InvalidInput(
                "the row has no product",
                field="product",
                hint="map a column to product, or add --set product=NAME",
            )
        if given not in self._products:
            self._products[given] = self._product(given)
        return self._products[given]

    def _product(self, given: str) -> str:
        name = self._registry.target_of(check_name(self._legal("product", given), "product"))
        if name in self._registry.deleted and name not in self._registry.products:
            self._registry.resolve(name)
        return name

    def environment(self, given: str) -> str:
        """Return the name of an environment, made legal where that is wanted."""
        return self._legal("environment", given)

    def instance(self, given: str) -> str:
        """Return the instance of a name."""
        return slugify(given) or given if self._detected else given

    def canonical(self, environment: str) -> str:
        """Return the environment that a name or a former name leads to."""
        return self._registry.environment_name(environment)

    def _legal(self, what: _What, given: str) -> str:
        if self._detected or (self._slugify and may_slugify(given)):
            name = slugify(given)
            if name and name != given:
                self._titles.setdefault(f"{what} {name}", given)
                return name
        return given

    def require(self, product: str, environment: str, place: _Place) -> None:
        """Note that an event needs these; raise Blocked where the registry creates no new ones.

        `place` is that of the event: the first one comes first in the report.
        """
        new: list[tuple[_What, str]] = []
        if product not in self._registry.products:
            new.append(("product", product))
        if environment and environment not in self._registry.environments:
            new.append(("environment", environment))
        for what, name in new:
            if self._registry.config.get("create") == "never":
                self._refuse(what, name)
        for what, name in new:
            self._new[what][name] = min(place, self._new[what].get(name, place))

    def _refuse(self, what: _What, name: str) -> NoReturn:
        near = near_name(what, name, self._known(what))
        if near:
            raise Blocked(
                f'there is no {what} "{name}", but there is "{near}"', hint=f"did you mean {near}?"
            )
        raise Blocked(
            f'there is no {what} "{name}"',
            hint=f"`versioner {what} create {name}` creates it; registry.yaml has `create: never`",
        )

    def _known(self, what: _What) -> set[str]:
        """Return the names and former names that the registry has."""
        if what == "product":
            return {*self._registry.products, *self._registry.aliases}
        return {*self._registry.environments, *self._registry.environment_aliases}

    def creations(self) -> dict[str, bytes]:
        """Return the files of the new products and environments."""
        return {
            _PATHS[what](name): self._document(what, name)
            for what, places in self._new.items()
            for name in sorted(places, key=lambda name: places[name])
        }

    def _document(self, what: _What, name: str) -> bytes:
        title = title_of(self._titles.get(f"{what} {name}", ""))
        return dump_document(what, {"name": name} | ({"title": title} if title else {}))

    def near(self) -> list[tuple[str, str, str]]:
        """Return each new name that is nearly another one: what it is, the name, the other."""
        found: list[tuple[str, str, str]] = []
        for what in self._new:
            for one, other in near_pairs(what, {*self._known(what), *self._new[what]}):
                new, old = (one, other) if one in self._new[what] else (other, one)
                if new in self._new[what]:
                    found.append((what, new, old))
        return found
