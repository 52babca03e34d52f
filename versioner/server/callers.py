"""Who made a request, and what they may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from versioner.server.problems import HttpProblem

if TYPE_CHECKING:
    from versioner.server.tokens import Token

__all__ = ["ANONYMOUS", "Caller", "Person", "Scope", "caller_of_token"]

Scope = Literal["read", "record", "edit", "approve", "admin"]

# What a scope brings with it. `record` brings nothing: a pipeline need not read.
_INCLUDED: Final[dict[str, frozenset[str]]] = {
    "read": frozenset({"read"}),
    "record": frozenset({"record"}),
    "edit": frozenset({"edit", "read"}),
    "approve": frozenset({"approve", "read"}),
    "admin": frozenset({"admin", "approve", "edit", "record", "read"}),
}


@dataclass(frozen=True)
class Person:
    """A person who logged in: what commits may name as author, as `people:` allows."""

    login: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True)
class Caller:
    """Who made a request: a token, a person in a session, a person the proxy names, or nobody.

    `scopes` are those given; `may` knows what they include. No product and no environment mean
    every one. `person` is None for a token of a pipeline. `token_id` is "" unless a token was
    sent, or logged in with.
    """

    name: str
    scopes: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    person: Person | None = None
    token_id: str = ""
    by: Literal["token", "session", "proxy", "nothing"] = "nothing"

    @property
    def is_anonymous(self) -> bool:
        """Return whether nobody is known to have made the request."""
        return self.by == "nothing"

    def may(self, scope: Scope) -> bool:
        """Return whether the caller has a scope, or one that includes it."""
        return any(scope in _INCLUDED.get(each, ()) for each in self.scopes)

    def require(self, scope: Scope) -> None:
        """Raise HttpProblem unless the caller may do what a scope allows."""
        if self.may(scope):
            return
        if self.is_anonymous:
            raise HttpProblem("unauthenticated", "send a token: Authorization: Bearer vr_...")
        raise HttpProblem(
            "forbidden",
            f'"{self.name}" does not have the scope "{scope}"',
            hint=f"`versioner token create NAME --scope {scope}` makes a token that has it"
            if self.token_id
            else "",
        )

    def may_product(self, product: str) -> bool:
        """Return whether the caller may do anything with a product."""
        return not self.products or product in self.products

    def may_environment(self, environment: str) -> bool:
        """Return whether the caller may do anything in an environment."""
        return not self.environments or environment in self.environments

    def require_product(self, *products: str) -> None:
        """Raise HttpProblem for a product that the caller is not allowed.

        Give the product's present name, not one that it had before.
        """
        for each in products:
            if not self.may_product(each):
                raise HttpProblem("forbidden", f'"{self.name}" may not use the product "{each}"')

    def require_environment(self, *environments: str) -> None:
        """Raise HttpProblem for an environment that the caller is not allowed."""
        for each in environments:
            if not self.may_environment(each):
                raise HttpProblem(
                    "forbidden", f'"{self.name}" may not use the environment "{each}"'
                )

    def require_every_product(self) -> None:
        """Raise HttpProblem for a caller that is limited to products.

        For what concerns all products, such as an environment.
        """
        if self.products:
            raise HttpProblem("forbidden", f'"{self.name}" is limited to some products')

    def require_every_environment(self) -> None:
        """Raise HttpProblem for a caller that is limited to environments.

        For what counts in all environments, such as a decision about a version.
        """
        if self.environments:
            raise HttpProblem("forbidden", f'"{self.name}" is limited to some environments')

    def require_unrestricted(self) -> None:
        """Raise HttpProblem for a caller that is limited to products or environments.

        For what concerns the whole registry, such as rules.
        """
        self.require_every_product()
        self.require_every_environment()


ANONYMOUS: Final = Caller("anonymous")


def caller_of_token(token: Token) -> Caller:
    """Return the caller that sent a token."""
    return Caller(
        token.name,
        frozenset(token.scopes),
        frozenset(token.products),
        frozenset(token.environments),
        token_id=token.id,
        by="token",
    )
