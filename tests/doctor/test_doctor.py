"""A registry and its remote are looked over: each finding has its verdict and its remedy."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.local_registry import NOW
from tests.fixtures.spool_entries import entry
from versioner.doctor import machine
from versioner.doctor.checks import CheckContext
from versioner.doctor.content import check_site
from versioner.doctor.inbox import check_inbox
from versioner.doctor.machine import SERVER, check_clock
from versioner.doctor.run import examine_clone, examine_url
from versioner.errors import UsageFault
from versioner.git.repository import open_repository
from versioner.remote.inbox_refs import Inbox, RefusedEvent, WaitingEvent
from versioner.remote.url import address_of
from versioner.setup.hooks import install_hooks
from versioner.setup.init import initialise
from versioner.spool.store import Spool

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.fixtures.local_registry import Desk
    from versioner.doctor.checks import Check

pytestmark = pytest.mark.slow


@pytest.fixture
def context(tmp_path: Path) -> CheckContext:
    return CheckContext(lambda: NOW, lambda: (1_700_000_000_000, b"0123456789"), tmp_path / "spool")


@pytest.fixture
def forge(desk: Desk, tmp_path: Path) -> Path:
    """Give the registry a bare remote that stands where it does."""
    bare = tmp_path / "forge.git"
    desk.git("clone", "-q", "--bare", str(desk.top), str(bare))
    desk.git("remote", "add", "origin", str(bare))
    desk.git("fetch", "-q", "origin")
    return bare


def by_name(checks: Iterable[Check]) -> dict[str, Check]:
    """Return the findings by name; the first, where a name has several."""
    found: dict[str, Check] = {}
    for check in checks:
        found.setdefault(check.name, check)
    return found


def look(path: Path, context: CheckContext) -> dict[str, Check]:
    return by_name(examine_clone(open_repository(path), context))


def severe(checks: dict[str, Check]) -> list[Check]:
    return [check for check in checks.values() if check.verdict in ("warning", "problem")]


# ---- a clone


def test_a_sound_clone_with_its_remote_has_no_warning_but_filters(desk, forge, context):
    found = look(desk.top, context)
    assert [check.name for check in severe(found)] == ["filters"]
    subprocess.run(["git", "-C", forge, "config", "uploadpack.allowFilter", "true"], check=True)
    found = look(desk.top, context)
    assert severe(found) == []
    assert all(check.remedy for check in found.values() if check.verdict not in ("ok", "note"))
    desk.assert_sound()


def test_each_finding_that_is_not_well_has_a_remedy(desk, context):
    (desk.top / ".gitattributes").unlink()
    (desk.top / ".git" / "index.lock").touch()
    (desk.top / "registry/products/shop/product.yaml").write_text("name: web\n")
    found = look(desk.top, context)
    assert {check.name: check.verdict for check in severe(found)} == {
        "gitattributes": "warning",
        "locks": "warning",
        "registry": "problem",
        "remote": "warning",
    }
    assert all(check.remedy for check in severe(found))
    assert "versioner validate" in found["registry"].remedy
    assert "registry/products/shop/product.yaml" in found["registry"].message


def test_uncommitted_logs_and_unpushed_commits_are_told(desk, forge, context):
    desk.record("shop", "2.0")
    log = desk.top / "registry/products/shop/deployments/2026-11.yaml"
    log.write_text(log.read_text() + "# mine\n")
    found = look(desk.top, context)
    assert (found["unpushed"].verdict, found["unpushed"].remedy) == ("warning", "git push")
    assert found["unpushed"].message.startswith("1 commit ")
    assert found["changes"].verdict == "warning"
    assert "deployments/2026-11.yaml" in found["changes"].message


def test_schemas_that_drifted_are_told(desk, context):
    (desk.top / "schemas" / "alias.schema.json").write_text("{}\n")
    assert look(desk.top, context)["schemas"].remedy == "versioner format schemas"


def test_hooks_are_told_wherever_git_looks_for_them(desk, context, tmp_path):
    assert look(desk.top, context)["hooks"].verdict == "note"
    install_hooks(desk.repository, command=["true"], out=desk.top / "_site")
    assert look(desk.top, context)["hooks"].verdict == "ok"
    elsewhere = tmp_path / "hooks of mine"
    elsewhere.mkdir()
    desk.git("config", "core.hooksPath", str(elsewhere))
    found = look(desk.top, context)["hooks"]
    assert (found.verdict, str(elsewhere) in found.message) == ("note", True)
    (elsewhere / "pre-commit").write_text("#!/bin/sh\n")
    found = look(desk.top, context)["hooks"]
    assert found.message.startswith("your own pre-commit in ")


def test_a_shallow_clone_is_told_how_to_get_the_rest(desk, context, tmp_path):
    url = f"file://{desk.top}"
    subprocess.run(["git", "clone", "-q", "--depth=1", url, tmp_path / "shallow"], check=True)
    found = look(tmp_path / "shallow", context)["history"]
    assert (found.verdict, found.remedy) == ("note", "git fetch --unshallow")


def test_a_partial_clone_is_told_how_to_get_the_rest(desk, context, tmp_path):
    desk.git("config", "uploadpack.allowFilter", "true")
    args = ["git", "clone", "-q", "--filter=blob:none", f"file://{desk.top}"]
    subprocess.run([*args, tmp_path / "partial"], check=True)
    found = look(tmp_path / "partial", context)
    assert (found["history"].verdict, "partial" in found["history"].message) == ("note", True)
    assert found["registry"].verdict == "ok"


def test_a_sha256_repository_is_told_what_that_means(context, tmp_path):
    init = ["git", "init", "-q", "--object-format=sha256", str(tmp_path / "other")]
    subprocess.run(init, check=True)
    initialise(tmp_path / "other", now=NOW)
    found = look(tmp_path / "other", context)
    assert found["object-format"].verdict == "note"
    remote = by_name(examine_url(address_of(f"file://{tmp_path / 'other'}"), context))
    assert remote["object-format"].verdict == "note"
    assert remote["push"].verdict == "ok"


def test_without_a_registry_there_is_nothing_to_look_over(context, tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path / "plain"], check=True)
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "bare.git"], check=True)
    for name in ("plain", "bare.git"):
        with pytest.raises(UsageFault, match="no registry"):
            look(tmp_path / name, context)
    with pytest.raises(UsageFault, match="no commit yet"):
        examine_url(address_of(f"file://{tmp_path / 'bare.git'}"), context)


def test_a_write_that_was_killed_is_completed_before(desk, context):
    from versioner.git.journal import has_journal

    assert not has_journal(desk.repository.common_dir)
    assert "recovery" not in look(desk.top, context)


# ---- its remote


def test_a_remote_that_is_gone_is_a_problem_and_what_was_fetched_is_told(desk, forge, context):
    wait(desk, "one")
    shutil.rmtree(forge)
    found = look(desk.top, context)
    assert found["remote"].verdict == "problem"
    assert "its other checks are skipped" in found["remote"].message
    assert found["waiting"].message.endswith("as last fetched")
    assert "push" not in found


def test_a_remote_without_the_registry_is_told_to_be_pushed_to(desk, context, tmp_path):
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "new.git"], check=True)
    desk.git("remote", "add", "origin", str(tmp_path / "new.git"))
    found = look(desk.top, context)
    assert (found["remote"].verdict, found["push"].verdict) == ("problem", "ok")
    assert "git push" in found["remote"].remedy


def test_a_branch_that_is_not_the_remotes_head_is_a_warning(desk, forge, context):
    config = desk.top / "registry/registry.yaml"
    config.write_text(config.read_text() + "branch: main\n")
    desk.git("commit", "-qam", "Name the branch")
    desk.git("push", "-q", "origin", "main", "main:trunk")
    subprocess.run(["git", "-C", forge, "symbolic-ref", "HEAD", "refs/heads/trunk"], check=True)
    found = look(desk.top, context)["branch"]
    assert (found.verdict, '"trunk"' in found.message) == ("warning", True)
    config.write_text(config.read_text().replace("branch: main", "branch: gone"))
    subprocess.run(["git", "-C", forge, "symbolic-ref", "HEAD", "refs/heads/main"], check=True)
    assert look(desk.top, context)["remote"].verdict == "problem"


def test_another_branch_that_is_checked_out_is_told(desk, forge, context):
    desk.git("switch", "-qc", "change")
    found = [c for c in examine_clone(desk.repository, context) if c.name == "branch"]
    assert [check.verdict for check in found] == ["ok", "note"]
    assert "this clone is on change" in found[1].message


def test_a_login_in_the_url_of_a_clone_is_not_told(desk, context):
    desk.git("remote", "add", "origin", "https://jane:s3cret-word@127.0.0.1:9/registry.git")
    found = look(desk.top, context)
    assert found["remote"].verdict == "problem"
    assert "https://127.0.0.1:9/registry.git" in found["remote"].message
    assert "s3cret-word" not in repr(found)
    assert "jane" not in found["remote"].message


def test_nothing_of_a_hostile_remote_on_this_machine_runs(desk, forge, context, tmp_path):
    marker = tmp_path / "ran"
    program = tmp_path / "evil"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    other = tmp_path / "other.git"
    subprocess.run(["git", "init", "-q", "--bare", other], check=True)
    (forge / "objects/info/alternates").write_text(f"{other / 'objects'}\n")
    for key in ("core.alternateRefsCommand", "core.fsmonitor", "uploadpack.packObjectsHook"):
        subprocess.run(["git", "-C", forge, "config", key, str(program)], check=True)
        desk.git("config", key, str(program))
    for key in ("remote.origin.receivepack", "remote.origin.uploadpack", "core.sshCommand"):
        desk.git("config", key, str(program))
    for name in ("pre-receive", "update", "reference-transaction", "post-receive"):
        shutil.copy(program, forge / "hooks" / name)
    found = look(desk.top, context)
    assert found["push"].verdict == "ok"
    look(forge, context)
    assert not marker.exists()


# ---- a server's own repository


def settle(forge: Path, context: CheckContext, **settings: str) -> dict[str, Check]:
    for key, value in settings.items():
        name = key.replace("__", ".")
        subprocess.run(["git", "-C", forge, "config", "--replace-all", name, value], check=True)
    return look(forge, context)


def test_a_servers_repository_tells_what_it_lets_through(forge, context):
    found = settle(forge, context, uploadpack__allowFilter="true")
    assert severe(found) == []
    assert found["filters"].message == "combine:tree:3+blob:none, tree:0, blob:none"
    assert "hooks" not in found


def test_its_settings_are_warned_of(forge, context):
    found = settle(
        forge, context, receive__advertiseAtomic="off", transfer__hideRefs="refs/versioner"
    )
    assert {each.name for each in severe(found)} == {"atomic", "inbox-refs", "filters"}
    found = settle(forge, context, transfer__hideRefs="!refs/versioner")
    assert found["inbox-refs"].verdict == "ok"


def test_a_server_that_limits_filters_is_known_by_its_settings(forge, context):
    settings = {"uploadpack.allowFilter": "true", "uploadpackfilter.allow": "false"}
    settings |= {"uploadpackfilter.tree.allow": "true", "uploadpackfilter.tree.maxDepth": "0"}
    settings |= {"uploadpackfilter.blob:none.allow": "true"}
    for key, value in settings.items():
        subprocess.run(["git", "-C", forge, "config", key, value], check=True)
    found = look(forge, context)["filters"]
    assert found.message.startswith("tree:0, blob:none, but not combine")


def test_hooks_that_decide_about_a_push_are_named(forge, context):
    hook = forge / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    found = look(forge, context)["push"]
    assert (found.verdict, found.message.startswith("pre-receive in ")) == ("note", True)


# ---- what waits


def wait(desk: Desk, key: str, **refusal: Any) -> None:
    """Put an event among those that wait, or were refused."""
    files = {"event.json": {"product": "shop"}, **({"refusal.json": refusal} if refusal else {})}
    lines = ""
    for name, document in files.items():
        (desk.top / ".git" / name).write_text(json.dumps(document))
        blob = desk.git("hash-object", "-w", f".git/{name}")
        lines += f"100644 blob {blob}\t{name}\n"
    made = subprocess.run(
        ["git", "mktree"], cwd=desk.top, input=lines, capture_output=True, text=True, check=True
    )
    commit = desk.git("commit-tree", "-m", "Event", made.stdout.strip())
    folder = "refused" if refusal else "inbox"
    desk.git("update-ref", f"refs/versioner/{folder}/shop/{key}", commit)


def waiting(number: int, at: str) -> tuple[WaitingEvent, ...]:
    return tuple(WaitingEvent(f"r{n}", "c", "shop", f"{n}", at, None) for n in range(number))


@pytest.mark.parametrize(
    ("number", "at", "verdict"),
    [
        (0, NOW, "ok"),
        (1, NOW, "note"),
        (199, NOW, "note"),
        (200, NOW, "warning"),
        (1, "2026-11-20T10:15:00Z", "warning"),
        (1, "", "note"),
    ],
)
def test_many_that_wait_or_one_that_waits_long_is_a_warning(number, at, verdict):
    found = by_name(check_inbox(Inbox(waiting(number, at)), NOW))
    assert found["waiting"].verdict == verdict


def test_refused_events_are_named_with_their_reasons_the_first_five():
    refused = [
        RefusedEvent("r", "c", "shop", f"key-{n}", NOW, None, {"message": "Why"}) for n in range(7)
    ]
    refused[1] = refused[1]._replace(refusal={"message": {"odd": 1}})
    found = [c for c in check_inbox(Inbox(refused=tuple(refused)), NOW) if c.name == "refused"]
    assert [check.verdict for check in found] == ["warning"] * 6
    assert found[0].message == "shop/key-0: Why"
    assert found[1].message == "shop/key-1: the reason cannot be read"
    assert found[5].message == "and 2 more were refused"


def test_what_a_servers_own_inbox_holds_is_told(desk, forge, context):
    wait(desk, "one")
    wait(desk, "two", message="The commit differs", code=5)
    desk.git("push", "-q", str(forge), "refs/versioner/*:refs/versioner/*")
    found = look(forge, context)
    assert found["waiting"].message.startswith("1 event waits")
    assert found["refused"].message == "shop/two: The commit differs"


# ---- this machine


def test_what_waits_in_the_spool_is_a_warning(desk, context):
    Spool(context.spool).add(entry(1))
    found = look(desk.top, context)["spool"]
    assert (found.verdict, found.remedy) == ("warning", "versioner spool send")
    assert found.message.startswith("1 event on this machine")
    assert look(desk.top, context._replace(spool=None))["spool"].verdict == "warning"


@pytest.mark.parametrize(
    ("now", "other", "whose", "verdict"),
    [
        ("2026-11-22T10:15:00Z", "2026-11-22T10:19:00Z", SERVER, "ok"),
        ("2026-11-22T10:15:00Z", "2026-11-22T10:21:00Z", SERVER, "warning"),
        ("2026-11-22T10:21:00Z", "2026-11-22T10:15:00Z", SERVER, "warning"),
        ("2026-11-22T10:21:00Z", "2020-11-22T10:15:00Z", "the latest commit", "ok"),
        ("2020-11-22T10:21:00Z", "2026-11-22T10:15:00Z", "the latest commit", "warning"),
    ],
)
def test_the_clock_is_compared(now, other, whose, verdict):
    assert check_clock(now, other, whose).verdict == verdict


def test_a_git_of_another_age_is_told(monkeypatch):
    for wish, verdict in (("99.0", "problem"), ("2.0", "ok")):
        monkeypatch.setattr(machine, "NEEDED", wish)
        (check,) = machine.check_git()
        assert check.verdict == verdict
    monkeypatch.setattr(machine, "RECOMMENDED", "99.0")
    (check,) = machine.check_git()
    assert check.verdict == "note"


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")
def test_a_signature_is_tried(desk, context, tmp_path, monkeypatch):
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    mine = tmp_path / "config"
    text = (
        "[user]\n\tname = T\n\temail = t@x.test\n\tsigningkey = {}\n"
        "[commit]\n\tgpgsign = true\n[gpg]\n\tformat = ssh\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(mine))
    mine.write_text(text.format(f"{key}.pub"))
    objects = sorted(desk.top.glob(".git/objects/??/*"))
    assert look(desk.top, context)["signing"].verdict == "ok"
    assert sorted(desk.top.glob(".git/objects/??/*")) == objects
    mine.write_text(text.format(f"{key}-that-is-not-there.pub"))
    found = look(desk.top, context)["signing"]
    assert (found.verdict, "user.signingkey" in found.remedy) == ("problem", True)


def test_a_clone_that_asks_for_signatures_without_a_key_of_the_users_is_a_warning(desk, context):
    desk.git("config", "commit.gpgsign", "true")
    found = look(desk.top, context)["signing"]
    assert (found.verdict, "user.signingkey" in found.remedy) == ("warning", True)


def test_a_branch_whose_commits_are_signed_is_told_to_who_does_not_sign(desk, forge, context):
    commit = desk.git("cat-file", "commit", "HEAD").partition("\n\n")
    signed = f"{commit[0]}\ngpgsig -----BEGIN SSH SIGNATURE-----\n \n\n{commit[2]}\n"
    (desk.top / ".git" / "signed").write_text(signed)
    made = desk.git("hash-object", "-t", "commit", "-w", "--literally", ".git/signed")
    desk.git("push", "-qf", "origin", f"{made}:refs/heads/main")
    assert look(desk.top, context)["signing-rule"].verdict == "note"


def test_a_signing_program_that_waits_is_not_waited_for(desk, context, tmp_path, monkeypatch):
    program = tmp_path / "waits"
    program.write_text("#!/bin/sh\nsleep 600\n")
    program.chmod(0o755)
    mine = tmp_path / "config"
    mine.write_text(
        "[user]\n\tname = T\n\temail = t@x.test\n\tsigningkey = A\n"
        f"[commit]\n\tgpgsign = true\n[gpg]\n\tprogram = {program}\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(mine))
    found = look(desk.top, context._replace(seconds=0.5))["signing"]
    assert (found.verdict, "passphrase" in found.message) == ("problem", True)


# ---- the site


@pytest.mark.parametrize(
    ("config", "verdict", "words"),
    [
        ({}, "note", "logins, but no names"),
        ({"forge": {"type": "github"}}, "note", "GitHub Pages are public"),
        ({"forge": {"type": "gitlab"}, "people": "none"}, "note", "no personal data"),
        ({"forge": {"type": "github"}, "people": "all"}, "warning", "deployed_by_email"),
    ],
)
def test_who_would_see_the_site_is_told(config, verdict, words):
    (check,) = check_site(config)
    assert check.verdict == verdict
    assert words in check.message


def test_hidden_fields_are_not_shown():
    hidden = [f"{who}_by_{what}" for who in ("built", "deployed") for what in ("email", "name")]
    (check,) = check_site({"people": "all", "site": {"hidden_fields": hidden}})
    assert check.verdict == "note"
