"""The types of notifications, and where a channel may send them.

`schemas/registry.schema.json` names the same types and services (tests/notify/test_channels.py).
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "DIGEST",
    "NOTIFICATION_SELECTORS",
    "NOTIFICATION_TYPES",
    "SERVICE_NAMES",
    "STUCK",
    "selects",
]

# What a channel gets only where its `events` list names it.
DIGEST: Final = "digest"
STUCK: Final = "version.stuck"

# Each type and what happened, in words for people.
NOTIFICATION_TYPES: Final[dict[str, str]] = {
    "deployment.pending": "A deployment waits to start.",
    "deployment.started": "A deployment started.",
    "deployment.completed": "A version was deployed, also a rollback and the same version again.",
    "deployment.failed": "A deployment failed.",
    "deployment.aborted": "A deployment was cancelled.",
    "deployment.undeployed": "A product was removed from an environment.",
    "deployment.voided": "A recorded deployment was declared a mistake.",
    "deployment.preflight_failed": "The start of a deployment was refused (sent by the server).",
    "build.pending": "A build waits to start.",
    "build.started": "A build started.",
    "build.completed": "A version was built.",
    "build.failed": "A build failed.",
    "build.aborted": "A build was cancelled.",
    "version.approved": "A version was approved.",
    "version.rejected": "A version was rejected.",
    "version.revoked": "An approval or a rejection of a version was taken back.",
    "version.blocked": "A version was blocked everywhere.",
    "version.unblocked": "The block of a version ended.",
    "version.stuck": "A version is stuck before production; only where a list names it.",
    "override.reviewed": "The override of a rule was reviewed.",
    "event.redacted": "A value of a recorded event was removed.",
    "product.created": "A product was created.",
    "product.changed": "The description of a product changed.",
    "product.renamed": "A product was renamed.",
    "product.merged": "A product was merged into another one.",
    "product.deleted": "A product was deleted.",
    "product.restored": "A deleted product was restored.",
    "environment.created": "An environment was created.",
    "environment.changed": "The description of an environment changed.",
    "environment.renamed": "An environment was renamed.",
    "environment.merged": "An environment was merged into another one.",
    "environment.deleted": "An environment was deleted.",
    "freeze.started": "An environment was closed for a time.",
    "freeze.ended": "A freeze was ended before its time.",
    "rule.created": "A rule was created.",
    "rule.changed": "A rule was changed.",
    "rule.deleted": "A rule was deleted.",
    "dr.created": "A deployment request was created.",
    "dr.activated": "A deployment request was opened for approval.",
    "dr.deactivated": "A deployment request is a draft again.",
    "dr.changed": "The content of a deployment request changed.",
    "dr.approved": "An approval of a deployment request was given.",
    "dr.rejected": "An approval of a deployment request was refused.",
    "dr.step": "A step of a deployment request was done, or is to be done again.",
    "dr.completed": "A deployment request is completed.",
    "dr.cancelled": "A deployment request was cancelled.",
    "dr.deleted": "A deployment request was deleted.",
    "registry.changed": "The settings of the registry changed.",
    "registry.imported": "Many old events were recorded at once.",
}

# Narrower and wider words for some of the same notifications.
NOTIFICATION_SELECTORS: Final[dict[str, str]] = {
    "deployment.rollback": "A completed deployment that is a rollback.",
    "deployment.redeployment": "A completed deployment of the version that ran there already.",
    "deployment.override": "A deployment that overrides a rule.",
    "deployment.*": "All that begins with deployment.",
    "build.*": "All that begins with build.",
    "version.*": "All that begins with version.",
    "product.*": "All that begins with product.",
    "environment.*": "All that begins with environment.",
    "freeze.*": "All that begins with freeze.",
    "rule.*": "All that begins with rule.",
    "dr.*": "All that begins with dr: deployment requests.",
    DIGEST: "The digest of each week; a channel gets it only where this list names it.",
}


def selects(word: str, kind: str, also: tuple[str, ...] = ()) -> bool:
    """Return whether a word of a channel's `events` selects a type; `also` are its other words."""
    if word.endswith(".*"):
        return kind.startswith(word[:-1])
    return word == kind or word in also


