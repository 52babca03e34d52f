"""What `versioner mcp` offers and reads: folders, URLs, read-only, and its process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import anyio
import pytest
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError

from tests.mcp.conftest import git
from tests.mcp.test_session import CALLS
from versioner.cli.errors import run
from versioner.errors import UsageFault, VersionerError
from versioner.mcp.answers import Answer, page_of
from versioner.mcp.draft_tools import DraftTools
from versioner.mcp.history_tools import HistoryTools
from versioner.mcp.safe_text import LONGEST_TEXT, safe_data, safe_text
from versioner.mcp.server import create_server
from versioner.mcp.source import RegistrySource
from versioner.mcp.state_tools import StateTools
from versioner.remote.url import address_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = "2026-11-22T10:15:00Z"
HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "t", "version": "0"},
    },
}  # fmt: skip


def test_a_read_only_server_offers_no_tool_that_writes(top: Path) -> None:
    source = RegistrySource(top, clock=lambda: NOW)
    tools = create_server(source, read_only=True)._tool_manager.list_tools()
    assert len(tools) == 27
    assert not [each.name for each in tools if "write" in each.parameters["properties"]]


def test_a_registry_at_a_url_is_fetched_again_and_drafts_are_pushed(
    top: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "registry.git"
    git(tmp_path, "clone", "-q", "--bare", str(top), str(bare))
    moments = [NOW]
    source = RegistrySource(address_of(bare.as_uri(), ""), clock=lambda: moments[-1])
    try:
        state = StateTools(source)
        assert state.list_products(50, "").result["total"] == 3
        made = DraftTools(source).create_deployment_request(
            "far", "production", {"user-service": "1.4.0"}, write=True
        )
        assert git(bare, "rev-parse", "HEAD") == made.commit
        other = tmp_path / "other"
        git(tmp_path, "clone", "-q", str(bare), str(other))
        assert run(["product", "create", "new-one", "--repo", str(other)]) == 0
        git(other, "push", "-q")
        moments.append("2026-11-22T10:16:00Z")
        assert state.list_products(50, "").result["total"] == 4
    finally:
        source.close()


def test_a_branch_without_a_registry_is_an_error_of_usage(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "Begin")
    assert run(["mcp", "--repo", str(tmp_path)]) == 2
    with pytest.raises(UsageFault):
        StateTools(RegistrySource(tmp_path, clock=lambda: NOW)).list_environments()


def test_without_the_sdk_one_line_says_what_to_install(
    top: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "mcp"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "versioner.mcp.server")
    monkeypatch.setitem(sys.modules, "mcp", None)
    assert run(["mcp", "--repo", str(top)]) == 2
    assert "pip install 'versioner[mcp]'" in capsys.readouterr().err


def test_nothing_but_the_protocol_is_on_stdout_and_the_end_of_stdin_ends_it(top: Path) -> None:
    call = {
        "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": {"name": "no_such_tool\x1b[2J", "arguments": {}},
    }  # fmt: skip
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    lines = [json.dumps(HELLO), json.dumps(ready), "no JSON at all", "[" * 9000, json.dumps(call)]
    done = subprocess.run(
        [sys.executable, "-m", "versioner", "mcp", "--repo", str(top)],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        env=dict(os.environ),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert {each.get("id") for each in answers} >= {1}
    assert "Traceback" not in done.stderr


def test_a_page_ends_before_it_grows_too_large_and_has_one_entry_at_least() -> None:
    many = [{"text": "x" * 1900}] * 100
    seen, cursor = 0, ""
    while True:
        page = page_of(many, lambda each: each, limit=200, cursor=cursor)
        assert 1 <= len(page.items) < 30
        seen += len(page.items)
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    assert seen == 100


def test_an_answer_beyond_all_limits_is_an_error_with_the_remedy() -> None:
    with pytest.raises(VersionerError, match="more than 80,000 characters") as caught:
        Answer({"texts": ["x" * 1999] * 50}, at=NOW).document()
    assert "smaller limit" in caught.value.hint


def test_long_texts_and_lists_are_cut_and_say_so() -> None:
    cut = safe_text("x" * (LONGEST_TEXT + 5))
    assert cut.endswith("[... 5 more characters]")
    assert safe_data(list(range(501)))[-1] == "... 1 more"
    assert len(safe_data({str(each): each for each in range(600)})) == 501


@pytest.mark.parametrize(
    "text", ["Grüße", "価格", "नमस्ते", "a\nb\tc", "emoji \U0001f680", "heart \u2764\ufe0f"]
)
def test_text_of_every_language_is_kept(text: str) -> None:
    assert safe_text(text) == text


@pytest.mark.parametrize(
    "text",
    ["\u0000", "\x1b", "\u200b", "\u200d", "\u202e", "\u2028", "\ue000", "\U000e0041", "\ufeff",
     "\ufe00", "\U000e0100", "\ud800", "\u00ad"],
)  # fmt: skip
def test_hidden_characters_are_escaped(text: str) -> None:
    assert safe_text(f"a{text}b") == f"a\\u{{{ord(text):x}}}b"


def test_a_secret_that_was_recorded_is_not_answered() -> None:
    secret = "ghp_" + "a1B2" * 9
    assert secret not in safe_text(f"key {secret}!")


def test_an_unknown_environment_has_no_deployments_and_is_an_error(top: Path) -> None:
    tools = HistoryTools(RegistrySource(top, clock=lambda: NOW))
    with pytest.raises(VersionerError, match='no environment "nowhere"'):
        tools.get_deployments(environment="nowhere")


@pytest.mark.sampled
@pytest.mark.parametrize(("how", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("gone", 0)])
def test_a_signal_or_a_client_that_is_gone_ends_it_without_a_word(
    top: Path, how: str, code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "versioner", "mcp", "--repo", str(top)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=dict(os.environ),
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(json.dumps(HELLO) + "\n")
        process.stdin.flush()
        assert "serverInfo" in process.stdout.readline()
        if how == "gone":
            process.stdout.close()
            process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 2, "method": "ping"}) + "\n")
            process.stdin.close()
        else:
            process.send_signal(getattr(signal, how))
        assert process.wait(30) == code
        assert process.stderr.read() == ""


HOSTILE = (
    None, "", "\x00", "\ud800", "../../x", "x" * 99, "-1", "--help", "production@7d", "1e9", "[]",
    '{"a": 1}', "\u202e::error::x", 0, -1, 10**30, 1.5, True, [], [[]], {}, {"": ""},
    {"user-service": "../x"}, {"user-service": "1.4.0", "x": "1"}, ["x" * 501], ["\x1b[2J"],
)  # fmt: skip


def test_no_argument_of_any_tool_is_a_defect(top: Path, scale: Callable[[int, int], int]) -> None:
    copy = top.parent / "copy"
    git(top.parent, "clone", "-q", str(top), str(copy))
    server = create_server(RegistrySource(copy, clock=lambda: NOW))
    calls = [
        (tool.name, {**CALLS[tool.name], argument: value})
        for tool in server._tool_manager.list_tools()
        for argument in tool.parameters["properties"]
        for value in HOSTILE
    ]
    refused = 0
    for name, arguments in calls[:: scale(61, 1)]:
        try:
            anyio.run(server.call_tool, name, arguments)
        except ToolError as error:
            assert not isinstance(error, UnexpectedToolError), (name, arguments)
            assert str(error) == safe_text(str(error))
            refused += 1
    assert refused
    assert run(["validate", "--repo", str(copy)]) == 0
