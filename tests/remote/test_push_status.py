"""What git 2.39 and the forges print, shortened to what matters, and what it is taken for."""

from __future__ import annotations

import pytest

from versioner.git.process import Completed
from versioner.remote.faults import FAULTS, RemoteFailure
from versioner.remote.push_status import fault_of, reason_of, ref_faults

MAIN = "refs/heads/main"
INBOX = "refs/versioner/inbox/user-service/1"

# (what it is, the ref, git's status with its reason, what the server printed)
OF_A_REF = [
    # git itself, on either side
    ("race", MAIN, "[rejected] (stale info)", ""),
    ("race", MAIN, "[rejected] (fetch first)", ""),
    ("race", INBOX, "[rejected] (remote ref updated since checkout)", ""),
    ("race", MAIN, "[remote rejected] (non-fast-forward)", ""),
    (
        "race",
        MAIN,
        "[remote rejected] (failed to update ref)",
        "error: cannot lock ref 'refs/heads/main': is at 1111111 but expected 2222222",
    ),
    (
        "race",
        INBOX,
        "[remote rejected] (failed to update ref)",
        "error: cannot lock ref 'refs/versioner/inbox/user-service/1': reference already exists",
    ),
    (
        "race",
        MAIN,
        "[remote rejected] (atomic transaction failed)",
        "error: cannot lock ref 'refs/heads/main': is at 1111111 but expected 2222222",
    ),
    (
        "race",
        MAIN,
        "[remote rejected] (cannot lock ref 'refs/heads/main': is at 1111 but expected 2222)",
        "",
    ),
    (
        "locked",
        MAIN,
        "[remote rejected] (failed to update ref)",
        "error: cannot lock ref 'refs/heads/main': Unable to create '/srv/x.git/./refs/heads/"
        "main.lock': File exists.",
    ),
    (
        "disk",
        MAIN,
        "[remote rejected] (failed to update ref)",
        "error: cannot lock ref 'refs/heads/main': Unable to create '/srv/x.git/./refs/heads/"
        "main.lock': No space left on device",
    ),
    (
        "disk",
        INBOX,
        "[remote rejected] (unpacker error)",
        "fatal: unable to write loose object file: No space left on device",
    ),
    (
        "size",
        INBOX,
        "[remote rejected] (unpacker error)",
        "fatal: pack exceeds maximum allowed size",
    ),
    (
        "size",
        INBOX,
        "[remote rejected] (unpacker error)",
        "fatal: unable to write loose object file: File too large",
    ),
    (
        "unsound",
        INBOX,
        "[remote rejected] (unpacker error)",
        "error: object 0b7378c: hasDotgit: contains '.git'\nfatal: fsck error in packed object",
    ),
    (
        "server",
        INBOX,
        "[remote rejected] (unpacker error)",
        "error: insufficient permission for adding an object to repository database ./objects",
    ),
    ("hidden", INBOX, "[remote rejected] (deny updating a hidden ref)", ""),
    ("hidden", INBOX, "[remote rejected] (funny refname)", ""),
    ("shallow", MAIN, "[remote rejected] (shallow update not allowed)", ""),
    ("checked-out", MAIN, "[remote rejected] (branch is currently checked out)", ""),
    ("unknown", MAIN, "[remote failure] (remote failed to report status)", ""),
    ("hook", MAIN, "[remote rejected] (hook declined)", "error: hook declined to update main"),
    ("hook", MAIN, "[remote rejected] (pre-receive hook declined)", "no deployment on a Friday"),
    # GitHub
    (
        "protected",
        MAIN,
        "[remote rejected] (protected branch hook declined)",
        "error: GH006: Protected branch update failed for refs/heads/main.\n"
        "error: At least 1 approving review is required by reviewers with write access.",
    ),
    (
        "protected",
        MAIN,
        "[remote rejected] (push declined due to repository rule violations)",
        "error: GH013: Repository rule violations found for refs/heads/main.\n"
        "- Changes must be made through a pull request.\n"
        "- Commits must have verified signatures.",
    ),
    (
        "signature",
        MAIN,
        "[remote rejected] (push declined due to repository rule violations)",
        "error: GH013: Repository rule violations found for refs/heads/main.\n"
        "- Commits must have verified signatures.\n  Found 1 violation:",
    ),
    (
        "size",
        MAIN,
        "[remote rejected] (pre-receive hook declined)",
        "error: GH001: Large files detected. You may want to try Git Large File Storage.",
    ),
    (
        "denied",
        MAIN,
        "[remote rejected] (refusing to allow a GitHub App to create or update workflow "
        "`.github/workflows/x.yml` without `workflows` permission)",
        "",
    ),
    ("server", MAIN, "[remote rejected] (failure)", "fatal error in commit_refs"),
    ("server", MAIN, "[remote rejected] (Internal Server Error)", ""),
    # GitLab
    (
        "protected",
        MAIN,
        "[remote rejected] (pre-receive hook declined)",
        "GitLab: You are not allowed to push code to protected branches on this project.",
    ),
    (
        "signature",
        MAIN,
        "[remote rejected] (pre-receive hook declined)",
        "GitLab: Commit must be signed with a GPG key",
    ),
    (
        "denied",
        MAIN,
        "[remote rejected] (pre-receive hook declined)",
        "GitLab: You are not allowed to push code to this project.",
    ),
    # Gitea, Forgejo
    (
        "protected",
        MAIN,
        "[remote rejected] (pre-receive hook declined)",
        "Gitea: Not allowed to push to protected branch main",
    ),
    (
        "signature",
        MAIN,
        "[remote rejected] (pre-receive hook declined)",
        "Forgejo: branch main is protected from unverified commit 1111111",
    ),
    (
        "denied",
        MAIN,
        "[remote rejected] (pre-receive hook declined)",
        "Gitea: User permission denied for writing.",
    ),
    # Bitbucket, of both kinds
    (
        "protected",
        MAIN,
        "[remote rejected] (pre-receive hook declined)",
        "Permission denied to update branch main.",
    ),
    (
        "protected",
        MAIN,
        "[remote rejected] (pre-receive hook declined)",
        "Branch refs/heads/main can only be modified through pull requests.\n"
        "Check your branch permissions configuration with the project administrator.",
    ),
    # Azure
    (
        "protected",
        MAIN,
        "[remote rejected] (TF402455: Pushes to this branch are not permitted; you must use a "
        "pull request to update this branch.)",
        "",
    ),
    (
        "denied",
        MAIN,
        "[remote rejected] (TF401027: You need the Git 'GenericContribute' permission to perform "
        "this action.)",
        "",
    ),
    # Gerrit
    (
        "protected",
        MAIN,
        "[remote rejected] (prohibited by Gerrit: not permitted: update)",
        "",
    ),
    ("hidden", INBOX, "[remote rejected] (prohibited by Gerrit: not permitted: create)", ""),
    ("race", MAIN, "[remote rejected] (failed to lock)", ""),
    # A forge that knows branches and tags only
    (
        "hidden",
        INBOX,
        "[remote rejected] (pre-receive hook declined)",
        "PermissionDenied: branch:refs/versioner/inbox/user-service/1 is illegal",
    ),
    ("refused", MAIN, "[remote rejected] (the moon is full)", ""),
]

