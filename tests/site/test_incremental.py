"""A page is rendered again only when its view or its templates changed, with the same bytes."""

from __future__ import annotations

import ast
import json
import os
import random
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW, deployment, moment, product, registry
from tests.site.samples import DAY, TOOL, everything
from versioner.errors import OperationFailed, ValidationFailed
from versioner.site.build import BuildReport, build_site
from versioner.site.rendering import parallel_render, processes, render_cache
from versioner.site.rendering.render import Templates
from versioner.site.rendering.render_cache import RENDERERS, RenderCache
from versioner.site.template_overrides import NO_OVERRIDES, Overrides

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from versioner.registry.records import Registry

pytestmark = pytest.mark.slow


def build(
    whole: Registry,
    folder: Path,
    *,
    now: str = NOW,
    overrides: Overrides = NO_OVERRIDES,
    jobs: int = 1,
) -> BuildReport:
    return build_site(
        whole,
        folder / "out",
        now=now,
        tool_version=TOOL,
        overrides=overrides,
        cache=folder / "memory.json",
        jobs=jobs,
    )


def content(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file()
    }


def history(name: str, number: int, minutes: float = 0) -> list[dict[str, Any]]:
    """Return the events of several months, a hundred days old and older."""
    return [
        deployment(
            f"v{n}",
            minutes=minutes - (100 + n * 10) * DAY,
            id=f"{name}-{n}",
            environment=("staging", "production")[n % 2],
        )
        for n in reversed(range(number))
    ]


def products(number: int) -> list[Any]:
    return [product(f"p{n}", history(f"p{n}", 12)) for n in range(number)]


def test_a_second_build_renders_nothing(tmp_path: Path) -> None:
    first = build(everything(), tmp_path)
    second = build(everything(), tmp_path)
    assert first.rendered == first.pages == second.pages
    assert (second.rendered, second.written, second.removed) == (0, 0, 0)
    assert second.unchanged == first.written


def test_one_more_event_renders_only_the_pages_whose_view_changed(tmp_path: Path) -> None:
    whole = registry(*products(9))
    build(whole, tmp_path)
    old = content(tmp_path / "out")
    events = [*whole.products["p3"].deployment_events, deployment("v100", id="new")]
    whole.products["p3"] = product("p3", events)
    report = build(whole, tmp_path)
    new = content(tmp_path / "out")
    pages = [path for path in new if path.endswith(".html")]
    changed = {path for path in pages if new[path] != old.get(path)}
    assert report.pages == len(pages) > 60
    assert report.rendered == len(changed) < 25
    others = {path for path in changed if path.startswith("products/p")}
    # The month before leads to the new one.
    months = {"products/p3/2026-08.html", "products/p3/2026-11.html"}
    assert others == {"products/p3/index.html", *months}


def test_a_month_that_passed_renders_no_closed_month_again(tmp_path: Path) -> None:
    whole = registry(*products(3))
    build(whole, tmp_path)
    old = content(tmp_path / "out")
    build(whole, tmp_path, now=moment(30 * DAY))
    new = content(tmp_path / "out")
    assert [path for path in new if "/20" in path and new[path] != old.get(path)] == []


def test_a_build_after_random_edits_makes_the_bytes_of_a_cold_one(
    tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    choice = random.Random(20261122)
    whole = registry(*products(4))
    for step in range(scale(8, 80)):
        _edit(whole, choice, step)
        build(whole, tmp_path, now=moment(step * 60))
        cold = tmp_path / f"cold-{step}"
        build(whole, cold, now=moment(step * 60))
        assert content(tmp_path / "out") == content(cold / "out"), step


def _edit(whole: Registry, choice: random.Random, step: int) -> None:
    name = choice.choice(sorted(whole.products))
    record = whole.products[name]
    event = deployment(f"v{step}", minutes=step * 60 - choice.choice((0, 2, 150)) * DAY)
    what = choice.choice(("event", "event", "describe", "add", "remove", "title"))
    if what == "event":
        events = sorted([*record.deployment_events, event], key=lambda each: str(each["at"]))
        said = {key: value for key, value in record.document.items() if key != "name"}
        whole.products[name] = product(name, events, **said)
    elif what == "describe":
        whole.products[name] = product(
            name, record.deployment_events, description=f"Said at {step}"
        )
    elif what == "add" or (what == "remove" and len(whole.products) < 3):
        whole.products[f"q{step}"] = product(f"q{step}", [event])
    elif what == "remove":
        del whole.products[name]
    else:
        whole.config["title"] = f"Title {step % 2}"


def test_a_page_that_was_touched_or_lost_is_made_again(tmp_path: Path) -> None:
    build(everything(), tmp_path)
    out = tmp_path / "out"
    old = content(out)
    (out / "index.html").write_text("<h1>Mine now</h1>")
    (out / "about" / "index.html").unlink()
    lost = out / "products" / "index.html"
    lost.unlink()
    (tmp_path / "elsewhere.html").write_bytes(old["products/index.html"])
    lost.symlink_to(tmp_path / "elsewhere.html")
    assert build(everything(), tmp_path).rendered == 3
    assert content(out) == old
    assert not lost.is_symlink()


@pytest.mark.parametrize("harm", [b"", b"{", b'{"format":"versioner-pages/1"}', b"[]", b"\xff"])
def test_a_damaged_memory_costs_time_and_nothing_else(tmp_path: Path, harm: bytes) -> None:
    build(everything(), tmp_path)
    old = content(tmp_path / "out")
    (tmp_path / "memory.json").write_bytes(harm)
    report = build(everything(), tmp_path)
    assert (report.rendered, report.written) == (report.pages, 0)
    assert content(tmp_path / "out") == old
    assert build(everything(), tmp_path).rendered == 0


def test_a_memory_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "memory.json").mkdir()
    assert build(everything(), tmp_path).pages > 10


