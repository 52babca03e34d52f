"""Messages to people through Apprise: Slack, Teams, mail and the other services that it knows."""

from __future__ import annotations

import logging
import re
import warnings
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from versioner.errors import UsageFault
from versioner.notify.http_post import TIMEOUT_SECONDS, Answer

if TYPE_CHECKING:
    from versioner.notify.forms.wording import Message

__all__ = ["require_apprise", "send_message"]

# Names that people use for services of Apprise, and the schemes of their addresses.
_SCHEMES: Final = {
    "mail": ("mailto", "mailtos"),
    "email": ("mailto", "mailtos"),
    "teams": ("msteams", "workflow", "workflows"),
    "telegram": ("tgram",),
}
_STATUS: Final = re.compile(r"\berror=(\d{3})\b")
# Words by which chats call everybody.
_CALLS: Final = re.compile(r"@(?=(?:everyone|here|channel|all|team|room)\b)", re.IGNORECASE)
_DETAIL: Final = 200
_FAILED: Final = (".failed", ".rejected", ".blocked", ".preflight_failed")
_WARNS: Final = (".aborted", ".voided", ".deleted", "freeze.started")


def require_apprise() -> Any:
    """Return the module of Apprise; raise UsageFault where it is not installed."""
    try:
        with warnings.catch_warnings():
            # Its plugins import what newer versions of Python lack, and warn of it.
            warnings.simplefilter("ignore")
            import apprise

            apprise.Apprise.instantiate("json://localhost")
    except ImportError:
        raise UsageFault(
            "channels of Apprise need the package apprise",
            hint="pip install 'versioner[notify]'",
        ) from None
    return apprise


def send_message(
    service: str,
    url: str,
    message: Message,
    *,
    kind: str = "",
    html: str = "",
    seconds: float = TIMEOUT_SECONDS,
) -> Answer:
    """Send a message once to the service at an address; `html` is its text as HTML, if any.

    `kind` is the type of the notice, by which a service chooses a colour.
    """
    apprise = require_apprise()
    # Without pictures, which would be fetched from another host.
    asset = apprise.AppriseAsset(
        app_id="versioner",
        app_desc="versioner",
        app_url="",
        async_mode=False,
        image_url_mask="",
        image_url_logo="",
    )
    with _Messages() as told:
        plugin = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
        fault = _fault_of(plugin, service)
        if fault:
            return Answer(fault, is_final=True)
        plugin.socket_connect_timeout = plugin.socket_read_timeout = seconds
        sender = apprise.Apprise(asset=asset)
        sender.add(plugin)
        done = sender.notify(
            title=_without_calls(message.title),
            body=html or _without_calls(message.text),
            body_format=apprise.NotifyFormat.HTML if html else apprise.NotifyFormat.TEXT,
            notify_type=_type_of(apprise, kind),
        )
    return Answer() if done else _failure(told.texts, url)


def _without_calls(text: str) -> str:
    """Return a text that calls nobody: a reason must not wake a whole channel."""
    return _CALLS.sub("@ ", text)


def _fault_of(plugin: Any, service: str) -> str:
    if plugin is None:
        return f"the address is none that Apprise can read for {service}"
    schemes = {*_names(plugin.protocol), *_names(plugin.secure_protocol)}
    if service != "apprise" and not schemes & {service, *_SCHEMES.get(service, ())}:
        return f"the address is one of {min(schemes, default='another service')}, not of {service}"
    return ""


def _names(value: Any) -> tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


def _type_of(apprise: Any, kind: str) -> Any:
    if kind.endswith(_FAILED):
        return apprise.NotifyType.FAILURE
    if kind.endswith(_WARNS):
        return apprise.NotifyType.WARNING
    done = kind.endswith((".completed", ".approved"))
    return apprise.NotifyType.SUCCESS if done else apprise.NotifyType.INFO


def _failure(texts: list[str], url: str) -> Answer:
    """Return the failure that Apprise logged, without the address, which may be a secret."""
    said = " ".join(" ".join(texts).split())
    statuses = [int(each) for each in _STATUS.findall(said)]
    is_final = bool(statuses) and all(
        400 <= each < 500 and each not in (408, 425, 429) for each in statuses
    )
    # Apprise decodes the parts of an address, and may name them so.
    parts = {each for part in re.split(r"[:/@?&=]+", url) for each in (part, unquote(part))}
    secrets = [each for each in parts if len(each) >= 6]
    for each in sorted(secrets, key=len, reverse=True):
        said = said.replace(each, "…")
    return Answer(said[:_DETAIL] or "the service did not take it", is_final=is_final)


class _Messages(logging.Handler):
    """What Apprise logs in a `with` block, which is not printed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []
        self._logger = logging.getLogger("apprise")
        self._before = (self._logger.propagate, self._logger.level)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text of a record."""
        self.texts.append(record.getMessage())

    def __enter__(self) -> _Messages:
        self._logger.addHandler(self)
        self._logger.propagate = False
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.propagate = self._before[0]
