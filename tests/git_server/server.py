"""A git server as forges run one: nginx, FastCGI and `git http-backend`, on loopback, for a test.

One shell watches over the processes and ends them when its input closes, so that none stays
behind however the tests end (a worker of fcgiwrap ends at once by no other signal).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from tests.git_server.disks import small_disk
from tests.git_server.served import Served

__all__ = ["GitServer", "free_port", "missing_packages"]

_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
_NEEDED = {"nginx": "nginx", "fcgiwrap": "fcgiwrap"}
_PATIENCE = 30.0

_SUPERVISOR = """\
"$1" -f -c {workers} -s "unix:$2" 2>"$4/cgi.log" &
"$3" -e "$4/error.log" -p "$4" -c "$4/nginx.conf" 2>>"$4/error.log" &
read -r _
kill -KILL 0
"""

_NGINX = """\
daemon off;
{user}worker_processes 2;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log;
    client_max_body_size 0;
    client_body_temp_path {folder}/tmp-body;
    fastcgi_temp_path {folder}/tmp-fastcgi;
    proxy_temp_path {folder}/tmp-proxy;
    uwsgi_temp_path {folder}/tmp-uwsgi;
    scgi_temp_path {folder}/tmp-scgi;
    fastcgi_read_timeout 600s;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{
            fastcgi_pass unix:{socket};
            fastcgi_param SCRIPT_FILENAME {folder}/gateway.sh;
            fastcgi_param GIT_PROJECT_ROOT {root};
            fastcgi_param GIT_HTTP_EXPORT_ALL "";
            fastcgi_param PATH_INFO $uri;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
        }}
    }}
}}
"""

_GITCONFIG = """\
[safe]
\tdirectory = *
[gc]
\tauto = 0
"""


def missing_packages() -> list[str]:
    """Return the Debian packages that a server needs and that are not installed."""
    absent = [package for program, package in _NEEDED.items() if _find(program) is None]
    return absent if shutil.which("git") else [*absent, "git"]


def _find(program: str) -> str | None:
    return shutil.which(program, path=_PATH)


def free_port() -> int:
    """Return a port of loopback that nothing listens on at present."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class GitServer:
    """Serve bare repositories by HTTP from a folder, until closed."""

    def __init__(self, folder: Path, *, workers: int = 96) -> None:
        self.folder = folder
        self.root = folder / "repositories"
        self.root.mkdir(parents=True)
        self.port = 0
        self._workers = workers
        self._made = 0
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        shutil.copy(Path(__file__).with_name("gateway.sh"), self.folder)
        (self.folder / "gateway.sh").chmod(0o755)
        (self.folder / ".gitconfig").write_text(_GITCONFIG, encoding="utf-8")
        for _ in range(5):
            if self._start():
                return self
            self._stop()
        raise RuntimeError((self.folder / "error.log").read_text(encoding="utf-8"))

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._stack.close()

    def _start(self) -> bool:
        # Not in the server's own folder: a socket's path may not be longer than 107 bytes.
        sockets = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="git-server-"))
        self.port = free_port()
        user = "user root;\n" if os.geteuid() == 0 else ""
        fields = {"user": user, "port": self.port, "root": self.root, "folder": self.folder}
        text = _NGINX.format(socket=f"{sockets}/cgi", **fields)
        (self.folder / "nginx.conf").write_text(text, encoding="utf-8")
        script = _SUPERVISOR.format(workers=self._workers)
        programs = [str(_find("fcgiwrap")), f"{sockets}/cgi", str(_find("nginx"))]
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", script, "git-server", *programs, str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env={"PATH": _PATH, "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1"},
            start_new_session=True,
        )
        return self._answers(Path(sockets, "cgi"))

    def _answers(self, cgi: Path) -> bool:
        deadline = time.monotonic() + _PATIENCE
        log = self.folder / "error.log"
        while time.monotonic() < deadline:
            if log.is_file() and "[emerg]" in log.read_text(encoding="utf-8", errors="replace"):
                log.rename(log.with_name("error.log.old"))
                return False
            try:
                if cgi.exists():
                    socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                    return True
            except OSError:
                pass
            time.sleep(0.01)
        return False

    def _stop(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(timeout=_PATIENCE)
            self._process = None

    def repository(
        self,
        name: str | None = None,
        *,
        copy_of: Path | None = None,
        disk: int | None = None,
        object_format: str = "sha1",
        **options: Any,
    ) -> Served:
        """Make a bare repository, empty or a copy, and serve it as /NAME.git.

        `disk` gives it a file system of its own with so many bytes; the options are `Options`'.
        """
        self._made += 1
        name = name or f"registry-{self._made}"
        path = self.root / f"{name}.git"
        path.parent.mkdir(parents=True, exist_ok=True)
        if disk is not None:
            self._stack.enter_context(small_disk(path, disk))
        if copy_of is None:
            init = ["git", "init", "-q", "--bare", "-b", "main", "--template="]
            subprocess.run([*init, f"--object-format={object_format}", str(path)], check=True)
        else:
            # Not cloned, for a clone has no refs but branches and tags.
            shutil.copytree(copy_of, path, dirs_exist_ok=True)
        served = Served(name, path, self.url)
        served.set(**options)
        return served

    def requests(self) -> list[str]:
        """Return the request line of everything that reached it, over all its time."""
        log = self.folder / "access.log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
        return [line.split('"')[1] for line in lines]
