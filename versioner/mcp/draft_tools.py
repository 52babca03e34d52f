"""Tools that draft deployment requests: the only ones that write, and drafts alone.

A person opens a request, approves it, and deploys: no tool does.
"""

from typing import Any

from versioner.editing.request_drafts import DraftAddition, EditedDraft, add_to_draft
from versioner.editing.requests import CreatedRequest, RequestDraft, create_request
from versioner.git.repository import Repository
from versioner.mcp.answers import Answer
from versioner.mcp.arguments import (
    Approvals,
    Environment,
    Product,
    RequestName,
    Steps,
    Template,
    Text,
    Title,
    Version,
    Versions,
    Write,
)
from versioner.mcp.source import RegistrySource
from versioner.reporting.gate.requests import created_document
from versioner.rules.times import parse_rfc3339, utc_text

__all__ = ["DraftTools"]


class DraftTools:
    """The tools that write drafts of deployment requests."""

    def __init__(self, source: RegistrySource) -> None:
        self._source = source

    def create_deployment_request(
        self,
        name: RequestName,
        environment: Environment,
        versions: Versions = {},  # noqa: B006 -- it is not changed
        title: Title = "",
        description: Text = "",
        approvals: Approvals = {},  # noqa: B006 -- it is not changed
        before: Steps = [],  # noqa: B006 -- it is not changed
        after: Steps = [],  # noqa: B006 -- it is not changed
        from_environment: Environment = "",
        window_from: str = "",
        window_to: str = "",
        write: Write = False,
    ) -> Answer:
        """Draft a deployment request, and with `write` commit the draft.

        With `from_environment`, the versions that run there and differ in `environment` are
        proposed, those of `versions` beside them. A draft refuses and allows nothing until a
        person opens it with `versioner request open`.
        """
        fields: dict[str, Any] = {
            "title": title,
            "description": description,
            "environments": [environment],
            "approvals": dict(approvals),
            "steps": _steps(before, after),
            "window": _window(window_from, window_to),
        }
        draft = RequestDraft(
            name=name,
            source=from_environment,
            target=environment if from_environment else "",
            versions=dict(versions),
            fields={key: value for key, value in fields.items() if value},
        )
        return self._create(draft, write)

    def create_deployment_request_from_template(
        self,
        name: RequestName,
        template: Template,
        versions: Versions = {},  # noqa: B006 -- it is not changed
        title: Title = "",
        description: Text = "",
        environment: Environment = "",
        from_environment: Environment = "",
        write: Write = False,
    ) -> Answer:
        """Draft a deployment request from a template, and with `write` commit the draft.

        Title, environments, approvals and steps are those of the template where they are not
        given. With `from_environment`, name the `environment` that its versions are for.
        """
        fields: dict[str, Any] = {
            "title": title,
            "description": description,
            "environments": [environment] if environment else [],
        }
        draft = RequestDraft(
            name=name,
            template=template,
            source=from_environment,
            target=environment if from_environment else "",
            versions=dict(versions),
            fields={key: value for key, value in fields.items() if value},
        )
        return self._create(draft, write)

    def add_version_to_deployment_request(
        self, request: RequestName, product: Product, version: Version, write: Write = False
    ) -> Answer:
        """Add a version to a draft, or replace the one that it holds of the product."""
        return self._add(request, DraftAddition(versions={product: version}), write)

    def add_approval_requirement(
        self,
        request: RequestName,
        approval_type: RequestName,
        people: int = 1,
        write: Write = False,
    ) -> Answer:
        """Add a type of approval that a draft needs, and how many people must give it."""
        return self._add(request, DraftAddition(approvals={approval_type: people}), write)

    def add_deployment_step(
        self, request: RequestName, when: str, text: str, write: Write = False
    ) -> Answer:
        """Add a step to a draft, which people tick: `when` is before (pre) or after (post)."""
        word = {"pre": "before", "post": "after"}.get(when.lower(), when.lower())
        return self._add(request, DraftAddition(steps=((word, text),)), write)

    def _create(self, draft: RequestDraft, write: bool) -> Answer:
        def create(repository: Repository) -> CreatedRequest:
            return create_request(repository, draft, now=self._source.now, dry_run=not write)

        created = self._source.edit(create)
        document = created_document(created, dry_run=not write)
        return self._answer(document, created.edited.notes, draft.name, write)

    def _add(self, request: str, addition: DraftAddition, write: bool) -> Answer:
        def add(repository: Repository) -> EditedDraft:
            return add_to_draft(
                repository, request, addition, now=self._source.now, dry_run=not write
            )

        added = self._source.edit(add)
        word = "edited" if write else "would_edit"
        document = {"outcome": word, "request": added.document, "commit": added.edited.commit}
        return self._answer(document, added.edited.notes, request, write)

    def _answer(
        self, document: dict[str, Any], notes: tuple[str, ...], name: str, write: bool
    ) -> Answer:
        found = Answer(document, at=self._source.now, commit=document["commit"])
        found.notes += notes
        if write:
            found.notes.append(f"a person opens the draft with `versioner request open {name}`")
        else:
            found.notes.append("nothing was written: give write = true to commit the draft")
        return found


def _steps(before: list[str], after: list[str]) -> dict[str, list[str]]:
    steps = {"before": list(before), "after": list(after)}
    return {key: texts for key, texts in steps.items() if texts}


def _window(start: str, end: str) -> dict[str, str]:
    if not start and not end:
        return {}
    texts = (("window_from", start), ("window_to", end))
    first, last = (utc_text(parse_rfc3339(text, field=field)) for field, text in texts)
    return {"from": first, "to": last}
