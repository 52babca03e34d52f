"""Send a message to one channel, to see whether its address and its secret are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.errors import NotFound, OperationFailed, UsageFault
from versioner.names import nearest
from versioner.notify.channels import channels_of
from versioner.notify.news import TipReader
from versioner.notify.notice_details import NoticeDetails
from versioner.notify.notices import Notice
from versioner.notify.place import open_place
from versioner.notify.sending import send

if TYPE_CHECKING:
    from versioner.notify.channels import Channel
    from versioner.notify.place import Target
    from versioner.notify.run import NotifyContext
    from versioner.registry.records import Registry

__all__ = ["send_test"]


def send_test(target: Target, context: NotifyContext, name: str, *, branch: str = "") -> Channel:
    """Send a deployment that did not happen to a channel, and return the channel.

    No ref moves. Raises NotFound for an unknown channel, UsageFault for a variable that is not
    set, and OperationFailed where the receiver did not take it.
    """
    with open_place(target, branch) as place:
        registry = TipReader(place).registry
    channel = usable_channel(registry, name, context)
    now = context.now()
    notice = Notice(
        f"test-{context.sender.nonce}",
        "deployment.completed",
        now,
        products=("test-of-notifications",),
        environments=("test",),
        version="1.0.0",
    )
    title = str(registry.config.get("title") or "")
    event = {"reason": f"This is a test of the channel {name}; nothing was deployed."}
    answer = send(
        channel, NoticeDetails(notice, title, event=event), context.variables, context.pace
    )
    if answer.error:
        raise OperationFailed(
            f"{name}: {answer.error}",
            hint=f"check the variable {channel.url_env}, and that the receiver can be reached "
            "from here",
        )
    return channel


def usable_channel(registry: Registry, name: str, context: NotifyContext) -> Channel:
    """Return a channel by its name, whose variables are set; raise UsageFault."""
    channels = {each.name: each for each in channels_of(registry.config)}
    channel = channels.get(name)
    if channel is None:
        near = nearest(name, channels)
        known = f"the channels are {', '.join(channels)}" if channels else "there is none yet"
        hint = (
            f"did you mean {near[0]}?"
            if near
            else f"{known} (`notify` in registry.yaml, committed)"
        )
        raise NotFound(f'there is no channel "{name}"', hint=hint)
    missing = channel.missing(context.variables)
    if missing:
        raise UsageFault(
            f"the channel {name} needs the variable {missing[0]}, which is not set",
            hint=f"export {missing[0]}=...; in CI, map a secret to it",
        )
    return channel