# What Apprise 1.9 and later know by these names, and names that people use for them.
SERVICE_NAMES: Final[tuple[str, ...]] = (
    "webhook", "cdevents", "apprise",
    "mail", "email", "teams", "telegram",
    "46elks", "acs", "amqp", "amqps", "apprises", "aprs", "atalk", "awswhatsapp", "azure", "bale",
    "bark", "barks", "betterstack", "bluesky", "brevo", "bsky", "bulksms", "bulkvs", "burstsms",
    "chanify", "clickatell", "clicksend", "cliq", "cm", "d7sms", "dapnet", "deltachat",
    "deltachats", "dingtalk", "discord", "dot", "eight00com", "elks", "emby", "embys", "enigma2",
    "enigma2s", "evolution", "evolutions", "exotel", "fcm", "feishu", "firehydrant", "flock",
    "flowtriq", "flowtriqs", "fluxer", "fluxers", "form", "forms", "freemobile", "gchat",
    "github", "goalert", "goalerts", "gorush", "gorushs", "gotify", "gotifys", "groundmail",
    "groupme", "guilded", "gupshup", "hassio", "hassios", "httpsms", "humhub", "humhubs", "ifttt",
    "ilert", "incidentio", "infobip", "instagram", "irc", "ircs", "jellyfin", "jellyfins", "jira",
    "join", "json", "jsons", "kakao", "kakaotalk", "kaleyra", "kavenegar", "klr", "kodi", "kodis",
    "kook", "kudosity", "kumulos", "lametric", "lametrics", "lark", "lauther", "lfg", "line",
    "mailersend", "mailgun", "mailto", "mailtos", "mastodon", "mastodons", "matrix", "matrixs",
    "misskey", "misskeys", "mmost", "mmosts", "mobilemessage", "mobilemsg", "msg91", "msgbird",
    "ncloud", "nclouds", "nctalk", "nctalks", "nexmo", "nostr", "notica", "noticas", "notifiarr",
    "notifico", "notificos", "notifyapp", "notifyre", "ntfy", "ntfys", "o365", "octopush",
    "onebot", "onebots", "onesignal", "opsgenie", "opsimate", "opsimates", "pagerduty",
    "pagertree", "parsep", "parseps", "pbul", "pinglet", "pinglets", "pingram", "pjet", "pjets",
    "plivo", "postmark", "pover", "prowl", "psafer", "psafers", "push", "pushdeer", "pushdeers",
    "pushed", "pushme", "pushplus", "pushward", "pushy", "qq", "reddit", "resend", "revolt",
    "ringc", "rocket", "rockets", "rsyslog", "ryver", "schan", "sendgrid", "sendpulse",
    "serwersms", "ses", "session", "sessions", "seven", "sfr", "signal", "signalgrid", "signals",
    "signl4", "simplepush", "sinch", "slack", "smsc", "smseagle", "smseagles", "smsmanager",
    "smsmgr", "smstunnel", "smtp2go", "sns", "sogs", "sparkpost", "spike", "splunk", "spugpush",
    "spush", "squadcast", "stackfield", "strmlabs", "synology", "synologys", "syslog", "telesign",
    "telnyx", "tgram", "threema", "toot", "toots", "trigv", "trigvs", "tweet", "twilio", "twist",
    "twitter", "vapid", "viber", "victorops", "voipms", "vonage", "webex", "wechat", "wecom",
    "wecombot", "whapi", "whatsapp", "workflow", "workflows", "wpush", "wxpusher", "wxteams", "x",
    "xbmc", "xbmcs", "xmatters", "xml", "xmls", "youlmk", "zalo", "zcliq", "zohocliq", "zoom",
    "zulip",
)  # fmt: skip
