"""Check one decision at the tip: about a version of a product, or about a deployment request.

A decision is recorded as an event is (`record.py`): one line, one commit. What it was made on is
added here, as the registry knows it at the decision's moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.git.objects import reading, tip_view
from versioner.recording.context import TipFiles, registry_config
from versioner.recording.decision_checks import decision_id
from versioner.recording.policy import refuse_secrets
from versioner.validation.events import check_event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.git.repository import Repository
    from versioner.models import RegistryConfig
    from versioner.recording.context import EventDraft
    from versioner.recording.decision_checks import Decided

__all__ = ["evaluate_decision"]


def evaluate_decision(
    repository: Repository, draft: EventDraft, pending: Mapping[str, bytes | None]
) -> tuple[Decided, RegistryConfig]:
    """Return a decision as it is recorded, and registry.yaml.

    Raises InvalidInput (4) and Blocked (5).
    """
    refuse_secrets({"name": draft.product, **draft.fields})
    with reading(repository) as reader:
        tip = TipFiles(reader, tip_view(repository, reader), pending)
        config = registry_config(repository, tip)
        event = {key: value for key, value in draft.fields.items() if value not in ("", None)}
        event["id"] = decision_id(draft)
        if draft.kind == "request-decision":
            from versioner.recording.request_decisions import decide_on_request

            decided = decide_on_request(tip, draft, event, config)
        else:
            from versioner.recording.version_decisions import decide_on_version

            decided = decide_on_version(tip, draft, event, config)
    check_event(draft.kind, decided.event)
    return decided, config
