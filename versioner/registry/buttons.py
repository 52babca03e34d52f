"""Deployment buttons: links of a version in an environment, made of URL templates and variables.

A button links to whatever deploys: a job of a CI system, a form, a runbook. It authorizes nothing.
The names of the system variables are those of the hosted product.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

from versioner import layout
from versioner.models import Problem
from versioner.names import nearest
from versioner.registry.checks.positions import position_in_document
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from versioner.git.snapshot import Snapshot
    from versioner.registry.records import Registry

__all__ = ["SYSTEM_VARIABLES", "Button", "Target", "button_problems", "buttons_of", "fill_template"]

SYSTEM_VARIABLES: Final = {
    "vi_version": "the version",
    "vi_build_number": "the number of the build of the version, empty where no event tells it",
    "vi_product_id": "the name of the product",
    "vi_product_name": "the name of the product",
    "vi_environment_id": "the name of the environment",
    "vi_environment_name": "the name of the environment",
    "vi_sha": "the commit of the version, empty where no event tells it",
}
# A brace twice is a brace; a name in braces is a variable; any other brace is a mistake.
_PART: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
# How many products a message names.
_NAMED: Final = 3


class Target(NamedTuple):
    """The version that a button deploys, and the environment."""

    product: str
    version: str
    environment: str
    build_number: str = ""
    scm_sha: str = ""

    def variables(self) -> dict[str, str]:
        """Return the values of the system variables."""
        return {
            "vi_version": self.version,
            "vi_build_number": self.build_number,
            "vi_product_id": self.product,
            "vi_product_name": self.product,
            "vi_environment_id": self.environment,
            "vi_environment_name": self.environment,
            "vi_sha": self.scm_sha,
        }


@dataclass(frozen=True)
class Button:
    """A link template of a product; `environments` empty stands for every environment.

    With `only_when_allowed` it leads on only while the rules allow the deployment.
    """

    title: str
    template: str
    environments: tuple[str, ...]
    only_when_allowed: bool
    variables: Mapping[str, str]

    def url(self, target: Target) -> str:
        """Return the address for a target, "" where it is no http or https address."""
        try:
            found = fill_template(self.template, self.variables, target.variables())
        except ValueError:
            return ""
        return found if _is_address(found) else ""


def buttons_of(registry: Registry, document: Mapping[str, Any]) -> list[Button]:
    """Return the buttons of a product: its own, then those of the registry with other titles.

    A variable of the product takes precedence over one of the registry; a former name of an
    environment stands for the environment.
    """
    config, current = registry.config, registry.environment_aliases
    variables = {**(config.get("variables") or {}), **(document.get("variables") or {})}
    own = document.get("buttons") or ()
    titles = {each["title"] for each in own}
    shared = [each for each in config.get("buttons") or () if each["title"] not in titles]
    return [
        Button(
            title=each["title"],
            template=each["url"],
            environments=tuple(current.get(name, name) for name in each.get("environments") or ()),
            only_when_allowed=each.get("only_when") == "allowed",
            variables=variables,
        )
        for each in (*own, *shared)
    ]


def fill_template(
    template: str, variables: Mapping[str, str], system: Mapping[str, str] | None = None
) -> str:
    """Return a template with the values of its variables; `{{` and `}}` become braces.

    A system variable is percent-encoded, as its value comes from an event; one of the registry or
    of a product stands as it was written, as it may be the beginning of an address. Raises
    ValueError for a variable without a value and for a single brace.
    """

    def value(part: re.Match[str]) -> str:
        if part[0] in ("{{", "}}"):
            return part[0][0]
        if part[1] is None:
            raise ValueError(f"a single {part[0]}")
        if part[1] in (system or {}):
            return quote((system or {})[part[1]], safe="")
        if part[1] not in variables:
            raise ValueError(f"missing variable: {part[1]}")
        return variables[part[1]]

    return _PART.sub(value, template)


def button_problems(registry: Registry, snapshot: Snapshot) -> Iterator[Problem]:
    """Yield the problems of the buttons of the registry and of its products."""
    yield from _shared_problems(registry, snapshot)
    for name, record in registry.products.items():
        document = record.document
        if "buttons" in document:
            path = layout.product_path(name)
            variables = _known(registry.config, document)
            for index, button in enumerate(document["buttons"]):
                yield from _faults(registry, snapshot, path, index, button, variables)


def _shared_problems(registry: Registry, snapshot: Snapshot) -> Iterator[Problem]:
    for index, button in enumerate(registry.config.get("buttons") or ()):
        lacking: dict[str, list[str]] = {}
        every = _known(registry.config, {})
        wanted = [each for each in _names(button["url"]) if each not in every]
        for name, record in registry.products.items() if wanted else ():
            owned = {each["title"] for each in record.document.get("buttons") or ()}
            for each in wanted:
                if button["title"] not in owned and each not in _known({}, record.document):
                    lacking.setdefault(each, []).append(name)
        # Without products nothing has the variable, and nothing lacks it.
        defined = {each: "" for each in wanted if each not in lacking}
        for each in [each for each in wanted if each in lacking]:
            yield _problem(
                snapshot,
                layout.CONFIG,
                ("buttons", index, "url"),
                f"missing variable: {each}{_products(lacking[each], len(registry.products))}",
                f'add "{each}" to `variables` of {layout.CONFIG}, or of each product.yaml',
            )
            defined[each] = ""
        known = {**every, **defined}
        yield from _faults(registry, snapshot, layout.CONFIG, index, button, known)


def _products(lacking: list[str], total: int) -> str:
    if len(lacking) == total:
        return ""
    names = ", ".join(f'"{each}"' for each in sorted(lacking)[:_NAMED])
    return f" in {names}" + (f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else "")


def _faults(
    registry: Registry,
    snapshot: Snapshot,
    path: str,
    index: int,
    button: Mapping[str, Any],
    variables: Mapping[str, str],
) -> Iterator[Problem]:
    system = Target("p", "1", "e").variables()
    try:
        address = fill_template(button["url"], variables, system)
    except ValueError as fault:
        missing = str(fault).startswith("missing")
        hint = (
            "add it to `variables` of this file or of registry.yaml; the system variables are "
            + ", ".join(SYSTEM_VARIABLES)
            if missing
            else "write {{ or }} for a brace, and {name} for a variable"
        )
        message = str(fault) if missing else f"{fault} is neither a variable nor a brace"
        yield _problem(snapshot, path, ("buttons", index, "url"), message, hint)
    else:
        if not _is_address(address) and not any(each == "" for each in variables.values()):
            message = "this is no address of a page: http or https, a host, no user information"
            hint = "write an address such as https://ci.example.com/deploy?version={vi_version}"
            yield _problem(snapshot, path, ("buttons", index, "url"), message, hint)
    for place, name in enumerate(button.get("environments") or ()):
        if name not in registry.environments and name not in registry.environment_aliases:
            near = nearest(name, registry.environments)
            create = f"run `versioner environment create {name}`"
            yield _problem(
                snapshot,
                path,
                ("buttons", index, "environments", place),
                f'there is no environment "{name}"',
                f"did you mean {' or '.join(near)}? otherwise {create}" if near else create,
            )


def _known(config: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, str]:
    system = dict.fromkeys(SYSTEM_VARIABLES, "x")
    return {**(config.get("variables") or {}), **(document.get("variables") or {}), **system}


def _names(template: str) -> list[str]:
    found = (part[1] for part in _PART.finditer(template) if part[1] is not None)
    return list(dict.fromkeys(found))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return usable and "@" not in parts.netloc and not re.search(r"[\x00-\x20\x7f-\xa0\"<>\\]", url)


def _problem(
    snapshot: Snapshot, path: str, pointer: tuple[str | int, ...], message: str, hint: str
) -> Problem:
    line, column = position_in_document(snapshot.read(path) or b"", pointer)
    return Problem(path, line, column, codes.BUTTON, message, hint)
