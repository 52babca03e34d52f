"""Generated names, documents, free texts and numbers, through the tool's own code paths.

In process, for their number: the commands themselves from their arguments on, with real git
below; a dry run where nothing has to be written.
"""

from __future__ import annotations

import contextlib
import getpass
import io
import json
import math
from typing import TYPE_CHECKING, Any

import click
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.acceptance.tool import git, versioner
from tests.loading import load_strict
from tests.serialization.readers import assert_all_read, same
from tests.serialization.strategies import documents, handwritten, json_values, texts
from versioner import layout
from versioner.cli.main import cli
from versioner.editing.validate import validate_registry
from versioner.errors import InvalidInput, VersionerError
from versioner.git.snapshot import MemorySnapshot
from versioner.names import check_name, check_version
from versioner.serialization.assignments import parse_assignment
from versioner.serialization.documents import dump_document
from versioner.serialization.log import append, read_canonical
from versioner.serialization.yaml_edit import edit_document
from versioner.validation.codes import CODES
from versioner.validation.documents import validate_document
from versioner.validation.logs import validate_log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from versioner.models import EventKind, Problem

pytestmark = pytest.mark.slow

NOW = "2026-11-22T10:15:00Z"
CONFIG = dump_document("config", {"schema_version": 1, "title": "Generated", "people": "all"})
PATH = layout.product_path("shop")

# Names as people, pipelines and enemies write them.
names = st.one_of(
    st.from_regex(r"[a-z0-9][a-z0-9-]{0,10}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9 ._/:~@+-]{1,80}", fullmatch=True),
    st.sampled_from(
        ["con", "aux", "com1", "git", ".git", "..", "-", "a-", "-a", "a\n", "a" * 63, "a" * 64,
         "1.0", "1.0.", "1..0", "a//b", "a/./b", "x.lock", "a/nul", "v1~2", "é", "1.10", "0777"]
    ),
    texts,
)  # fmt: skip
# Any text that an argument can be: what is no UTF-8 arrives as lone surrogates.
arguments = st.one_of(texts, texts.map(lambda text: text + "\udc80"), st.text(max_size=40))
numbers = st.one_of(
    st.integers(),
    st.integers(2**53 - 2, 2**53 + 2),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1e16, 1e22, 1e-7, 5e-324, 1.7976931348623157e308, -(2**53)]),
)
metadata = st.dictionaries(texts | st.just("k\udc80"), json_values | numbers, max_size=4)

COMMON = (
    "source-system", "build-number", "scm-sha", "scm-repository", "scm-branch", "build-url",
    "invoke-id", "event-id", "completed-at", "version", "status",
)  # fmt: skip
OWN: dict[EventKind, tuple[str, ...]] = {
    "build": ("built-by", "built-by-email", "built-by-name", "started-at", "notes"),
    "deployment": (
        "deployed-by", "deployed-by-email", "deployed-by-name", "deploy-url", "reason",
        "environment",
    ),
}  # fmt: skip
# Fields that are turned into one way of writing them.
# Who is recorded outside CI where no option names a person.
PERSON_HERE = {
    "by": getpass.getuser(),
    "by-name": "Test Engineer",
    "by-email": "engineer@example.test",
}
TURNED = {"status", "scm-sha", "completed-at", "started-at", "event-id"}
SHAPED: dict[str, st.SearchStrategy[str]] = {
    "version": names,
    "environment": names,
    "event-id": names,
    "build-url": st.sampled_from(["https://ci.example.com/7", "http://u:p@h/", "javascript:x"]),
    "deploy-url": st.sampled_from(["https://example.com/?q=é", "ftp://h", "https://h:1/#x"]),
    "scm-sha": st.from_regex(r"[0-9a-fA-F]{5,66}", fullmatch=True),
    "scm-repository": st.sampled_from(["acme/shop", "https://t@h/acme/shop", "git@h:acme/shop"]),
    "completed-at": st.datetimes().map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z"),
    "started-at": st.sampled_from(["2026-01-02T03:04:05+02:00", "2026-02-30T00:00:00Z", "soon"]),
    "status": st.sampled_from(["completed", "Deployed", "IN_PROGRESS", "failure", "fine", "ok"]),
}


