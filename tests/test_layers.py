"""The layers of design section 9, read from the syntax trees: imports go down only."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import versioner

PACKAGE = Path(versioner.__file__).parent
# Above these a folder or a module is no longer understood at a glance.
MOST_MODULES = 25
MOST_LINES = 350

# From the top down; a module imports its own layer and those below. What shares a layer may
# know each other (the next test holds that no two of them lean on each other).
LAYERS = (
    ("__main__",),
    ("cli", "mcp", "server"),
    ("reporting",),
    ("doctor",),
    ("editing", "export", "notify", "setup", "spool"),
    ("delivery",),
    ("recording",),
    ("site",),
    ("query", "recorder", "rules"),
    ("registry",),
    ("ci",),
    ("validation",),
    ("serialization",),
    ("remote",),
    ("names", "layout", "git"),
    ("resources", "errors", "models", "secret_scanning", "backoff", "database"),
    ("",),
)
RANK = {part: rank for rank, layer in enumerate(LAYERS) for part in layer}

# In which part each third party is met.
THIRD_PARTIES = {
    "click": {"cli"},
    "git": {"git"},
    "jinja2": {"site"},
    "markupsafe": {"site"},
    "jsonschema": {"validation"},
    "jsonschema_rs": {"validation"},
    "yaml": {"serialization"},
    "pyarrow": {"export"},
    "dateutil": {"registry"},
    "icalendar": {"site"},
    # The extra `server`.
    "authlib": {"server"},
    "fastapi": {"server"},
    "fastapi_offline": {"server"},
    "h11": {"server"},
    "httpx2": {"server"},
    "itsdangerous": {"server"},
    "joserfc": {"server"},
    "pydantic": {"mcp", "server"},
    "starlette": {"server"},
    "uvicorn": {"server"},
    "mcp": {"mcp"},
    "mcp_types": {"mcp"},
    # The extra `notify`.
    "apprise": {"notify"},
}
# What only the command line may read, and who passes the environment on by design.
WORLD = {
    "os.environ", "os.getenv", "os.environb", "os.getlogin", "os.get_terminal_size",
    "time.time", "time.time_ns", "time.gmtime", "time.localtime", "time.strftime",
    "datetime.now", "datetime.today", "datetime.utcnow", "date.today",
    "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.sleep", "secrets.token_hex",
    "random.random", "random.uniform", "random.choice", "random.randrange", "random.Random",
    "os.urandom", "uuid.uuid4", "uuid.uuid1", "sys.argv", "sys.stdin", "sys.stdout", "sys.stderr",
    "Path.home", "Path.cwd", "os.getcwd", "os.path.expanduser",
}  # fmt: skip


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(("versioner", *(part for part in parts if part != "__init__")))


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def part_of(module: str) -> str:
    """Return the top-level part of the package that a module is in."""
    return module.partition(".")[2].partition(".")[0]


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def statements(node: ast.AST, *, typed: bool, lazy: bool) -> list[ast.stmt]:
    """Return all statements below a node; those for types, or in functions, where wanted."""
    found = []
    for child in ast.iter_child_nodes(node):
        if is_for_types(child) and not typed:
            found += [
                each for part in child.orelse for each in statements(part, typed=typed, lazy=lazy)
            ]
            continue
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and not lazy:
            continue
        if isinstance(child, ast.stmt):
            found.append(child)
        found += statements(child, typed=typed, lazy=lazy)
    return found


@cache
def imports(module: str, *, typed: bool = True, lazy: bool = True) -> frozenset[str]:
    """Return the modules that a module imports, ours by their whole names."""
    found: set[str] = set()
    for node in statements(tree_of(module), typed=typed, lazy=lazy):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            base = node.module or ""
            whole = {f"{base}.{alias.name}" for alias in node.names}
            found |= {each if each in MODULES else base for each in whole}
    return frozenset(found)


def test_imports_go_down_only():
    up = {
        f"{module} imports {other}, which stands above it"
        for module in MODULES
        for other in imports(module)
        if other.split(".")[0] == "versioner" and RANK[part_of(other)] < RANK[part_of(module)]
    }
    assert not up


def test_every_part_has_its_layer():
    assert {part_of(module) for module in MODULES} == set(RANK)


def test_contributing_lists_the_same_layers():
    contributing = (PACKAGE.parent / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = contributing.partition("Imports go down only")[2].partition("\n## ")[0]
    told = []
    for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE):
        names = [name.removeprefix("versioner/").rstrip("/") for name in re.findall("`(.*?)`", row)]
        parts = {name.removesuffix(".py") for name in names} & set(RANK)
        told += [parts] if parts else []
    assert told == [set(layer) for layer in LAYERS if layer not in (("__main__",), ("",))]


@pytest.mark.parametrize(
    "pair", [("query", "rules"), ("names", "git"), ("layout", "git")], ids="-".join
)
def test_parts_of_one_layer_do_not_lean_on_each_other(pair):
    leaning = {
        (part_of(module), part_of(other))
        for module in MODULES
        for other in imports(module)
        if other.startswith("versioner.")
    }
    assert not {pair, pair[::-1]} <= leaning


def test_the_server_imports_no_command():
    met = {other for module in MODULES if part_of(module) == "server" for other in imports(module)}
    assert not {other for other in met if other.startswith("versioner.cli")}


def circles(graph: dict[str, list[str]]) -> set[frozenset[str]]:
    """Return the groups of modules that import each other, by Tarjan's algorithm."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: set[frozenset[str]] = set()

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in graph[module]:
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            place = stack.index(module)
            group = frozenset(stack[place:])
            del stack[place:]
            if len(group) > 1 or module in graph[module]:
                found.add(group)

    for module in graph:
        if module not in index:
            visit(module)
    return found


