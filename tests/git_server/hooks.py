"""Server-side hooks that speak as forges do."""

from __future__ import annotations

import sys

__all__ = ["hooks_of"]

_GITHUB = """\
error: GH006: Protected branch update failed for refs/heads/main.

- Changes must be made through a pull request."""
_GITHUB_SIGNED = """\
error: GH013: Repository rule violations found for refs/heads/main.

- Commits must have verified signatures.
  Found 1 violation:

  {new}"""
_GITLAB = "GitLab: You are not allowed to push code to protected branches on this project."
_GITLAB_SIGNED = "GitLab: Commit must be signed with a GPG key"

# As GitHub words the reason of each: stock hooks cannot, so git asks this one by proc-receive.
_PROC_RECEIVE = """\
#!{python} -ISE
import subprocess, sys

def packets():
    while (size := int(sys.stdin.buffer.read(4), 16)):
        yield sys.stdin.buffer.read(size - 4)

def say(*lines):
    for line in lines:
        sys.stdout.buffer.write(b"%04x" % (len(line) + 4) + line)
    sys.stdout.buffer.write(b"0000")
    sys.stdout.buffer.flush()

offered = next(packets())
list(packets())
known = {{b"atomic", b"push-options"}} & set(offered.split(b"\\0")[-1].split())
say(b"version=1\\0" + b" ".join(known))
answers = []
for packet in packets():
    old, new, ref = packet.strip().split(b" ", 2)
    shown = subprocess.run(["git", "cat-file", "commit", new], capture_output=True).stdout
    if {signed} and b"\\ngpgsig" in shown.partition(b"\\n\\n")[0]:
        answers += [b"ok " + ref, b"option fall-through"]
        continue
    print({message!r}.format(new=new.decode()), file=sys.stderr)
    answers.append(b"ng " + ref + b" " + {reason!r})
say(*answers)
"""

_REFUSE_CUSTOM = """\
    refs/versioner/*)
        echo "remote: refs outside refs/heads and refs/tags are not accepted" >&2
        exit 1
        ;;
"""


def hooks_of(protected: str, custom_refs: str, hook: str, seconds: float) -> dict[str, str]:
    """Return the text of each hook of a repository so set."""
    hooks = {
        "pre-receive": _pre_receive(protected, custom_refs),
        "update": _update(custom_refs),
        "proc-receive": _proc_receive(protected),
        "post-receive": "",
    }
    if seconds:
        # A forge takes its time before it says no, too.
        hooks[hook] = f"#!/bin/sh\nsleep {seconds}\n" + hooks[hook].removeprefix("#!/bin/sh\n")
    return {name: text for name, text in hooks.items() if text}


def _pre_receive(protected: str, custom_refs: str) -> str:
    cases = _REFUSE_CUSTOM if custom_refs == "pre-receive" else ""
    if protected in {"gitlab", "gitlab-signed"}:
        words = _GITLAB if protected == "gitlab" else _GITLAB_SIGNED
        test = "" if protected == "gitlab" else _unsigned("$new")
        cases += f'    refs/heads/main) {test}{{ echo "{words}" >&2; exit 1; }} ;;\n'
    if not cases:
        return ""
    return f"#!/bin/sh\nwhile read -r old new ref; do\n    case $ref in\n{cases}    esac\ndone\n"


def _unsigned(commit: str) -> str:
    return f'git cat-file commit "{commit}" 2>/dev/null | sed "/^$/q" | grep -q "^gpgsig" || '


def _update(custom_refs: str) -> str:
    if custom_refs != "update":
        return ""
    return f"#!/bin/sh\ncase $1 in\n{_REFUSE_CUSTOM}esac\n"


def _proc_receive(protected: str) -> str:
    said = {
        "github": (_GITHUB, b"protected branch hook declined"),
        "github-signed": (_GITHUB_SIGNED, b"push declined due to repository rule violations"),
    }
    if protected not in said:
        return ""
    message, reason = said[protected]
    return _PROC_RECEIVE.format(
        python=sys.executable,
        message=message,
        reason=reason,
        signed=protected == "github-signed",
    )