UNABLE = "fatal: unable to access 'https://forge.test/x.git/': "
NOT_READ = "fatal: Could not read from remote repository."
BROKEN = (
    "send-pack: unexpected disconnect while reading sideband packet\n"
    "fatal: the remote end hung up unexpectedly"
)
# (what it is, whether something may have arrived, what git printed)
OF_A_CONNECTION = [
    ("login", False, "fatal: Authentication failed for 'https://forge.test/x.git/'"),
    (
        "login",
        False,
        "fatal: could not read Username for 'https://forge.test': terminal prompts disabled",
    ),
    ("login", False, f"git@forge.test: Permission denied (publickey).\n{NOT_READ}"),
    ("host-key", False, f"Host key verification failed.\n{NOT_READ}"),
    (
        "denied",
        False,
        "remote: Permission to team/registry.git denied to ci.\n"
        f"{UNABLE}The requested URL returned error: 403",
    ),
    ("denied", False, f"ERROR: Permission to team/registry.git denied to ci.\n{NOT_READ}"),
    (
        "denied",
        False,
        f"remote: ERROR: This deploy key does not have write access to this project.\n{NOT_READ}",
    ),
    ("denied", False, f"error: RPC failed; HTTP 403 curl 22 The URL returned error: 403\n{BROKEN}"),
    ("missing", False, "fatal: repository 'https://forge.test/x.git/' not found"),
    ("missing", False, f"ERROR: Repository not found.\n{NOT_READ}"),
    (
        "missing",
        False,
        "remote: ERROR: The project you were looking for could not be found or you don't have "
        f"permission to view it.\n{NOT_READ}",
    ),
    (
        "missing",
        False,
        f"remote: TF401019: The Git repository with name or identifier x is none.\n{NOT_READ}",
    ),
    (
        "missing",
        False,
        f"fatal: '/no/x.git' does not appear to be a git repository\n{NOT_READ}",
    ),
    ("busy", False, f"{UNABLE}The requested URL returned error: 429"),
    ("busy", False, f"{UNABLE}The requested URL returned error: 503"),
    (
        "busy",
        True,
        f"error: RPC failed; HTTP 503 curl 22 The requested URL returned error: 503\n{BROKEN}",
    ),
    ("server", False, f"{UNABLE}The requested URL returned error: 500"),
    (
        "server",
        True,
        f"error: RPC failed; HTTP 504 curl 22 The requested URL returned error: 504\n{BROKEN}",
    ),
    (
        "size",
        False,
        f"error: RPC failed; HTTP 413 curl 22 The requested URL returned error: 413\n{BROKEN}",
    ),
    ("redirect", False, f"{UNABLE}The requested URL returned error: 302"),
    (
        "redirect",
        False,
        "fatal: unable to update url base from redirection:\n  asked for: https://forge.test/x",
    ),
    ("unreachable", False, f"{UNABLE}Could not resolve host: forge.test"),
    ("unreachable", False, f"{UNABLE}Failed to connect to forge.test port 443 after 0 ms"),
    ("unreachable", False, f"{UNABLE}Empty reply from server"),
    ("unreachable", False, f"{UNABLE}Recv failure: Connection reset by peer"),
    (
        "unreachable",
        False,
        f"{UNABLE}OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to forge.test:443",
    ),
    (
        "unreachable",
        False,
        f"ssh: connect to host forge.test port 22: Connection refused\n{NOT_READ}",
    ),
    ("tls", False, f"{UNABLE}server certificate verification failed. CAfile: none CRLfile: none"),
    ("tls", False, f"{UNABLE}SSL certificate problem: self-signed certificate"),
    ("tls", False, f"{UNABLE}gnutls_handshake() failed: An unexpected TLS packet was received."),
    ("unknown", True, f"error: RPC failed; curl 52 Empty reply from server\n{BROKEN}"),
    ("unknown", True, f"error: RPC failed; curl 52 Recv failure: Connection reset\n{BROKEN}"),
    ("unknown", True, f"error: RPC failed; curl 18 transfer closed\n{BROKEN}"),
    (
        "unknown",
        True,
        f"error: RPC failed; curl 56 GnuTLS recv error (-54): Error in the pull.\n{BROKEN}",
    ),
    ("unknown", True, "Connection to forge.test closed by remote host.\n" + BROKEN),
    ("full", False, "fatal: write error: No space left on device\nfatal: fetch-pack: invalid"),
    ("atomic", False, "fatal: the receiving end does not support --atomic push"),
    ("format", False, "fatal: the receiving end does not support this repository's hash algorithm"),
    ("format", False, "fatal: mismatched algorithms: client sha1; server sha256"),
]


