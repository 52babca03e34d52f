"""The files of running.md, judged by the programs that read them, and its backup and restore."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.acceptance.tool import PATIENCE, PROJECT, environment, git, versioner
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


def test_the_image_holds_what_linters_of_images_ask_for() -> None:
    lines = re.sub(r"\\\n\s*", "", DOCKERFILE).splitlines()
    words = [line.partition(" ")[0] for line in lines if line and not line.startswith("#")]
    assert words[0] == "FROM"
    assert {"FROM", "RUN", "ARG", "ENV", "VOLUME", "USER", "EXPOSE", "HEALTHCHECK"} < {*words}
    # A tag of an image, no latest one; each list of packages is removed where it was fetched.
    assert re.fullmatch(r"FROM python:3\.\d+-slim", lines[0])
    (fetched,) = [line for line in lines if "apt-get" in line]
    assert fetched.startswith("RUN apt-get update && apt-get install --yes --no-install-recommends")
    assert fetched.endswith("&& rm -rf /var/lib/apt/lists/*")
    assert "--no-cache-dir" in DOCKERFILE
    # Arrays, so that signals reach the server and not a shell.
    assert all(re.search(rf"^{word} \[", DOCKERFILE, re.M) for word in ("ENTRYPOINT", "CMD"))
    # What runs as root comes before USER, and no secret is an argument of the build.
    assert max(i for i, word in enumerate(words) if word == "RUN") < words.index("USER")
    assert not re.search(r"^(ARG|ENV) .*(TOKEN|SECRET|PASSWORD)", DOCKERFILE, re.M)
    assert not re.search(r"\b(sudo|ADD|chmod 777|curl)\b", DOCKERFILE)


# As the container does: nothing can be written to but the state and the temporary folder (the
# remote is beside it here), and no capability is left.
READ_ONLY = """
set -eu
for each in "$TOP" "$STATE" "$HOME" "$REMOTE"; do mount --bind "$each" "$each"; done
for each in "$TOP" /; do mount -o remount,bind,ro "$each"; done
if mountpoint -q /dev/shm; then mount -o remount,bind,ro /dev/shm; fi
if touch "$TOP/written" 2>/dev/null; then exit 99; fi
exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""


def test_a_server_without_rights_on_a_read_only_root_records_and_serves(
    template: Path, tmp_path: Path
) -> None:
    places = {name: tmp_path / name.lower() for name in ("STATE", "HOME", "REMOTE")}
    for each in places.values():
        each.mkdir()
    git(tmp_path, "clone", "-q", "--bare", str(template), str(places["REMOTE"] / "bare.git"))
    made = versioner("token", "create", "ci", "--scope", "admin", "--state", places["STATE"])
    remote, state = f"file://{places['REMOTE']}/bare.git", str(places["STATE"])
    serve = ["serve", "--repo", remote, "--state", state, "--port", "0"]
    env = environment() | {name: str(place) for name, place in places.items()}
    env |= {"TMPDIR": str(places["HOME"]), "TOP": str(tmp_path)}
    program = [needed("unshare"), "--mount", "sh", "-c", READ_ONLY, "sh"]
    if subprocess.run([*program[:2], "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root may have mounts of its own")
    needed("setpriv")
    with subprocess.Popen(
        [*program, sys.executable, "-m", "versioner", *serve],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        said = server.stdout.readline()
        found = re.search(r"serving (\S+)/ ", said)
        assert found, server.communicate()
        body = {"product": "shop", "environment": "staging", "version": "99", "id": "ro-1"}
        request = urllib.request.Request(
            f"{found[1]}/api/v1/events",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {made.stdout.strip()}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert answer.status == 201
        server.terminate()
        _, log = server.communicate(timeout=PATIENCE)
    assert server.returncode == 0, log
    assert "ro-1" in git(places["REMOTE"] / "bare.git", "grep", "-h", "ro-1", "main")
    assert not re.search(r"[Rr]ead-only file system|Permission denied|Traceback", log)


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