def test_what_a_build_forgets_another_folder_may_still_need(tmp_path: Path) -> None:
    memory = tmp_path / "memory.json"
    for turn in range(2):
        for text in ("one", "two"):
            report = build_site(
                everything(text), tmp_path / text, now=NOW, tool_version=TOOL, cache=memory
            )
            assert (report.rendered == 0) is (turn == 1)
    assert len(json.loads(memory.read_text())["pages"]) < 2 * report.pages + 1


def test_a_changed_template_renders_the_pages_that_use_it(tmp_path: Path) -> None:
    build(everything(), tmp_path)
    about = Overrides({"about.html": '{% extends "versioner:about.html" %}\n'})
    assert build(everything(), tmp_path, overrides=about).rendered == 1
    base = Overrides({"base.html": '{% extends "versioner:base.html" %}\n'})
    report = build(everything(), tmp_path, overrides=base)
    # A mail has no frame.
    assert report.rendered == report.pages - 1


def test_a_templates_hash_covers_what_it_reaches_and_nothing_else() -> None:
    own = {
        "page.html": "{% extends \"base.html\" %}{%- include 'part.html' %}",
        "base.html": "base",
        "part.html": "part",
        "other.html": "other",
        "any.html": "{% include name %}",
    }

    def prints(over: dict[str, str]) -> dict[str, bytes]:
        templates = Templates(own, over)
        return {name: templates.fingerprint(name) for name in own}

    plain = prints({})
    changed = {
        name: {each for each, found in prints({name: "changed"}).items() if found != plain[each]}
        for name in own
    }
    assert changed == {
        "page.html": {"page.html", "any.html"},
        "base.html": {"base.html", "page.html", "any.html"},
        "part.html": {"part.html", "page.html", "any.html"},
        "other.html": {"other.html", "any.html"},
        "any.html": {"any.html"},
    }


def test_the_key_of_a_page_covers_every_module_that_renders_it() -> None:
    for module in RENDERERS:
        tree = ast.parse(Path(render_cache.__file__).with_name(module).read_text())
        at_run_time = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        types = [n for each in tree.body if isinstance(each, ast.If) for n in ast.walk(each)]
        needed = {n.module for n in at_run_time if n not in types and n.module}
        own = {name for name in needed if name.startswith("versioner.site.")}
        assert {f"{name.rpartition('.')[2]}.py" for name in own} <= {*RENDERERS}


def test_equal_views_have_one_key_and_others_have_another(tmp_path: Path) -> None:
    memory, templates = RenderCache(None), Templates({"a.html": "x"})
    shared = "long enough to be shared"
    views = [
        {"a": 1}, {"a": True}, {"a": "1"}, {"a": None}, {"a": ["1"]}, {"b": 1}, {"a": 1.0},
        {"a": [shared, shared]}, {"a": 1, "b": 2},
    ]  # fmt: skip
    keys = [memory.key(templates, "a.html", view) for view in views]
    assert len(set(keys)) == len(views)
    again = {"a": [shared, "".join(["long enough", " to be shared"])]}
    assert memory.key(templates, "a.html", again) == keys[7]


def many() -> Registry:
    """Return a registry with pages enough to be shared among processes."""
    return registry(*products(40))


def test_several_processes_make_the_bytes_of_one(tmp_path: Path) -> None:
    if not processes.can_fork():
        pytest.skip("this process cannot be forked")
    one, three = tmp_path / "one", tmp_path / "three"
    assert build(many(), one) == build(many(), three, jobs=3)
    assert content(one / "out") == content(three / "out")
    assert (one / "memory.json").exists()
    assert build(many(), three, jobs=3).rendered == 0


def children() -> set[str]:
    """Return the processes that this one started, ended ones that it did not wait for too.

    A fixture of other tests may have started some.
    """
    process = os.getpid()
    return set(Path(f"/proc/{process}/task/{process}/children").read_text().split())


def test_a_process_that_dies_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not processes.can_fork():
        pytest.skip("this process cannot be forked")
    here = os.getpid()
    original = parallel_render.digest_of

    def dying(data: bytes) -> str:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(data)

    build(many(), tmp_path / "one")
    monkeypatch.setattr(parallel_render, "digest_of", dying)
    before = children()
    build(many(), tmp_path / "two", jobs=2)
    assert content(tmp_path / "one" / "out") == content(tmp_path / "two" / "out")
    assert children() == before


def test_an_error_in_any_process_is_raised_as_it_is(tmp_path: Path) -> None:
    broken = Overrides({"month.html": "\n{{ nonsense }}"})
    with pytest.raises(ValidationFailed, match=r"site_templates/month\.html:2") as one:
        build(many(), tmp_path / "one", overrides=broken)
    with pytest.raises((OperationFailed, ValidationFailed)) as two:
        build(many(), tmp_path / "two", overrides=broken, jobs=2)
    assert two.value.message == one.value.message
    assert not (tmp_path / "two" / "out").exists()
