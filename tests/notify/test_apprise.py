"""Mail through Apprise to a real SMTP server."""

from __future__ import annotations

import socket
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller

from tests.notify.conftest import configure, context_for
from versioner.notify.apprise_service import send_message
from versioner.notify.forms.wording import Message
from versioner.notify.run import notify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.local_registry import Desk

MAIL = "- {name: ops, to: mail, url_env: OPS_MAIL, events: [deployment.completed]}"


class Mailbox:
    """The mails that a server took; `answers` are what it says to the next ones."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.answers: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        return (
            f"mailto://127.0.0.1:{self.port}?from=v@example.test&to=ops@example.test&mode=insecure"
        )

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))
        return answer


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        box.port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def test_a_mail_is_sent_once_also_where_the_server_asks_to_come_again(
    desk: Desk, mailbox: Mailbox
) -> None:
    configure(desk, MAIL)
    context = context_for({"OPS_MAIL": mailbox.url})
    notify(desk.repository, context)
    desk.record(version="1.4", event_id="first", reason="<b>bold</b> & @Everyone")
    mailbox.answers = ["451 try again later"]
    assert [each.notice.key for each in notify(desk.repository, context).sent] == ["first"]
    assert notify(desk.repository, context).sent == []
    (mail,) = mailbox.mails
    assert mail["Subject"] == "shop 1.4 deployed to staging"
    assert mail["To"] == "ops@example.test"
    assert "Reason: <b>bold</b> & @ Everyone" in mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",))
    assert html is None or "<b>bold" not in html.get_content()


def test_a_mail_that_is_refused_is_a_dead_letter_without_the_address(
    desk: Desk, mailbox: Mailbox
) -> None:
    configure(desk, MAIL)
    url = mailbox.url.replace("//127", "//user:swordfish@127")
    context = context_for({"OPS_MAIL": url})
    notify(desk.repository, context)
    desk.record(version="1.4", event_id="first")
    (failed,) = notify(desk.repository, context).failed
    assert failed.error
    assert "swordfish" not in failed.error


@pytest.mark.parametrize(
    ("service", "url", "words"),
    [
        ("slack", "json://127.0.0.1:1/", "the address is one of json, not of slack"),
        ("mail", "nonsense://", "the address is none that Apprise can read for mail"),
    ],
)
def test_an_address_of_another_service_is_refused_at_once(
    service: str, url: str, words: str
) -> None:
    answer = send_message(service, url, Message("t", ("x",)))
    assert (answer.error, answer.is_final) == (words, True)