def of_ref(ref: str, status: str, said: str = "") -> Completed:
    lines = "".join(f"remote: {line}        \n" for line in said.splitlines())
    shown = f"To https://forge.test/x.git\n!\t1111111:{ref}\t{status}\nDone\n"
    failed = "error: failed to push some refs to 'https://forge.test/x.git'\n"
    return Completed(1, shown.encode(), lines + failed)


@pytest.mark.parametrize(("fault", "ref", "status", "said"), OF_A_REF)
def test_what_is_said_of_a_ref_tells_why(fault, ref, status, said):
    assert ref_faults(of_ref(ref, status, said))[ref].fault == fault


@pytest.mark.parametrize(("fault", "sent", "said"), OF_A_CONNECTION)
def test_what_is_said_of_a_connection_tells_why_and_whether_something_was_sent(fault, sent, said):
    assert fault_of(Completed(128, b"", f"{said}\n")) == (fault, sent)


def test_a_server_cannot_talk_a_lost_answer_into_something_else():
    said = f"remote: error: 403 Authentication failed, Repository not found\n{BROKEN}\n"
    assert fault_of(Completed(1, b"Done\n", said)) == ("unknown", True)


def test_refs_that_move_as_one_share_the_fate_of_the_one_that_could_not():
    shown = (
        f"!\t1111111:{MAIN}\t[rejected] (atomic push failed)\n"
        f"!\t:{INBOX}\t[rejected] (stale info)\nDone\n"
    )
    told = ref_faults(Completed(1, shown.encode(), ""))
    assert {ref: status.fault for ref, status in told.items()} == {MAIN: "race", INBOX: "race"}


