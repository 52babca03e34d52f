"""Send one notice to one channel: three tries with growing pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.backoff import Backoff
from versioner.notify.http_post import TIMEOUT_SECONDS, Answer, post

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from versioner.notify.channels import Channel
    from versioner.notify.notice_details import NoticeDetails

__all__ = ["TRIES", "Pace", "send"]

TRIES: Final = 3


class Pace(NamedTuple):
    """How long an answer is waited for, and the first pause between tries, in seconds."""

    timeout: float = TIMEOUT_SECONDS
    pause: float = 1.0


def send(
    channel: Channel, details: NoticeDetails, variables: Mapping[str, str], pace: Pace
) -> Answer:
    """Send a notice to a channel, with as many tries as it takes, three at most."""
    return send_with_tries(lambda: _send_once(channel, details, variables, pace), pace)


def send_with_tries(once: Callable[[], Answer], pace: Pace) -> Answer:
    """Return the answer of the last of up to three tries; a final one ends them."""
    backoff = Backoff(pace.pause, growth=3.0, tries=TRIES)
    while True:
        answer = once()
        if not answer.error or answer.is_final or backoff.is_over:
            return answer
        backoff.pause()


def _send_once(
    channel: Channel, details: NoticeDetails, variables: Mapping[str, str], pace: Pace
) -> Answer:
    url = variables.get(channel.url_env, "").strip()
    if channel.is_http:
        secret = variables.get(channel.secret_env, "").strip() if channel.secret_env else ""
        if channel.to == "webhook":
            from versioner.notify.forms.payloads import webhook_request as request_of
        else:
            from versioner.notify.forms.cdevents import cdevents_request as request_of
        return post(url, *request_of(details, secret), pace.timeout)
    from versioner.notify.apprise_service import send_message
    from versioner.notify.forms.wording import message_of

    html = ""
    if details.digest is not None and channel.is_mail:
        from versioner.notify.digests.words import digest_html

        html = digest_html(details.digest)
    message = message_of(details)
    return send_message(
        channel.to, url, message, kind=details.notice.type, html=html, seconds=pace.timeout
    )
