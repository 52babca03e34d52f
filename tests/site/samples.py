"""A registry with everything that a page can show, small enough to read."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from tests.builders import build, deployment, moment, product, registry, void
from versioner.models.governance import (
    DailyWindow,
    Decision,
    FlowBlock,
    Governance,
    Request,
    Rule,
    ScheduleBlock,
)
from versioner.registry.governance.load import LoadedGovernance

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.registry.records import ProductRecord, Registry

TOOL = "0.1.0"
DIGEST = "73b3cef9dfa7b1d8711edcb3822b1fb2a23e21b4"
ARTIFACTS = {"image": f"sha256:{'ab' * 32}", "chart": f"sha512:{'cd' * 64}"}
DAY = 24 * 60


def _governance(text: str, url: str) -> Governance:
    """Return rules and a request; `text` stands where people write freely."""
    freeze = ScheduleBlock((DailyWindow(22 * 60, 6 * 60),), is_blocked=True)
    flow = FlowBlock(("staging",), soak={"staging": 3600})
    path = "registry/rules/{}.yaml"
    rules = (
        Rule("freeze", path.format("freeze"), "schedule", freeze, title=text, reason=text),
        Rule("staging-first", path.format("staging-first"), "flow", flow, reason=text),
    )
    versions = {"user-service": "1.0.0", "web-frontend": "2026.11.3"}
    request = Request(
        "release", "registry/requests/release/request.yaml", {"versions": versions}, "open",
        ("production",), versions, None, (("user-service",), ("web-frontend",)), {"qa": 1},
        (text,), (text,), text, text, "", ({"title": text, "url": url},),
        (Decision("d1", moment(-5), text, "done", step="before.1", comment=text),),
    )  # fmt: skip
    return Governance(rules, (request,), groups={"qa": ("ann", "bob")})


def everything(text: str = "Plain words", url: str = "https://example.test/page") -> Registry:
    """Return the registry; `text` stands in every field that takes free text."""
    numbers = count(1)

    def event(*args: Any, **fields: Any) -> dict[str, Any]:
        return deployment(*args, id=f"e{next(numbers):031x}", **fields)

    whole = registry(
        _user_service(event, text, url),
        product("empty-thing"),
        product(
            "search-indexer",
            [event(f"release-{DIGEST}", minutes=-90 * DAY), event(DIGEST, minutes=-80 * DAY)],
            lifecycle="deprecated",
            extra_metadata={"team": text},
        ),
        product(
            "web-frontend",
            [
                event("2026.11.1", minutes=-3 * DAY, deployed_by="ann"),
                event("2026.11.2", "failed", minutes=-2 * DAY, reason=text),
                event("2026.11.3", "started", minutes=-DAY - 60, environment="staging"),
                event("2026.11.3", "aborted", minutes=-20, environment="test"),
                event("2026.11.3", "pending", minutes=-10, environment="dev"),
            ],
            depends_on=["user-service"],
        ),
        environments={
            "dev": {"description": text, "metadata": {"region": text}},
            "test": {},
            "staging": {"title": text},
            "production": {},
            "old-live": {"retired": True},
        },
        config={
            "schema_version": 1,
            "title": text,
            "description": text,
            "site": {"footer_links": [{"title": text, "url": url}]},
        },
        revision="1f3c9a7be21d4f60a8b7c6d5e4f3021987abcdef",
        aliases={"login-service": "user-service"},
    )
    whole.load_governance = lambda: LoadedGovernance(_governance(text, url))
    whole.products["web-frontend"].observations = [
        _observation("o1", version="2026.11.2", artifacts={"web": ARTIFACTS["image"]}),
        _observation("o2", version="", versions=["2026.11.1", "2026.11.2"], instance="eu"),
        _observation("o3", version="", images=[f"shop:{word}" for word in text.split()[:3]]),
    ]
    whole.deleted = {
        "legacy-billing": {
            "deleted_at": moment(-30 * DAY),
            "deleted_by": text,
            "last_commit": "c" * 40,
        }
    }
    return whole


def _observation(id_: str, **fields: Any) -> dict[str, Any]:
    place = {"at": moment(-30), "environment": "production", "source": f"source-{id_}"}
    return {**place, **fields, "id": id_}


def _user_service(event: Any, text: str, url: str) -> ProductRecord:
    said = {
        "deployed_by": text,
        "deployed_by_name": text,
        "scm_branch": text,
        "invoke_id": text,
        "job": text,
        "reason": text,
        "deploy_url": url,
        "extra_metadata": {"note": text, "deep": {"inner": [text]}},
    }
    mistaken = event("1.3.0-rc.1+b/7", minutes=-50)
    return product(
        "user-service",
        [
            event("1.0.0", minutes=-40 * DAY, **said),
            event("1.1.0", minutes=-5 * DAY),
            event("1.0.0", minutes=-4 * DAY),
            event("1.0.0", minutes=-3 * DAY),
            event("1.1.0", "started", minutes=-65, environment="staging"),
            event("1.1.0", "completed", minutes=-60, environment="staging"),
            mistaken,
            void(mistaken, id="f1", reason=text, minutes=-40),
        ],
        [
            build("1.0.0", minutes=-41 * DAY, id="b1", notes=text, built_by=text, scm_sha=DIGEST),
            build("1.4.0", "failed", minutes=-5, id="b2", build_url=url, artifacts=ARTIFACTS),
        ],
        title=text,
        description=text,
        links=[{"title": text, "url": url}],
        extra_metadata={
            "team": text,
            "tech_stack": [text, text],
            "slo": {"availability": 99.95, "who": text},
            "on": True,
        },
    )


def plant(top: Path, path: str, old: str, new: str) -> None:
    """Replace the first occurrence of a text in one file of a built site."""
    content = (top / path).read_bytes()
    assert old.encode() in content, f"{path} has no {old}"
    changed = content.replace(old.encode(), new.encode("utf-8", "surrogateescape"), 1)
    (top / path).write_bytes(changed)