def test_refs_that_arrived_are_told_beside_those_that_did_not():
    shown = f"*\t1111111:{INBOX}\t[new reference]\n!\t1:{MAIN}\t[rejected] (stale info)\nDone\n"
    told = ref_faults(Completed(1, shown.encode(), ""))
    assert [told[ref].fault for ref in (INBOX, MAIN)] == [None, "race"]


def test_every_fault_has_words_and_a_remedy_of_its_own():
    assert len(set(FAULTS.values())) == len(FAULTS)
    for fault, (words, remedy) in FAULTS.items():
        assert words
        assert remedy
        assert not remedy.endswith("."), fault
        assert RemoteFailure(fault).hint == remedy


def test_the_servers_words_are_passed_on_without_logins_or_control_characters():
    said = "remote: see https://ci:secret@forge.test/x\x1b[31m\nremote: \nfatal: no\n"
    text = reason_of(Completed(1, b"", said))
    assert text.splitlines() == ["fatal: no", "  remote: see https://forge.test/x\ufffd[31m"]


@pytest.mark.parametrize(
    "line",
    [
        "ssh: connect to host forge.test port 22: Connection refused",
        "git@forge.test: Permission denied (publickey).",
        "Host key verification failed.",
        "ERROR: Repository not found.",
    ],
)
def test_what_ssh_says_is_the_reason_and_not_that_git_then_read_nothing(line):
    said = f"Warning: Permanently added 'forge.test'\n{line}\n{NOT_READ}\n\nPlease make sure\n"
    assert reason_of(Completed(128, b"", said)) == line


def test_where_ssh_says_nothing_gits_own_words_have_to_do():
    said = f"remote: no\n{NOT_READ}\n"
    assert reason_of(Completed(128, b"", said)).splitlines()[0] == NOT_READ.splitlines()[0]


def test_whom_ssh_does_not_let_in_is_told_of_keys():
    refused = RemoteFailure("login", stderr="git@forge.test: Permission denied (publickey).\n")
    assert "ssh-add" in refused.hint
    assert "VERSIONER_TOKEN" in RemoteFailure("login", stderr="fatal: Authentication failed").hint
