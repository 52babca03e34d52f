"""The two clients of the hosted product, as far as a server sees and answers them.

Written after what both were seen to do: their headers, their tries, what they read of an answer and
what they make of it: an exit code and lines for one, outputs and annotations for the other.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Action", "CommandLine", "CutProxy", "Outcome", "Step"]

_ADVICE = {
    "FLOW_VIOLATION": "Deploy to the required environments first",
    "INSUFFICIENT_SOAK_TIME": "Wait for the soak time to pass",
    "QUALITY_APPROVAL_REQUIRED": "Get the version approved",
    "APPROVAL_REQUIRED": "Get the deployment request approved",
}
# An offset is needed: a naive time is an error of the client.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_TITLES = {409: "Deployment Conflict", 423: "Deployment Blocked", 428: "Deployment Blocked"}


def post(url: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, bytes]:
    """Send a request as text after the base address, and follow no redirect."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request("POST", f"{parts.path}{path}", json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@dataclass
class Outcome:
    """How a run of the command line client ended."""

    exit_code: int
    out: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    tries: int = 1
    reply: dict[str, Any] = field(default_factory=dict)


@dataclass
class CommandLine:
    """The command line client: four tries, with pauses of 1, 2 and 4 times `pause` seconds."""

    url: str
    key: str
    pause: float = 1.0
    in_github: bool = False
    fails_on_api_error: bool = True

    def track(self, kind: str, body: dict[str, Any]) -> Outcome:
        """Send an event, and return how the command ends."""
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.key}",
            "User-Agent": "versioner-cli/1.0.10",
            "Accept-Encoding": "gzip",
        }
        refused = 2 if kind == "build" else 1
        for tries in range(1, 5):
            try:
                status, data = post(self.url, f"/{kind}-events/", body, headers)
            except (OSError, http.client.HTTPException) as error:
                status, data = 0, str(error).encode()
            if 0 < status < 500 and status != 429:
                break
            if tries < 4:
                time.sleep(self.pause * 2 ** (tries - 1))
        if 200 <= status < 300:
            return self._stored(kind, data, tries, refused)
        if not 0 < status < 500 or status == 429:
            return Outcome(refused, errors=["request failed"], tries=tries)
        return self._refused(kind, status, json.loads(data), tries)

    def _stored(self, kind: str, data: bytes, tries: int, unreadable: int) -> Outcome:
        reply = json.loads(data)
        ids = ["id", "product_id", "version_id", *(["environment_id"] if kind != "build" else [])]
        times = ["started_at", "completed_at"] if kind == "build" else ["deployed_at"]
        if not isinstance(reply, dict) or not all(
            isinstance(reply.get(name), str | None) for name in ids
        ):
            return Outcome(unreadable, errors=["cannot parse the answer"], tries=tries)
        if not all(_TIME.fullmatch(reply[name]) for name in times if reply.get(name)):
            return Outcome(unreadable, errors=["cannot parse a time"], tries=tries)
        lines = [f"{kind.capitalize()} event tracked successfully", f"Event ID: {reply['id']}"]
        return Outcome(0, lines, tries=tries, reply=reply)

    def _refused(self, kind: str, status: int, body: Any, tries: int) -> Outcome:
        detail = body.get("detail")
        if kind == "build":
            return Outcome(2, errors=[f"API error: {detail}"], tries=tries)
        if status in (409, 423, 428):
            return self._blocked(status, detail, tries)
        if not self.fails_on_api_error:
            return Outcome(0, ["Deployment event tracked successfully", "Event ID: "], tries=tries)
        return Outcome(4, errors=[f"API error: {detail}"], tries=tries)

    def _blocked(self, status: int, detail: Any, tries: int) -> Outcome:
        if not isinstance(detail, dict):
            return Outcome(5, errors=[f"API error: {detail}"], tries=tries)
        details = detail.get("details") or {}
        rule, code = details.get("rule_name", ""), detail.get("code", "")
        lines = [_TITLES[status], *([f"Rule: {rule}"] if rule else []), detail["message"]]
        lines += [f"Retry after: {detail['retry_after']}"] if detail.get("retry_after") else []
        lines += [_ADVICE.get(code, "Resolve it and try again")] if status == 428 else []
        lines += [f"Details: {json.dumps(details)}"] if details else []
        out = []
        if self.in_github:
            titles = {409: "Deployment Conflict", 423: f"Deployment Blocked: {rule}"}
            out = [f"::error title={titles.get(status, f'{code}: {rule}')}::{detail['message']}"]
        return Outcome(5, out, lines, tries)


