"""Signed approvals count where the commit that added the line is signed by who approved."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.bare_registry import entropy
from tests.fixtures.local_registry import NOW, Desk, make_registry
from tests.registry.files import load, product
from versioner.cli.errors import run
from versioner.delivery.collect import collect
from versioner.delivery.direct import Destination, record_remotely
from versioner.editing.product_merge import merge_product
from versioner.editing.session import read_tip
from versioner.git.repository import open_repository
from versioner.git.snapshot import snapshot_at
from versioner.recording.context import EventDraft
from versioner.recording.record import RecordResult, record_event
from versioner.registry.governance.signatures import add_signatures
from versioner.registry.load import load_registry
from versioner.remote.url import Remote

if TYPE_CHECKING:
    from versioner.models.governance import Decision

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen"),
]

RULE = b"""name: "signed"
type: "version-approval"
version-approval: {types: {qa: 1}, signed: true}
"""


@dataclass(frozen=True)
class Signing:
    """A registry whose commits are signed with a key, and who may sign."""

    desk: Desk
    keys: Path

    def sign_as(self, person: str) -> None:
        """Have commits signed with a person's key, "" for none, by the user's configuration."""
        text = "[user]\nname = a\nemail = a@x\n"
        if person:
            key = self.keys / person
            text += f"signingkey = {key}\n[gpg]\nformat = ssh\n[commit]\ngpgsign = true\n"
        Path(os.environ["GIT_CONFIG_GLOBAL"]).write_text(text)

    def allow(self, *lines: str) -> None:
        """Write whose keys count; `alice=bob` gives alice's name to bob's key."""
        text = ""
        for line in lines:
            principal, _, key = line.partition("=")
            text += f"{principal} {(self.keys / f'{key or principal}.pub').read_text()}"
        (self.desk.top / "registry/allowed_signers").write_text(text)
        self.commit("Name the signers")

    def commit(self, subject: str) -> None:
        self.desk.git("add", "-A")
        self.desk.git("-c", "commit.gpgsign=false", "commit", "-qm", subject)

    def signers(self, product: str = "shop") -> list[tuple[str, ...] | None]:
        return [each.signed_by for each in self.decisions(product)]

    def decisions(self, product: str = "shop", *, wrong: str = "") -> list[Decision]:
        repository = open_repository(self.desk.top)
        assert repository.tip is not None
        registry = load_registry(snapshot_at(repository, repository.tip))
        assert registry.errors == []
        assert wrong in add_signatures(registry, repository, repository.tip, [product])
        return list(registry.products[product].decisions)


def approve(by: str = "alice", version: str = "1.2", **fields: Any) -> EventDraft:
    event = {"at": NOW, "version": version, "decision": "approved", "approval_type": "qa"}
    return EventDraft("decision", "shop", {**event, "by": by, **fields})


def record(signing: Signing, draft: EventDraft) -> RecordResult:
    return record_event(signing.desk.repository, draft, now=NOW, entropy=entropy)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a registry with a rule that asks for signatures, and two keys, once."""
    folder = tmp_path_factory.mktemp("signed")
    make_registry(folder / "registry")
    for person in ("alice", "bob"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]
        subprocess.run([*make, str(folder / person)], check=True)
    signing = Signing(Desk(folder / "registry"), folder)
    (folder / "registry/registry/rules").mkdir(exist_ok=True)
    (folder / "registry/registry/rules/signed.yaml").write_bytes(RULE)
    signing.allow("alice", "bob")
    return folder


