"""Check the content of a registry: its validity, its schemas, and who can read its site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner import layout
from versioner.doctor.checks import guarded, note, ok, problem, warning
from versioner.editing.validate import validate_registry
from versioner.query.doubtful_names import doubtful_names
from versioner.registry.checks.warnings import drifted
from versioner.resources import starter_dir
from versioner.site.privacy import hidden_fields
from versioner.validation.codes import SCHEMA_DRIFT
from versioner.validation.documents import validate_document

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from versioner.doctor.checks import Check
    from versioner.git.snapshot import Snapshot
    from versioner.models import Problem
    from versioner.registry.checks.results_file import ValidatedProducts

__all__ = ["ATTRIBUTES", "check_attributes", "check_config", "check_content", "check_site"]

ATTRIBUTES: Final = ".gitattributes"
_NAME: Final = "gitattributes"

_PEOPLE: Final = frozenset(
    f"{who}_by{what}" for who in ("built", "deployed") for what in ("", "_name", "_email")
)
# Who can read the Pages of a private repository, by forge.
_PAGES: Final = {
    "github": "GitHub Pages are public, even those of a private repository (unless an "
    "organisation of Enterprise Cloud restricts them)",
    "gitlab": "GitLab Pages of a private project are visible to its members only if Pages access "
    "control is on, which a self-managed instance may have switched off",
}
# Parts of the paths of logs that a registry may do without.
_SELDOM: Final = ("/observations/", "/decisions/", "/decisions.yaml")
_OTHER_SERVER: Final = "everybody who can reach the web server can read the site"


def check_content(
    snapshot: Snapshot, now: str, kept: ValidatedProducts | None
) -> tuple[list[Check], Mapping[str, Any]]:
    """Check the content of a snapshot; return the results, and the content of registry.yaml."""
    config: dict[str, Any] = {}

    def validity() -> Iterator[Check]:
        checked = validate_registry(snapshot, now=now, kept=kept)
        config.update(checked.registry.config or {})
        yield _validity(checked.problems, len(checked.registry.products), checked.events)
        for each in doubtful_names(checked.registry):
            yield warning("names", each.text, each.command)

    found = guarded("registry", validity)
    found += guarded("schemas", lambda: _schemas(snapshot))
    paths = snapshot.entries(layout.ROOT)
    used = {each for each in _SELDOM if any(each in path for path in paths)}
    found += check_attributes(lambda: snapshot.read(ATTRIBUTES), used=used)
    return [*found, *check_site(config)], config


def check_config(data: bytes) -> tuple[Check, Mapping[str, Any]]:
    """Check registry.yaml alone, for a registry that is given by its URL."""
    config, problems = validate_document("config", data, layout.CONFIG)
    if any(each.severity == "error" for each in problems):
        return _validity(problems, 0, 0), config or {}
    return ok(
        "registry", "registry.yaml is valid; `versioner validate` in a clone checks all files"
    ), (config or {})


def _validity(problems: list[Problem], products: int, events: int) -> Check:
    errors = [each for each in problems if each.severity == "error"]
    warnings = [each for each in problems if each not in errors and each.code != SCHEMA_DRIFT]
    found = errors or warnings
    if not found:
        return ok("registry", f"valid: {products} products, {events} events")
    kind = "error" if errors else "warning"
    first = found[0]
    text = f"{len(found)} {kind}{'s' * (len(found) > 1)}; the first: " + (
        f"{first.path}:{first.line}: {first.message}"
    )
    return (problem if errors else warning)("registry", text, "`versioner validate` lists them")


def _schemas(snapshot: Snapshot) -> Iterator[Check]:
    differing = drifted(snapshot)
    if differing:
        yield warning(
            "schemas",
            f"{len(differing)} of the files in schemas/ differ from the schemas of this tool: "
            "editors may report other errors",
            "versioner format schemas",
        )
    elif not snapshot.entries("schemas"):
        yield ok("schemas", "the repository has no copies of the schemas")
    else:
        yield ok("schemas", "the copies are the same as the schemas of this tool")


def check_attributes(
    read: Callable[[], bytes | None], *, used: Collection[str] = ()
) -> list[Check]:
    """Check that .gitattributes keeps git from converting the line ends of the logs.

    The logs of observations and decisions count only where the registry has some: `used`.
    """
    return guarded(_NAME, lambda: _attributes(read(), used))


def _attributes(data: bytes | None, used: Collection[str]) -> Iterator[Check]:
    own = (starter_dir() / "dot-gitattributes").read_text("utf-8").splitlines()
    wanted = {line.split()[0] for line in own if line and not line.startswith("#")}
    unused = set(_SELDOM) - set(used)
    wanted = {line for line in wanted if not any(each in line for each in unused)}
    lines = [line.split() for line in (data or b"").decode("utf-8", "replace").splitlines()]
    kept = {parts[0] for parts in lines if "eol=lf" in parts[1:]}
    if wanted <= kept:
        yield ok(_NAME, "git does not convert the line ends of the logs")
        return
    what = "there is no .gitattributes" if data is None else ".gitattributes does not list the logs"
    yield warning(
        _NAME,
        f"{what}: git on Windows may convert their line ends",
        "versioner init --add-missing"
        if data is None
        else f"add to it: {next(line for line in own if line.split()[:1] == [min(wanted)])}",
    )


def check_site(config: Mapping[str, Any]) -> list[Check]:
    """Report who can read the site, and which data of people it shows."""
    forge = str((config.get("forge") or {}).get("type", ""))
    audience = _PAGES.get(forge, _OTHER_SERVER)
    shown = _PEOPLE - hidden_fields(config)
    private = sorted(name for name in shown if name.endswith(("_email", "_name")))
    if private:
        return [
            warning(
                "site",
                f"{audience}; it shows {', '.join(private)}, if they are recorded",
                "set `people: login` in registry.yaml, or list them under `site: hidden_fields:`",
            )
        ]
    what = "logins, but no names or e-mail addresses" if shown else "no personal data"
    return [note("site", f"{audience}; it shows {what}")]
