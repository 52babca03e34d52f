"""One POST against receivers that take, refuse, hang, answer late, drip and redirect."""

from __future__ import annotations

import base64
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.local_registry import NOW
from tests.notify.receivers import receiving
from versioner.notify.forms.payloads import webhook_request
from versioner.notify.http_post import TIMEOUT_SECONDS, post
from versioner.notify.notice_details import NoticeDetails
from versioner.notify.notices import Notice

if TYPE_CHECKING:
    from pathlib import Path

    from tests.notify.receivers import Receiver

HEADERS = {
    "Content-Type": "application/json",
    "X-Versioner-Delivery": "a",
    "X-Versioner-Event": "b",
}


@pytest.mark.parametrize(
    ("status", "error", "is_final"),
    [
        (200, "", False),
        (204, "", False),
        (400, "HTTP 400", True),
        (404, "HTTP 404", True),
        (408, "HTTP 408", False),
        (425, "HTTP 425", False),
        (429, "HTTP 429", False),
        (500, "HTTP 500", False),
        (599, "HTTP 599", False),
    ],
)
def test_what_a_status_means(receiver: Receiver, status: int, error: str, is_final: bool) -> None:
    receiver.answer = lambda _: status
    assert post(receiver.url, b"{}", HEADERS) == (error, is_final)


def test_ten_seconds_at_least_are_waited_for_an_answer() -> None:
    assert TIMEOUT_SECONDS >= 10


def test_a_late_answer_within_the_limit_counts(receiver: Receiver) -> None:
    receiver.answer = lambda _: 0.3
    assert post(receiver.url, b"{}", HEADERS, 2) == ("", False)


@pytest.mark.parametrize("answer", ["hang", "drip"])
def test_a_receiver_that_never_ends_its_answer_is_left_at_the_limit(
    receiver: Receiver, answer: str
) -> None:
    receiver.answer = lambda _: answer
    error, is_final = post(receiver.url, b"{}", HEADERS, 0.4)
    assert (error, is_final) == ("no answer within 0 seconds", False)


def test_a_receiver_that_closes_and_one_that_is_not_there_may_be_tried_again(
    receiver: Receiver,
) -> None:
    receiver.answer = lambda _: "close"
    error, is_final = post(receiver.url, b"{}", HEADERS)
    assert (error.startswith("no answer: "), is_final) == (True, False)
    error, is_final = post("http://127.0.0.1:1/", b"{}", HEADERS)
    assert (error, is_final) == ("no answer: Connection refused", False)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    with receiving() as other:
        receiver.answer, receiver.location = (lambda _: status), other.url
        error, is_final = post(receiver.url, b"{}", HEADERS)
        assert (is_final, other.received) == (True, [])
    assert error.startswith(f"HTTP {status}: the receiver redirects to 127.0.0.1")


@pytest.mark.parametrize(
    "url",
    ["", "ftp://a/", "file:///etc/passwd", "https://", "http://a b/", "http://a:0/", "a.test"],
)
def test_what_is_no_web_address_is_never_opened(url: str) -> None:
    error, is_final = post(url, b"{}", HEADERS)
    assert ("https://" in error, is_final) == (True, True)


def test_openssl_makes_the_same_signature(tmp_path: Path) -> None:
    notice = Notice("e-1", "deployment.completed", NOW, products=("größe",), version="1.0")
    secret = "a secret, with spaces"
    body, headers = webhook_request(NoticeDetails(notice), secret)
    (tmp_path / "body").write_bytes(body)
    command = ["openssl", "dgst", "-sha256", "-hmac", secret, "-hex", str(tmp_path / "body")]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert headers["X-Versioner-Signature"] == f"sha256={made.split()[-1]}"
    assert "X-Versioner-Signature" not in webhook_request(NoticeDetails(notice), "")[1]
    assert b": " not in body


def test_a_login_in_the_address_is_sent_as_a_header_and_is_in_no_error(receiver: Receiver) -> None:
    url = receiver.url.replace("http://", "http://bot:hunter%402@")
    assert post(url, b"{}", HEADERS) == ("", False)
    sent = receiver.accepted[0].headers
    assert sent["authorization"] == f"Basic {base64.b64encode(b'bot:hunter@2').decode()}"
    assert "@" not in sent["host"]
    error, _ = post("https://bot:hunter2@127.0.0.1:9/hook", b"{}", HEADERS, 2)
    assert error
    assert "hunter2" not in error
