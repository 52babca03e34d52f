"""A registry's own templates: parts or wholes replaced, in a sandbox, and told where they err."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import NOW
from tests.site.checker import check_site
from tests.site.samples import TOOL, everything
from versioner.errors import OperationFailed, ValidationFailed
from versioner.git.files.worktree_snapshot import snapshot_of_work_tree
from versioner.git.repository import open_repository
from versioner.git.snapshot import MemorySnapshot, snapshot_at
from versioner.site.build import build_site
from versioner.site.template_overrides import Overrides, overrides_of

pytestmark = pytest.mark.slow

LEGEND = """\
{% extends "versioner:about.html" %}
{% block content %}
{{ super() }}
<p class="text">Call the release desk: 555 0100. It serves {{ title }}.</p>
{% endblock %}
"""


def built(out: Path, templates: dict[str, str], **assets: bytes) -> Path:
    """Build a site with templates of its own."""
    own = {f"assets/{name}": content for name, content in assets.items()}
    build_site(everything(), out, now=NOW, tool_version=TOOL, overrides=Overrides(templates, own))
    return out


def repository(top: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for args in (["init", "-q"], ["add", "."], ["commit", "-qm", "Start"]):
        subprocess.run(["git", *args], cwd=top, check=True)
    return top


def test_a_single_block_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    plain, own = built(tmp_path / "plain", {}), built(tmp_path / "own", {"about.html": LEGEND})
    before, after = ((out / "about/index.html").read_text() for out in (plain, own))
    added = '<p class="text">Call the release desk: 555 0100. It serves Plain words.</p>\n'
    assert added in after
    assert after.replace(added, "").split() == before.split()
    assert check_site(own) == check_site(plain)


def test_a_whole_template_is_replaced(tmp_path: Path) -> None:
    whole = '<!doctype html><html lang="en"><title>{{ name }}</title><p>Gone: {{ name }}</p></html>'
    out = built(tmp_path / "out", {"deleted.html": whole})
    page = (out / "products/legacy-billing/index.html").read_text()
    assert page == whole.replace("{{ name }}", "legacy-billing")


def test_the_base_of_all_pages_is_replaced_for_all(tmp_path: Path) -> None:
    base = '{% extends "versioner:base.html" %}{% block content %}<p>Same</p>{% endblock %}'
    out = built(tmp_path / "out", {"base.html": base})
    # The pages' own block stands before that of the base.
    assert "<p>Same</p>" not in (out / "index.html").read_text()
    assert check_site(out) == check_site(built(tmp_path / "plain", {}))


def test_assets_of_its_own_are_published(tmp_path: Path) -> None:
    out = built(tmp_path / "out", {}, **{"own.css": b"p{}", "site.css": b"body{}"})
    assert (out / "assets/own.css").read_bytes() == b"p{}"
    assert (out / "assets/site.css").read_bytes() == b"body{}"


def test_free_text_is_escaped_in_them_too(tmp_path: Path) -> None:
    text = '{{ title }} <a title="{{ title }}">x</a>'
    page = '{% extends "versioner:about.html" %}{% block content %}' + text + "{% endblock %}"
    for name in ("about.html", "about.txt"):
        whole = everything("<b a='\">")
        out = tmp_path / name
        templates = {
            name: page,
            "about.html": page if name == "about.html" else '{% include "about.txt" %}',
        }
        build_site(whole, out, now=NOW, tool_version=TOOL, overrides=Overrides(templates))
        assert "<b a=" not in (out / "about/index.html").read_text()


BROKEN = {
    "{% block content %}\n{{ oops": ("about.html:2", "unexpected end"),
    "\n\n{% for a in b %}": ("about.html:3", "endfor"),
    "\n{{ nobody.knows }}": ("about.html:2", "nobody"),
    "{{ 1 // 0 }}": ("about.html:1", "zero"),
    "\n\n{{ frame | shout }}": ("about.html:3", "shout"),
    '{% include "no.html" %}': ("about.html:1", "no.html"),
    '{% extends "versioner:no.html" %}': ("about.html:1", "no.html"),
    '{% include "about.html" %}': ("about.html:1", "recursion"),
    "\n{{ frame() }}": ("about.html:2", "callable"),
}


@pytest.mark.sampled
@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_one_is_told_with_its_line_in_plain_words(tmp_path: Path, text: str) -> None:
    place, word = BROKEN[text]
    with pytest.raises(ValidationFailed) as told:
        built(tmp_path / "out", {"about.html": text})
    assert told.value.message.startswith(f"site_templates/{place}: ")
    assert word in told.value.message
    assert told.value.exit_code == 3
    assert "\n" not in told.value.message
    assert not (tmp_path / "out").exists()


# Each tries to run code, to read a file, to fill the memory, or to spoil other pages.
HOSTILE = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ '' | attr('__class__') }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ joiner.__init__.__globals__['os'] }}",
    "{{ range.__self__ }}",
    "{{ '{0.__class__.__mro__}'.format(1) }}",
    "{{ ('{0.__class__}' | format)(1) }}",
    "{{ '%s'.__mod__ }}",
    "{{ (1).__class__ }}",
    "{{ frame.__class__ }}",
    "{{ caller }}",
    "{% include '/etc/passwd' %}",
    "{% include '../../../../../../etc/passwd' %}",
    "{% include 'versioner:../pyproject.toml' %}",
    "{% include 'versioner:assets/../../pyproject.toml' %}",
    "{% extends 'file:///etc/passwd' %}",
    "{% import 'os' as os %}{{ os.system('id') }}",
    "{{ frame.update({'site_title': 'spoilt'}) }}",
    "{{ frame.clear() }}",
    "{{ counts.append(1) }}",
    "{{ 'a' * 9999999999 }}",
    "{{ 9999999999 * [0] }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ range(999999999) | list }}",
    "{{ lipsum() }}",
    "{{ [1, 2] | random }}",
]


@pytest.mark.sampled
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_one_gets_nowhere(tmp_path: Path, text: str) -> None:
    try:
        out = built(tmp_path / "out", {"about.html": "{{ frame['site_title'] }}" + text})
    except (ValidationFailed, OperationFailed) as told:
        assert "root:" not in told.message
        assert not (tmp_path / "out").exists()
    else:
        # Jinja's answer to some of them is an empty text.
        assert (out / "about/index.html").read_text() == "Plain words"


def test_only_regular_files_of_the_work_tree_are_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    top = repository(tmp_path / "clone", {"site_templates/about.html": "mine"})
    repo = open_repository(top)
    assert overrides_of(snapshot_of_work_tree(repo)).templates == {"about.html": "mine"}
    (top / "site_templates" / "link.html").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(ValidationFailed, match=r"link\.html"):
        overrides_of(snapshot_of_work_tree(repo))
    (top / "site_templates" / "link.html").unlink()
    os.mkfifo(top / "site_templates" / "pipe.html")
    with pytest.raises(ValidationFailed, match=r"pipe\.html"):
        overrides_of(snapshot_of_work_tree(repo))


def test_a_folder_that_is_a_link_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "about.html").write_text("secret")
    top = repository(tmp_path / "clone", {"readme": "x"})
    (top / "site_templates").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValidationFailed, match="link"):
        overrides_of(snapshot_of_work_tree(open_repository(top)))


def test_a_revision_has_the_templates_of_its_time(tmp_path: Path) -> None:
    top = repository(tmp_path / "clone", {"site_templates/about.html": "then"})
    (top / "site_templates" / "about.html").write_text("now")
    repo = open_repository(top)
    assert overrides_of(snapshot_at(repo, "HEAD")).templates == {"about.html": "then"}
    assert overrides_of(snapshot_of_work_tree(repo)).templates == {"about.html": "now"}


def test_a_registry_without_the_folder_has_none() -> None:
    found = overrides_of(MemorySnapshot({"registry/registry.yaml": b"x"}))
    assert (dict(found.templates), dict(found.assets)) == ({}, {})


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a b.html", b"x", "name"),
        ("assets/.htaccess", b"x", "name"),
        ("a.html", b"one\n\xff", "a.html:2"),
        ("assets/large.bin", b"x" * (2 * 1024 * 1024 + 1), "larger"),
    ],
)
def test_what_cannot_be_a_template_is_refused(name: str, content: bytes, word: str) -> None:
    with pytest.raises(ValidationFailed, match=word):
        overrides_of(MemorySnapshot({f"site_templates/{name}": content}))


def test_the_command_uses_them(tmp_path: Path) -> None:
    top = tmp_path / "clone"
    run("init", str(top), cwd=tmp_path)
    (top / "site_templates").mkdir()
    (top / "site_templates" / "about.html").write_text(LEGEND)
    assert run("site", "build", "--out", "../out", cwd=top).returncode == 0
    assert "Call the release desk" in (tmp_path / "out/about/index.html").read_text()
    (top / "site_templates" / "about.html").write_text("\n{{ nobody }}")
    broken = run("site", "build", "--out", "../out", cwd=top)
    assert broken.returncode == 3
    assert "site_templates/about.html:2: the template cannot be rendered" in broken.stderr
    assert "Traceback" not in broken.stderr


def run(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "versioner", *args],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_logo_stands_on_every_page(tmp_path: Path) -> None:
    registry = everything()
    registry.config = {**registry.config, "site": {"logo": "site_templates/assets/logo.svg"}}
    picture = {"assets/logo.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>'}
    out = tmp_path / "site"
    build_site(registry, out, now=NOW, tool_version=TOOL, overrides=Overrides({}, picture))
    assert '<img class="mark" src="assets/logo.svg" alt="">' in (out / "index.html").read_text()
    assert 'src="../assets/logo.svg"' in (out / "about/index.html").read_text()
    assert not check_site(out)


def test_a_logo_that_is_not_there_is_named(tmp_path: Path) -> None:
    registry = everything()
    registry.config = {**registry.config, "site": {"logo": "site_templates/assets/logo.svg"}}
    with pytest.raises(ValidationFailed, match=r"assets/logo\.svg"):
        build_site(registry, tmp_path / "site", now=NOW, tool_version=TOOL)
    assert not (tmp_path / "site").exists()