def test_no_import_goes_round_in_a_circle_lazy_and_type_only_ones_counted():
    graph = {module: sorted(imports(module) & set(MODULES)) for module in MODULES}
    assert circles(graph) == set()


def test_a_circle_is_seen():
    assert circles({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a", "d"]}) == {
        frozenset("abc"),
        frozenset("d"),
    }
    assert circles({"a": ["b", "c"], "b": ["c"], "c": []}) == set()


def test_no_folder_is_crowded_and_no_module_is_long():
    folders = Counter(path.parent for path in MODULES.values())
    assert {str(folder): many for folder, many in folders.items() if many > MOST_MODULES} == {}
    lines = {module: len(path.read_text("utf-8").splitlines()) for module, path in MODULES.items()}
    assert {module for module, many in lines.items() if many > MOST_LINES} == set()


@pytest.mark.parametrize("library", THIRD_PARTIES)
def test_a_third_party_is_met_in_one_place(library):
    met = {
        part_of(module)
        for module in MODULES
        if any(each.split(".")[0] == library for each in imports(module))
    }
    assert met <= THIRD_PARTIES[library]


def test_no_other_third_party_is_met():
    met = {each.split(".")[0] for module in MODULES for each in imports(module)}
    assert met - sys.stdlib_module_names - {"versioner"} <= set(THIRD_PARTIES)


@cache
def uses(module: str) -> set[str]:
    """Return the dotted names that a module's code reads or calls."""
    found = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Attribute):
            text = ast.unparse(node)
            found.add(".".join(text.split(".")[-2:]))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.add(f"{node.func.id}()")
    return found


# git runs in what surrounds us, scrubbed to a list, and knows people by it; drafts and private
# refs have names that nobody else's have; a commit's seconds become text.
ALLOWED = {
    "versioner.git.process": {"os.environ"},
    "versioner.remote.configured": {"os.environ"},
    "versioner.git.identity": {"os.environ"},
    "versioner.git.fast_import": {"os.urandom"},
    "versioner.backoff": {"os.urandom"},
    "versioner.git.snapshot": {"time.gmtime", "time.strftime"},
    # The start of the archive, before there is anything that could print.
    "versioner.recorder.start": {"sys.stderr"},
    "versioner.site.server": {"secrets.token_hex"},
}


# Modules that wait or measure a time limit by themselves. The list only shrinks.
WAITING = {"time.sleep", "time.monotonic", "time.monotonic_ns"}
KNOWN_TO_WAIT = {
    "versioner.backoff",
}


def test_the_library_waits_in_few_places():
    library = [module for module in MODULES if part_of(module) not in ("cli", "__main__")]
    assert {module for module in library if uses(module) & WAITING} == KNOWN_TO_WAIT


def test_the_library_knows_no_clock_no_environment_no_home_and_does_not_print():
    library = [module for module in MODULES if part_of(module) not in ("cli", "__main__")]
    allowed = {module: WAITING | ALLOWED.get(module, set()) for module in library}
    read = {module: (uses(module) & WORLD) - allowed[module] for module in library}
    assert {module: names for module, names in read.items() if names} == {}
    said = {"print()", "input()", "breakpoint()"}
    assert [module for module in library if uses(module) & said] == []


def test_nothing_is_named_for_what_has_no_name():
    words = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "base"}
    assert not {part for module in MODULES for part in module.split(".")} & words


def test_each_module_says_what_it_is_for_and_what_it_offers():
    mute = {module for module in MODULES if not ast.get_docstring(tree_of(module))}
    assert not mute
    closed = {module for module in MODULES if not offers(module)}
    assert not closed


def offers(module: str) -> bool:
    """Tell whether a module names what it offers, if it has anything to offer."""
    body = tree_of(module).body
    targets = [ast.unparse(node.targets[0]) for node in body if isinstance(node, ast.Assign)]
    holds_anything = any(isinstance(node, (ast.FunctionDef, ast.ClassDef)) for node in body)
    return "__all__" in targets or not holds_anything
