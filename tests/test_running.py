"""The files of running.md, judged by the programs that read them, and its backup and restore."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.acceptance.tool import PATIENCE, PROJECT, git, versioner
from tests.forge.shells import put_tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

TEXT = (PROJECT / "versioner/docs/running.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- (?:file|snippet): (\S+) -->\n```\w+\n(.*?)```\n", TEXT, re.DOTALL))
DOCKERFILE = FILES["Dockerfile"]
COMPOSE = yaml.safe_load(FILES["compose.yaml"])["services"]["versioner"]


def judged(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a program that must find nothing wrong, and return what it says."""
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"this machine has no {program}")
    return found


# --- the container


def test_the_container_has_no_rights_and_a_read_only_root(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(FILES["compose.yaml"])
    schema = "--builtin-schema=vendor.compose-spec"
    judged(sys.executable, "-m", "check_jsonschema", schema, tmp_path / "compose.yaml")
    assert COMPOSE["read_only"] is True
    assert COMPOSE["cap_drop"] == ["ALL"]
    assert all(each.startswith("127.0.0.1:") for each in COMPOSE["ports"])
    user = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    assert user == [("10001", "10001")]
    # What is written to: the volume of the state, and the temporary folder.
    assert COMPOSE["volumes"] == ["state:/state"]
    assert COMPOSE["tmpfs"] == ["/tmp"]
    assert re.search(r"VERSIONER_STATE=/state HOME=/tmp ", DOCKERFILE)


def test_the_options_of_container_and_unit_are_those_of_serve() -> None:
    known = set(re.findall(r"--[a-z-]+", versioner("serve", "--help").stdout))
    (unit,) = re.findall(r"^ExecStart=(.*)$", FILES["versioner.service"], re.MULTILINE)
    (default,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    words = [*COMPOSE["command"], *json.loads(default), *unit.split()]
    used = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert used
    assert used <= known


@pytest.fixture
def health() -> Iterator[tuple[int, list[int]]]:
    """Return the port of a server, and the list whose first item is the status it answers with."""
    answers = [200]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answers[0] if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1], answers
        server.shutdown()
        thread.join()


def test_the_health_check_fails_where_the_server_is_not_well(
    health: tuple[int, list[int]],
) -> None:
    port, answers = health
    (command,) = re.findall(r"^HEALTHCHECK [^\[]*CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    python, *args = json.loads(command.replace(":8080/", f":{port}/"))
    assert python == "python"
    for status, code in ((200, 0), (503, 1)):
        answers[0] = status
        done = subprocess.run([sys.executable, *args], capture_output=True, check=False)
        assert done.returncode == code


# --- the unit and the proxies


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    analyze = needed("systemd-analyze")
    unit = FILES["versioner.service"].replace("/opt/versioner/bin/versioner", sys.executable)
    assert unit != FILES["versioner.service"]
    path = tmp_path / "versioner.service"
    path.write_text(unit.replace("User=versioner", "User=daemon"))
    said = judged(analyze, "verify", path)
    assert "versioner.service" not in said
    # 0 is best, 10 is worst; a unit without any of these settings has 9.6.
    judged(analyze, "security", "--offline=yes", "--threshold=20", path)


def test_nginx_accepts_its_configuration(tmp_path: Path) -> None:
    nginx = needed("nginx")
    name = "releases.example.com"
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    judged(
        needed("openssl"), *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
        *("-subj", f"/CN={name}", "-keyout", key, "-out", certificate),
    )  # fmt: skip
    text = FILES["nginx.conf"].replace(f"/etc/ssl/private/{name}.key", str(key))
    text = text.replace(f"/etc/ssl/{name}.pem", str(certificate))
    version = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", judged(nginx, "-v"))
    assert version is not None
    if tuple(map(int, version.groups())) < (1, 25, 1):
        # As the page says of these.
        text = text.replace("  http2 on;\n", "").replace("443 ssl;", "443 ssl http2;")
    whole = f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{text}}}\n"
    (tmp_path / "nginx.conf").write_text(whole)
    judged(nginx, "-t", "-q", "-e", "stderr", "-p", tmp_path, "-c", tmp_path / "nginx.conf")


def test_caddy_accepts_its_configuration(tmp_path: Path) -> None:
    caddy = needed("caddy")
    (tmp_path / "Caddyfile").write_text(FILES["Caddyfile"])
    judged(caddy, "validate", "--adapter", "caddyfile", "--config", tmp_path / "Caddyfile")


# --- backup and restore


def test_a_restored_backup_has_every_ref_and_takes_events(template: Path, tmp_path: Path) -> None:
    registry, restored = tmp_path / "registry.git", tmp_path / "new.git"
    git(tmp_path, "clone", "-q", "--bare", str(template), str(registry))
    git(registry, "update-ref", "refs/versioner/inbox/user-service/x", "HEAD")
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(restored))
    put_tool(tmp_path / "bin")
    places = {
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin:/usr/sbin",
        "PYTHONPATH": str(PROJECT),
        "HOME": str(tmp_path),
        "BACKUPS": str(tmp_path / "backups"),
        "REGISTRY": f"file://{registry}",
        "NEW_REGISTRY": f"file://{restored}",
    }
    (tmp_path / "backups").mkdir()
    for name in ("backup", "backup", "restore"):
        bundles = sorted((tmp_path / "backups").glob("*.bundle"))
        env = {**places, "BUNDLE": str(bundles[-1]) if bundles else ""}
        done = subprocess.run(
            ["sh", "-c", FILES[name]],
            cwd=tmp_path, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (name, done.stdout + done.stderr)
    refs = ("for-each-ref", "--format=%(objectname) %(refname)")
    assert git(restored, *refs) == git(registry, *refs)
    assert "refs/versioner/inbox/user-service/x" in git(restored, *refs)
