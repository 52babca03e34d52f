from __future__ import annotations

import pytest

from tests.builders import build, product, registry
from versioner.query.source_links import commit_url, compare_url

OLD, NEW = "a" * 40, "b" * 40


def links(
    config: dict[str, object] | None = None, metadata: dict[str, str] | None = None, **fields: str
) -> tuple[str, str]:
    record = product(
        builds=[build("1", scm_sha=OLD, **fields), build("2", scm_sha=NEW, **fields)],
        extra_metadata=metadata or {},
    )
    everything = registry(record, config=config or {})
    old, new = record.versions["1"], record.versions["2"]
    return commit_url(everything, record, new), compare_url(everything, record, old, new)


@pytest.mark.parametrize(
    ("repository", "system", "commit", "compare"),
    [
        ("acme/api", "github", f"https://github.com/acme/api/commit/{NEW}",
         f"https://github.com/acme/api/compare/{OLD}...{NEW}"),
        ("acme/group/api", "gitlab", f"https://gitlab.com/acme/group/api/-/commit/{NEW}",
         f"https://gitlab.com/acme/group/api/-/compare/{OLD}...{NEW}"),
        ("github.com/acme/api", "", f"https://github.com/acme/api/commit/{NEW}",
         f"https://github.com/acme/api/compare/{OLD}...{NEW}"),
        ("api", "github", "", ""),
        ("acme/api.git", "gitlab", f"https://gitlab.com/acme/api/-/commit/{NEW}",
         f"https://gitlab.com/acme/api/-/compare/{OLD}...{NEW}"),
        ("acme/api", "bitbucket", f"https://bitbucket.org/acme/api/commits/{NEW}",
         f"https://bitbucket.org/acme/api/branches/compare/{NEW}..{OLD}"),
        ("git@github.com:acme/api.git", "jenkins", f"https://github.com/acme/api/commit/{NEW}",
         f"https://github.com/acme/api/compare/{OLD}...{NEW}"),
        ("ssh://git@gitlab.example:2222/a/b/c.git", "", f"https://gitlab.example/a/b/c/-/commit/{NEW}",
         f"https://gitlab.example/a/b/c/-/compare/{OLD}...{NEW}"),
        ("https://codeberg.org/acme/api/", "", f"https://codeberg.org/acme/api/commit/{NEW}",
         f"https://codeberg.org/acme/api/compare/{OLD}...{NEW}"),
        ("http://gitea.example:3000/acme/api", "", f"http://gitea.example:3000/acme/api/commit/{NEW}",
         f"http://gitea.example:3000/acme/api/compare/{OLD}...{NEW}"),
        ("https://unknown.example/acme/api", "", "", ""),
        ("https://user:token@github.com/acme/api", "", "", ""),
        ("javascript:alert(1)//github.com/x/y", "", "", ""),
        ("acme/api", "jenkins", "", ""),
        ("github.com/../../x", "", "", ""),
        ("", "github", "", ""),
    ],
)  # fmt: skip
def test_links_are_made_where_the_forge_can_be_told(repository, system, commit, compare):
    assert links(scm_repository=repository, source_system=system) == (commit, compare)


def test_a_bare_name_is_on_the_server_that_reported_it():
    commit, _ = links(
        scm_repository="acme/api", source_system="github",
        source_server="https://github.acme.example/",
    )  # fmt: skip
    assert commit == f"https://github.acme.example/acme/api/commit/{NEW}"


def test_without_a_server_a_bare_name_is_on_the_registrys_own_forge():
    forge = {"type": "gitea", "url": "https://git.example/acme/registry"}
    commit, _ = links({"forge": forge}, {"repository": "acme/api"}, source_system="jenkins")
    assert commit == f"https://git.example/acme/api/commit/{NEW}"
    commit, _ = links({"forge": {"type": "none"}}, {"repository": "acme/api"})
    assert commit == ""


def test_an_address_on_the_registrys_own_forge_is_of_its_kind():
    forge = {"type": "forgejo", "url": "https://git.example/acme/registry"}
    commit, _ = links({"forge": forge}, scm_repository="https://git.example/acme/api.git")
    assert commit == f"https://git.example/acme/api/commit/{NEW}"


def test_a_version_named_after_its_whole_commit_needs_no_other_word_of_it():
    record = product(
        builds=[build(NEW), build("latest")], extra_metadata={"repository": "acme/api"}
    )
    everything = registry(record, config={"forge": {"type": "github"}})
    told = [commit_url(everything, record, record.versions[name]) for name in (NEW, "latest")]
    assert told == [f"https://github.com/acme/api/commit/{NEW}", ""]


def test_one_commit_or_two_repositories_are_not_compared():
    one = build("1", scm_sha=OLD, scm_repository="https://github.com/acme/api")
    other = build("2", scm_sha=NEW, scm_repository="https://github.com/acme/new-api")
    same = build("3", scm_sha=OLD, scm_repository="https://github.com/acme/api")
    record = product(builds=[one, other, same])
    everything = registry(record)
    versions = record.versions
    assert compare_url(everything, record, versions["1"], versions["2"]) == ""
    assert compare_url(everything, record, versions["1"], versions["3"]) == ""