def config(count: int) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("generated") / "registry"
    versioner("init", made)
    (made / layout.CONFIG).write_bytes(CONFIG)
    git(made, "commit", "-q", "-a", "-m", "Record all of people")
    return made


def run(*args: str) -> str | VersionerError | click.UsageError:
    """Run a command in this process; return what it printed, or how it was refused."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        try:
            code = cli.main(list(args), prog_name="versioner", standalone_mode=False)
        except (VersionerError, click.UsageError) as refused:
            return refused
    assert not code
    return printed.getvalue()


def assert_refused_well(refused: VersionerError | click.UsageError, given: set[str]) -> None:
    """Hold a refusal to the right exit code, and to naming the field and the fix."""
    fields = {name.replace("-", "_") for name in given} | {"id", "at", "product"}
    if isinstance(refused, click.UsageError):
        assert any(f"--{name}" in refused.message for name in given | {"product", "environment"})
        return
    assert isinstance(refused, InvalidInput), refused
    assert refused.exit_code == 4
    field = refused.field.partition(".")[0].partition("[")[0]
    assert field in fields, (refused.field, refused.message)
    assert refused.message


@st.composite
def commands(draw: st.DrawFn) -> tuple[EventKind, dict[str, str], dict[str, Any]]:
    """Generate a command of `track`: its kind, its options, its metadata."""
    kind: EventKind = draw(st.sampled_from(["build", "deployment"]))
    options = {"product": "shop", "version": "1.0.0"}
    if kind == "deployment":
        options["environment"] = "staging"
    hostile = draw(st.lists(st.sampled_from((*COMMON, *OWN[kind], "product")), max_size=4))
    for name in hostile:
        shaped = SHAPED.get(name, names if name == "product" else arguments)
        options[name] = draw(shaped | arguments if draw(st.booleans()) else shaped)
    return kind, options, draw(metadata) if draw(st.booleans()) else {}


def test_what_track_accepts_all_readers_read_back_and_what_it_refuses_it_names(
    top: Path, scale: Callable[[int, int], int]
) -> None:
    outcomes = {"accepted": 0, "refused": 0}

    @config(scale(100, 4000))
    @given(commands())
    def holds(command: tuple[EventKind, dict[str, str], dict[str, Any]]) -> None:
        kind, options, extra = command
        args = [f"--{name}={value}" for name, value in options.items()]
        if extra:
            args.append(f"--extra-metadata={json.dumps(extra)}")
        said = run("track", kind, *args, "--dry-run", "--output=json", f"--repo={top}")
        if not isinstance(said, str):
            outcomes["refused"] += 1
            assert_refused_well(said, {*options, *(["extra-metadata"] if extra else [])})
            return
        outcomes["accepted"] += 1
        recorded = json.loads(said)
        event = recorded["event"]
        assert_kept(options, extra, event)
        assert_read_back(kind, recorded["product"], event)

    holds()
    assert min(outcomes.values()) > 0, outcomes


def assert_kept(options: dict[str, str], extra: dict[str, Any], event: dict[str, Any]) -> None:
    """Hold that what was given is what is recorded, to the letter."""
    named = any(
        value.strip() for name, value in options.items() if name.partition("-")[2] in PERSON_HERE
    )
    for name, value in options.items():
        if name not in TURNED and name != "product":
            # Pipelines pass an unset variable as an empty text. Outside CI a person has a default.
            absent = None if named else PERSON_HERE.get(name.partition("-")[2])
            assert event.get(name.replace("-", "_")) == (value if value.strip() else absent)
    assert same(event.get("extra_metadata", {}), extra)


def assert_read_back(kind: EventKind, product: str, event: dict[str, Any]) -> None:
    """Hold both of our readers, PyYAML and a YAML 1.2 reader to the event as it was given."""
    data = append(kind, None, [event])
    assert_all_read(data, [event])
    canonical = read_canonical(kind, data)
    assert canonical is not None
    assert same([each for _, each in canonical], [event])
    path = layout.log_path(product, kind, layout.month_of(event["at"]))
    by_hand = data + b"  \n# a line that is not canonical\n"
    assert same(validate_log(kind, data, path), ([event], []))
    assert same(validate_log(kind, by_hand, path)[0], [event])
    files = {
        layout.CONFIG: CONFIG,
        layout.product_path(product): dump_document("product", {"name": product}),
        path: data,
    }
    if kind == "deployment":
        name = event["environment"]
        files[layout.environment_path(name)] = dump_document("environment", {"name": name})
    problems = validate_registry(MemorySnapshot(files), now=NOW).problems
    assert [each for each in problems if each.severity == "error"] == []


def test_names_and_versions_are_judged_alike_everywhere(scale: Callable[[int, int], int]) -> None:
    @config(scale(100, 10_000))
    @given(names)
    def holds(name: str) -> None:
        assume(not any("\ud800" <= char <= "\udfff" for char in name))
        is_product = accepted(lambda: check_name(name, "product"), "product")
        if layout.place_of(layout.product_path(name)) is not None:
            path = layout.product_path(name)
            problems = validate_document("product", dump_document("product", {"name": name}), path)
            assert (problems[1] == []) == is_product
        event = {"at": NOW, "environment": "test", "version": name, "status": "failed", "id": "x"}
        data = append("deployment", None, [event])
        path = layout.log_path("shop", "deployment", "2026-11")
        problems = validate_log("deployment", data, path)[1]
        assert (problems == []) == accepted(lambda: check_version(name), "version")
        assert all("version" in each.message + each.code for each in problems)

    holds()


def accepted(judge: Callable[[], object], field: str) -> bool:
    try:
        judge()
    except InvalidInput as refused:
        assert refused.field == field
        assert refused.message
        return False
    return True


def assert_problems_are_told(problems: list[Problem], path: str, data: bytes) -> None:
    """Hold each problem to a known code, its file, a place in it, and words."""
    lines = data.count(b"\n") + 2
    for each in problems:
        assert each.path == path
        assert each.code in CODES
        assert each.message
        assert 0 <= each.line <= lines
        json.dumps(each._asdict() if hasattr(each, "_asdict") else str(each))


def hostile_files() -> st.SearchStrategy[bytes]:
    """Generate files: written by hand, by the tool, spoilt in places, and any text at all."""
    by_hand = handwritten(documents).map(lambda made: made[0])
    by_tool = documents.map(lambda document: dump_document("product", document))
    pieces = st.sampled_from(
        [b"&a ", b"*a", b"!!str ", b"<<: ", b"---\n", b"...\n", b"%YAML 1.1\n", b"\t", b"\x00",
         b"\xff", b"\xef\xbb\xbf", b"name: no\n", b"name: 1.10\n", b"? ", b"- ", b": ", b"{", b"[",
         b'"', b"'", b"|\n", b"#", b"\r", b"\xc2\x85", b"\xe2\x80\xa8", b'"\\ud800"', b"~"]
    )  # fmt: skip

    @st.composite
    def spoilt(draw: st.DrawFn) -> bytes:
        data = draw(by_hand | by_tool)
        for _ in range(draw(st.integers(1, 3))):
            at = draw(st.integers(0, len(data)))
            end = at + draw(st.integers(0, 3))
            data = data[:at] + draw(pieces) + data[end:]
        return data

    return by_hand | by_tool | spoilt() | texts.map(str.encode) | st.binary(max_size=60)


def test_a_document_is_read_alike_by_all_readers_or_refused_with_its_place(
    scale: Callable[[int, int], int],
) -> None:
    outcomes = {"accepted": 0, "refused": 0}

    @config(scale(150, 10_000))
    @given(hostile_files())
    def holds(data: bytes) -> None:
        value, problems = load_strict(data, PATH)
        assert_problems_are_told(problems, PATH, data)
        if not problems:
            assert_all_read(data, value)
        document, problems = validate_document("product", data, PATH)
        outcomes["refused" if problems else "accepted"] += 1
        assert_problems_are_told(problems, PATH, data)
        assert problems or same(document, value)
        whole = {layout.CONFIG: CONFIG, PATH: data}
        checked = validate_registry(MemorySnapshot(whole), now=NOW)
        assert bool(problems) <= any(each.path == PATH for each in checked.problems)

    holds()
    assert outcomes["refused"] > 0, outcomes


@st.composite
def edits(draw: st.DrawFn) -> str:
    key = draw(
        st.sampled_from(
            ["title", "description", "lifecycle", "links", "depends_on", "extra_metadata.team",
             "extra_metadata.tech_stack", "extra_metadata.tier", 'extra_metadata."my.key"',
             "extra_metadata", "name", "colour"]
        )
        | names
    )  # fmt: skip
    value = draw(
        arguments
        | numbers.map(str)
        | json_values.map(json.dumps)
        | st.sampled_from(["true", "null", "1.10", "007", "1e3", "NaN", "[" * 30, "active", '""'])
    )
    return f"{key}={value}"


def test_an_edit_gives_what_was_asked_for_or_is_refused_by_name(
    scale: Callable[[int, int], int],
) -> None:
    before = b'# ours\nname: "shop"  # the name\n\ntitle: Shop\nextra_metadata:\n  team: "a" # b\n'

    @config(scale(100, 10_000))
    @given(edits())
    def holds(text: str) -> None:
        try:
            change = parse_assignment(text)
            data = edit_document(before, [change])
        except InvalidInput as refused:
            assert refused.message
            # What has no key at all has none that could be named.
            no_key = ("is not a key", "is not KEY=VALUE")
            assert refused.field or refused.message.endswith(no_key), refused.message
            return
        document, problems = validate_document("product", data, PATH)
        assert_problems_are_told(problems, PATH, data)
        if problems:
            return
        assert b"# ours" in data
        assert_all_read(data, document)
        held: Any = document
        for step in change.path:
            held = held[step]
        assert same(held, change.value)

    holds()


def test_generated_commands_leave_a_registry_that_is_valid(
    top: Path, scale: Callable[[int, int], int]
) -> None:
    """Write for real: what was accepted stands in a registry that `validate` finds clean."""
    run("product", "create", "shop", f"--repo={top}")
    written = []

    @config(scale(10, 300))
    @given(commands(), edits())
    def holds(command: tuple[EventKind, dict[str, str], dict[str, Any]], edit: str) -> None:
        kind, options, extra = command
        args = [f"--{name}={value}" for name, value in options.items()]
        args += [f"--extra-metadata={json.dumps(extra)}"] if extra else []
        said = run("track", kind, *args, f"--repo={top}", "--output=json")
        if isinstance(said, str):
            written.append(json.loads(said)["event"]["id"])
        else:
            assert getattr(said, "exit_code", 2) in (2, 4, 5), said
        edited = run("product", "edit", "shop", f"--set={edit}", f"--repo={top}")
        assert isinstance(edited, str) or edited.exit_code in (2, 4, 5), edited

    holds()
    versioner("validate", "--strict", cwd=top)
    assert git(top, "status", "--porcelain") == ""
    log = git(top, "log", "-p", "--format=", "--", "registry/products")
    assert all(f'id: "{each}"' in log for each in written)


@given(numbers)
def test_a_number_comes_back_as_it_was_or_is_refused(number: float) -> None:
    event = {"at": NOW, "version": "1", "status": "completed", "extra_metadata": {"n": number}}
    try:
        data = append("build", None, [{**event, "id": "x"}])
    except InvalidInput as refused:
        assert "extra_metadata" in refused.field
        beyond = isinstance(number, int) and abs(number) > 2**53
        assert beyond or not math.isfinite(number)
    else:
        assert_all_read(data, [{**event, "id": "x"}])