@pytest.fixture
def signing(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Signing:
    """Sit at a copy of the registry, where alice signs."""
    shutil.copytree(made / "registry", tmp_path / "registry", symlinks=True)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    signing = Signing(Desk(tmp_path / "registry"), made)
    signing.sign_as("alice")
    return signing


def test_a_line_counts_as_signed_by_the_one_whose_key_signed_its_commit(signing: Signing) -> None:
    record(signing, approve())
    record(signing, approve("bob"))
    signing.sign_as("bob")
    record(signing, approve("bob", "1.1"))
    signing.sign_as("")
    record(signing, approve("alice", "1.1"))
    assert signing.signers() == [("alice",), (), ("bob",), ()]


@pytest.mark.parametrize(
    ("lines", "is_signed"),
    [
        (("alice",), True),
        (("jane,alice,a@x.org=alice",), True),
        (('"alice"=alice',), True),
        (("bob", "alice"), True),
        (("alice=bob",), False),
        (("*=alice",), False),
        (("al*=alice",), False),
        (("!alice,*=alice",), False),
        (("bob=alice",), False),
        (('alice valid-before="20200101"=alice',), False),
        (('alice namespaces="file"=alice',), False),
        ((), False),
    ],
)  # fmt: skip
def test_only_a_key_whose_principal_is_the_author_counts(
    signing: Signing, lines: tuple[str, ...], is_signed: bool
) -> None:
    record(signing, approve())
    keys = {line: line for line in lines}
    if any(" " in line for line in lines):
        # Options stand between the principal and the key.
        principal = lines[0].removesuffix("=alice")
        text = f"{principal} {(signing.keys / 'alice.pub').read_text()}"
        (signing.desk.top / "registry/allowed_signers").write_text(text)
        signing.commit("Name the signers")
    else:
        signing.allow(*keys)
    assert signing.signers() == [("alice",) if is_signed else ()]


def test_a_line_that_was_changed_or_copied_has_no_signature(signing: Signing) -> None:
    record(signing, approve(version="1.1"))
    log = signing.desk.top / "registry/products/shop/decisions/2026-11.yaml"
    text = log.read_text()
    log.write_text(text.replace('version: "1.1"', 'version: "1.2"'))
    signing.commit("Change the line")
    assert signing.signers() == [()]
    log.write_text(text)
    signing.commit("Change it back")
    assert signing.signers() == [("alice",)]
    copy = signing.desk.top / "registry/products/web/decisions/2026-11.yaml"
    copy.parent.mkdir()
    copy.write_text(text)
    build = {"at": NOW, "version": "1.1", "status": "completed"}
    signing.desk.git("add", "-A")
    signing.commit("Copy the line")
    draft = EventDraft("build", "web", build, "b-1")
    record_event(signing.desk.repository, draft, now=NOW, entropy=entropy)
    assert signing.signers("web") == [()]


def test_a_moved_or_redacted_line_keeps_its_signature(signing: Signing) -> None:
    from versioner.editing.corrections import redact_field

    done = record(signing, approve(comment="call 555"))
    signing.sign_as("")
    redact_field(signing.desk.repository, done.event["id"], "comment", now=NOW)
    assert signing.signers() == [("alice",)]
    merge_product(signing.desk.repository, "shop", "web", now=NOW)
    assert signing.signers("web") == [("alice",)]


def test_a_program_that_the_clone_names_is_not_asked(signing: Signing, tmp_path: Path) -> None:
    signing.sign_as("")
    record(signing, approve())
    liar = tmp_path / "liar"
    liar.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\necho alice\nexit 0\n")
    liar.chmod(0o755)
    for key in ("gpg.program", "gpg.ssh.program", "gpg.openpgp.program"):
        signing.desk.git("config", key, str(liar))
    assert signing.signers() == [()]
    assert not (tmp_path / "ran").exists()


def test_where_the_history_is_not_there_nothing_is_signed_and_that_is_said(
    signing: Signing, tmp_path: Path
) -> None:
    record(signing, approve())
    shallow = tmp_path / "shallow"
    clone = ["clone", "-q", "--depth=1", f"file://{signing.desk.top}", str(shallow)]
    signing.desk.git(*clone)
    cut = Signing(Desk(shallow), signing.keys)
    assert [each.signed_by for each in cut.decisions(wrong="shallow")] == [None]
    (signing.desk.top / "registry/allowed_signers").unlink()
    signing.commit("Name nobody")
    assert [each.signed_by for each in signing.decisions(wrong="allowed_signers")] == [None]


def test_the_signature_of_a_collector_is_none_of_who_decided(
    signing: Signing, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.git"
    signing.desk.git("clone", "-q", "--bare", str(signing.desk.top), str(bare))
    signing.desk.git("-C", str(bare), "config", "uploadpack.allowFilter", "true")
    remote = Remote(f"file://{bare}")

    def deliver(draft: EventDraft, via: Any) -> None:
        (done,) = record_remotely(Destination(remote, via=via), [draft], now=NOW, entropy=entropy)
        assert isinstance(done, RecordResult), done

    # Somebody who has no key says that alice approved; alice's own commands record it.
    deliver(approve(version="1.1"), "inbox")
    collect(remote, now=NOW, entropy=entropy)
    deliver(approve(version="1.0"), "inbox")
    deliver(approve(version="1.2"), "direct")
    there = Signing(Desk(bare), signing.keys)
    found = {each.version: each.signed_by for each in there.decisions()}
    assert found == {"1.0": (), "1.1": (), "1.2": ("alice",)}
    assert read_tip(open_repository(bare))[1].errors == []


def test_a_rule_counts_the_signed_approval_alone(
    signing: Signing, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = ["check", "shop", "1.2", "production", "--repo", str(signing.desk.top)]
    signing.sign_as("")
    record(signing, approve())
    assert run(ask) == 5
    assert "alice (not signed)" in capsys.readouterr().out
    signing.sign_as("alice")
    record(signing, approve(comment="again")._replace(event_id="d-2"))
    assert run(ask) == 0


def test_at_a_url_the_history_of_the_decisions_is_fetched(
    signing: Signing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(signing, approve(version="1.1"))
    record(signing, approve("bob"))
    bare = tmp_path / "bare.git"
    signing.desk.git("clone", "-q", "--bare", str(signing.desk.top), str(bare))
    for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        signing.desk.git("-C", str(bare), "config", key, "true")
    url = f"file://{bare}"
    assert run(["check", "shop", "1.1", "production", "--repo", url]) == 0
    assert run(["check", "shop", "1.2", "production", "--repo", url]) == 5
    start = ["track", "deployment", "--product", "shop", "--environment", "production"]
    start += ["--status", "started", "--repo", url, "--version"]
    assert run([*start, "1.2"]) == 5
    assert "bob (not signed)" in capsys.readouterr().err
    assert run([*start, "1.1"]) == 0


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2f0kU4L0n1XW7l1oYb1Yk2iCqjv3yH3X5m4Xz0aBcD"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"alice {KEY}", []),
        (f'alice,a@x.org namespaces="git" {KEY} a comment', []),
        ("# a comment", []),
        (f"alice,*@x.org {KEY}", []),
        (f"*@x.org {KEY}", ["warning signers 2"]),
        (KEY, ["error signers 2"]),
        ("alice ssh-ed25519 AAAA", ["error signers 2"]),
        ("alice ssh-ed25519", ["error signers 2"]),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", ["error signers 2"]),
        ("\x00\xff", ["error signers 2"]),
    ],
)
def test_a_line_that_names_no_key_is_an_error(line: str, told: list[str]) -> None:
    data = f"# signers\n{line}\n".encode("latin-1")
    registry = load(product("shop"), {"registry/allowed_signers": data})
    found = [f"{each.severity} {each.code} {each.line}" for each in registry.problems]
    assert found == told
