"""The remote of a clone: its URL and login, its client, and its remote-tracking ref.

The client works in a temporary bare repository that borrows the clone's objects. Of the clone's
configuration only the remote's URL and the HTTP headers take part (CI checkouts keep their token
in one): no hook, credential helper, ssh command or URL rewriting of the clone runs.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from versioner.errors import UsageFault, quoted
from versioner.git.config import settings, values_of
from versioner.git.process import git
from versioner.git.repository import tip_of
from versioner.git.temporary import temporary_folder
from versioner.remote.client import RemoteClient, create_bare
from versioner.remote.url import Remote, holds_token, token_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from versioner.git.process import Completed
    from versioner.git.repository import Repository

__all__ = [
    "client_of",
    "fetch_commits",
    "remote_of",
    "remote_tip_known",
    "update_tracking_ref",
    "url_of",
]

_HELPER: Final = re.compile(r"[A-Za-z0-9+.-]*::")
_SCP_LIKE: Final = re.compile(r"[^/\\]{2,}:")
_LOGIN: Final = re.compile(r"(https?://)([^/@]*)@(.*)", re.DOTALL)
_LENT: Final = "refs/heads/lent"


@contextmanager
def client_of(repo: Repository, remote: str) -> Iterator[RemoteClient]:
    """Create a client for a clone's remote, which is named or given by a path or URL."""
    found = remote_of(repo, remote)
    with temporary_folder() as place:
        folder = _borrow_objects(repo, found, place.folder)
        yield RemoteClient(found, folder, inherited=place.inherited)


def fetch_commits(
    client: RemoteClient, repo: Repository, ref: str, known: Sequence[str]
) -> Completed:
    """Fetch a branch's commits into the clone's own objects; no ref of the clone moves.

    `known` are commits that the clone has: the remote does not send what they contain.
    """
    for number, commit in enumerate(known):
        lend = ["update-ref", f"{_LENT}-{number}", commit]
        git([f"--git-dir={client.folder}", *lend], cwd=client.folder)
    env = {"GIT_OBJECT_DIRECTORY": str(repo.common_dir / "objects")}
    return client.fetch(["--", client.remote.url, f"+{ref}:{_LENT}"], env=env)


def url_of(repo: Repository, remote: str) -> str:
    """Return the push URL of a remote; raise UsageFault where there is none."""
    for key in (f"remote.{remote}.pushurl", f"remote.{remote}.url"):
        found = values_of(repo.top, key)
        if found:
            return _checked(found[0].value, repo)
    if "/" in remote or "\\" in remote:
        return _checked(remote, repo)
    raise UsageFault(
        f"there is no remote {quoted(remote)}", hint="see `git remote -v` for the known ones"
    )


def remote_of(repo: Repository, remote: str, token: str = "") -> Remote:
    """Return a clone's remote, with the credentials that the clone has for it.

    A login in its URL (GitLab puts the job's token there) becomes the token; HTTP headers
    (GitHub's checkout keeps its token in one) go along, unless `token` is given.
    """
    url = url_of(repo, remote)
    found = _LOGIN.match(url)
    password = ""
    if found:
        user, password = _login(found[2])
        url = f"{found[1]}{user}@{found[3]}" if user else f"{found[1]}{found[3]}"
    elif os.path.isabs(url):  # noqa: PTH117 -- no pathlib to load
        # Spooled events have the registry's URL.
        url = f"file://{quote(url)}"
    token = token_for(url, token)
    headers = {} if token else _headers(repo)
    # git would send the header to the target of a redirect too.
    settings = ("http.followRedirects=false",) if len(headers) > 1 else ()
    return Remote(url, token or unquote(password), settings, headers)


def _login(text: str) -> tuple[str, str]:
    """Return the login and the password of a URL; a token may be in the place of either."""
    user, _, password = text.partition(":")
    if password in ("", "x-oauth-basic") and holds_token(unquote(user)):
        return "", user
    return user, password


def _checked(url: str, repo: Repository) -> str:
    if url.startswith("-") or _HELPER.match(url):
        raise UsageFault(f"{quoted(url)} is not a URL to push to")
    if "://" in url or _SCP_LIKE.match(url):
        return url
    return str((repo.top / url).resolve())


def _borrow_objects(repo: Repository, remote: Remote, folder: Path) -> Path:
    """Create an empty repository that reads the clone's objects, and return its folder."""
    bare = folder / "push.git"
    create_bare(bare, remote.url, repo.object_format)
    info = bare / "objects" / "info"
    info.mkdir()
    (info / "alternates").write_text(f"{repo.common_dir / 'objects'}\n", "utf-8")
    shallow = repo.common_dir / "shallow"
    if shallow.is_file():
        shutil.copyfile(shallow, bare / "shallow")
    return bare


def _headers(repo: Repository) -> dict[str, str]:
    """Return environment variables with the clone's HTTP headers; arguments would be public."""
    found = settings(repo.top, r"^http\.(.*\.)?extraheader$")
    headers = [each for each in found if each.scope in ("local", "worktree")]
    given = os.environ.get("GIT_CONFIG_COUNT", "")
    first = int(given) if given.isdigit() else 0
    env = {"GIT_CONFIG_COUNT": str(first + len(headers))}
    for number, (_, key, value) in enumerate(headers, first):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env


def remote_tip_known(repo: Repository, remote: str, branch: str | None = None) -> str | None:
    """Return the remote-tracking commit of a branch, by default of the current one."""
    ref = _tracking(remote, branch or repo.branch or "")
    return None if "/" in remote else tip_of(repo, ref)


def update_tracking_ref(repo: Repository, remote: str, tip: str) -> None:
    """Update the remote-tracking ref, where the clone has one in the usual place."""
    if "/" in remote:
        return
    ref = _tracking(remote, repo.branch or "")
    usual = f"refs/heads/*:refs/remotes/{remote}/*"
    kept = [each.value for each in values_of(repo.top, f"remote.{remote}.fetch")]
    if tip_of(repo, ref) is not None or usual in (each.removeprefix("+") for each in kept):
        git(["update-ref", "--no-deref", ref, tip], cwd=repo.top, check=False, env=_REFLOG)


# The reflog needs an identity, and git may have none configured.
_REFLOG: Final = {"GIT_COMMITTER_NAME": "versioner", "GIT_COMMITTER_EMAIL": "versioner@localhost"}


def _tracking(remote: str, branch: str) -> str:
    return f"refs/remotes/{remote}/{branch.removeprefix('refs/heads/')}"