@dataclass
class Step:
    """How a step of the action ended."""

    failed: bool
    outputs: dict[str, str] = field(default_factory=dict)
    annotations: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Action:
    """The action: one try; a failure status fails the step although the event is stored."""

    url: str
    key: str
    fails_on_api_error: bool = True

    def run(self, kind: str, body: dict[str, Any]) -> Step:
        """Send an event, and return how the step ends."""
        headers = {
            "Accept": "application/json, text/plain, */*",
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.key}",
            "User-Agent": "axios/1.12.2",
        }
        status, data = post(self.url.removesuffix("/"), f"/{kind}-events/", body, headers)
        reply = json.loads(data)
        if 200 <= status < 300:
            return self._stored(kind, body, reply)
        if status in (409, 423, 428):
            return Step(True, annotations=[("error", self._text_of(kind, status, reply))])
        level = "error" if self.fails_on_api_error else "warning"
        text = str(reply.get("message") or reply.get("detail"))
        return Step(self.fails_on_api_error, annotations=[(level, text)])

    def _stored(self, kind: str, body: dict[str, Any], reply: dict[str, Any]) -> Step:
        names = {"version_id": "version_id", "product_id": "product_id"}
        names |= {"build_id": "id"} if kind == "build" else {"deployment_id": "id"}
        names |= {} if kind == "build" else {"environment_id": "environment_id"}
        notes = [("notice", f"{kind} tracked")]
        preflight = reply.get("extra_metadata", {}).get("preflight_status", {})
        for each in preflight.get("rules_evaluated", []):
            if each["status"] == "report_only" and each["evaluation_result"] == "failed":
                notes.append(("warning", f"{each['rule_name']}: {each['error_message']}"))
        failed = body["status"] in ("failed", "fail", "failure", "error")
        return Step(failed, {name: reply[key] for name, key in names.items()}, notes)

    def _text_of(self, kind: str, status: int, reply: dict[str, Any]) -> str:
        if kind == "build":
            return str(reply.get("message") or reply.get("error"))
        detail = reply.get("detail")
        if not isinstance(detail, dict):
            return "Deployment rejected by Versioner (UNKNOWN)"
        rule = (detail.get("details") or {}).get("rule_name", "Unknown Rule")
        return f"{_TITLES[status]} [{detail['code']}] {rule}: {detail['message']}"


class CutProxy:
    """A proxy on a port of its own that cuts the first `cuts` connections instead of answering.

    The request reaches the server, and the server's whole answer reaches the proxy: what the client
    sees is a connection that ends.
    """

    def __init__(self, port: int, cuts: int) -> None:
        self._port, self._cuts = port, cuts
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._sock.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> CutProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._sock.accept()
            except OSError:
                return
            with client:
                self._pass_on(client)

    def _pass_on(self, client: socket.socket) -> None:
        data = b""
        while not _is_whole(data):
            data += client.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        with socket.create_connection(("127.0.0.1", self._port)) as server:
            server.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
            answer = b""
            while part := server.recv(65536):
                answer += part
        if self._cuts:
            self._cuts -= 1
            return
        client.sendall(answer)


def _is_whole(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(end) and length is not None and len(body) >= int(length[1])
