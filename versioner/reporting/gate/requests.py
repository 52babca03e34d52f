"""Reports of deployment requests: one, a list, and what was created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.query.gate.request_documents import request_document as whole_document
from versioner.reporting.delimited import Listing
from versioner.reporting.tables import Column, labelled_list, paragraph, table
from versioner.reporting.terminal import as_json, clean, empty_as_null
from versioner.reporting.text import Span, count, moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.editing.requests import CreatedRequest
    from versioner.query.gate.requests import CellProgress, RequestCell, RequestDetail, RequestStep
    from versioner.reporting.tables import CellText
    from versioner.reporting.text import Style, TextLayout
    from versioner.rules.gate.requests import RequestState, Slot

__all__ = [
    "created_document",
    "created_json",
    "created_text",
    "request_json",
    "request_text",
    "requests_json",
    "requests_listing",
    "requests_text",
]

_STYLES: Final[Mapping[RequestState, Style]] = {
    "open": "busy",
    "approved": "good",
    "rejected": "bad",
    "completed": "good",
    "draft": "dim",
    "cancelled": "dim",
}
_PROGRESS: Final[Mapping[CellProgress, tuple[str, Style]]] = {
    "completed": ("there", "good"),
    "started": ("in progress", "busy"),
    "waits": ("waits", "dim"),
    "missing": ("not yet", ""),
}
_COLUMNS: Final = (
    "name",
    "title",
    "state",
    "environments",
    "versions",
    "window.from",
    "window.to",
    "lacks",
    "opened_at",
    "template",
)
_SHORT: Final = 12


def request_text(
    layout: TextLayout, detail: RequestDetail, groups: Mapping[str, Sequence[str]]
) -> str:
    """Return one request: what it is, what lacks, and the command that gives it."""
    request = detail.request
    title = f": {clean(request.title)}" if request.title else ""
    state = layout.paint(detail.state, _STYLES[detail.state])
    parts = [f"{layout.heading(request.name + title)} ({state})"]
    lacks = ", ".join(detail.lacks)
    pairs: list[tuple[str, CellText]] = [
        ("needs", Span(clean(lacks), "drift") if lacks else ""),
        ("window", _window(detail)),
        ("description", paragraph(request.description)),
        ("template", request.template),
        ("opened", f"{moment(detail.opened_at)} UTC" if detail.opened_at else ""),
        ("content", detail.content),
        *((each["title"], each["url"]) for each in request.links),
    ]
    parts.append(labelled_list(layout, pairs))
    parts.append(_cells(layout, detail.cells))
    if detail.slots:
        parts.append(_slots(layout, detail.slots, groups))
    if detail.before or detail.after:
        parts.append(_steps(layout, (*detail.before, *detail.after)))
    command = _next_command(detail)
    if command:
        parts.append(f"next: {command}")
    return "\n".join(part for part in parts if part)


def _window(detail: RequestDetail) -> str:
    if detail.request.window is None:
        return ""
    start, end = detail.request.window
    words = {"before": "not yet", "inside": "now", "after": "it has ended"}
    state = words.get(detail.window_state, "")
    return f"{moment(start)} to {moment(end)} UTC ({state})"


def _cells(layout: TextLayout, cells: Sequence[RequestCell]) -> str:
    columns = [
        Column("product", 12),
        Column("version", 11),
        Column("environment"),
        Column("state"),
        Column("runs there", 8, spare=True),
    ]
    rows: list[list[CellText]] = []
    for cell in cells:
        word, style = _PROGRESS[cell.progress]
        waits = f" for {', '.join(cell.waits_for)}" if cell.waits_for else ""
        runs = ", ".join(each for each in cell.running if each != cell.version)
        rows.append([cell.product, cell.version, cell.environment, Span(word + waits, style), runs])
    return table(layout, columns, rows, indent="  ")


def _slots(layout: TextLayout, slots: Sequence[Slot], groups: Mapping[str, Sequence[str]]) -> str:
    columns = [Column("approval"), Column("given"), Column("by", 8), Column("who may", 8)]
    rows: list[list[CellText]] = []
    for slot in slots:
        given = f"{len(slot.approved_by)} of {slot.needed}"
        state = Span(given, "good" if slot.is_filled else "")
        if slot.rejected_by:
            state = Span(f"rejected by {', '.join(map(clean, slot.rejected_by))}", "bad")
        members = groups.get(slot.approval_type)
        who = ", ".join(members) if members is not None else "anybody"
        rows.append([slot.approval_type, state, ", ".join(slot.approved_by), who])
    return table(layout, columns, rows, indent="  ")


def _steps(layout: TextLayout, steps: Sequence[RequestStep]) -> str:
    columns = [Column("step"), Column("done"), Column("what", 20), Column("by", 8)]
    rows: list[list[CellText]] = [
        [
            step.name,
            Span("yes", "good") if step.done is not None else "no",
            step.text,
            step.done.by if step.done is not None else "",
        ]
        for step in steps
    ]
    return table(layout, columns, rows, indent="  ")


def _next_command(detail: RequestDetail) -> str:
    """Return the command that brings a request on, "" where none does."""
    name = detail.request.name
    if detail.state == "draft":
        return f"versioner request open {name}"
    if detail.state in ("completed", "cancelled", "rejected"):
        return ""
    for slot in detail.slots:
        if not slot.is_filled:
            return f"versioner request approve {name} --type {slot.approval_type}"
    for step in detail.before:
        if step.done is None:
            return f"versioner request step {name} {step.name}"
    if all(cell.progress == "completed" for cell in detail.cells):
        for step in detail.after:
            if step.done is None:
                return f"versioner request step {name} {step.name}"
    return ""


def requests_text(layout: TextLayout, details: Sequence[RequestDetail], total: int) -> str:
    """Return the list of requests; `total` counts those that are left out, too."""
    if not details:
        hint = f"; --all shows {count(total, 'more')}" if total else ""
        return f"No requests{hint}."
    columns = [
        Column("request", 10),
        Column("state"),
        Column("title", 12, spare=True),
        Column("to", 8),
        Column("versions", 12),
        Column("needs", 12),
    ]
    rows: list[list[CellText]] = [
        [
            each.request.name,
            Span(each.state, _STYLES[each.state]),
            each.request.title,
            ", ".join(each.request.environments),
            _versions(each),
            ", ".join(each.lacks),
        ]
        for each in details
    ]
    text = table(layout, columns, rows)
    if total > len(details):
        text += f"\n{layout.note(f'{total - len(details)} more with --all')}"
    return text


def _versions(detail: RequestDetail) -> str:
    pairs = [f"{product} {version}" for product, version in detail.request.versions.items()]
    return ", ".join(pairs[:2]) + (f" and {len(pairs) - 2} more" if len(pairs) > 2 else "")


def requests_json(details: Sequence[RequestDetail]) -> str:
    """Return the list of requests as a JSON array with stable keys."""
    return as_json([request_document(each) for each in details])


def requests_listing(details: Sequence[RequestDetail]) -> Listing:
    """Return the requests as rows of a table."""
    return Listing(_COLUMNS, [request_document(each) for each in details])


def request_json(detail: RequestDetail, *, problems: int) -> str:
    """Return one request as JSON with stable keys."""
    return as_json({**request_document(detail), "problems": problems})


def request_document(detail: RequestDetail) -> dict[str, Any]:
    """Return a request as a document with stable keys; what there is nothing of is null."""
    whole = whole_document(detail)
    found: dict[str, Any] = empty_as_null(
        {**whole, "steps": [empty_as_null(each) for each in whole["steps"]]}
    )
    return found


def created_text(layout: TextLayout, created: CreatedRequest, *, dry_run: bool) -> str:
    """Return what a new request holds, and what was left out and why."""
    document = created.document
    versions = document["versions"]
    word = "would create" if dry_run else "created"
    to = ", ".join(document["environments"]) or "no environment yet"
    state = f" ({document['state']})"
    lines = [f"{word} request {document['name']}{state}: {count(len(versions), 'version')} to {to}"]
    proposals = {each.product: each for each in created.proposals}
    rows: list[list[CellText]] = []
    for product, version in versions.items():
        proposal = proposals.get(product)
        replaces = proposal.replaces if proposal is not None else ""
        older = proposal is not None and proposal.is_older
        rows.append([product, version, replaces, Span("older", "drift") if older else ""])
    columns = [Column("product", 12), Column("version", 11), Column("replaces", 8), Column("note")]
    lines.append(table(layout, columns, rows, indent="  ") if rows else "")
    lines += [
        f"  left out: {each.product} {clean(each.version)}".rstrip() + f" ({clean(each.left_out)})"
        for each in created.proposals
        if each.left_out and each.product not in versions
    ]
    lines += [f"  {clean(note)}" for note in created.edited.notes]
    if created.edited.commit:
        branch = clean(created.edited.branch.removeprefix("refs/heads/"))
        lines.append(f"  commit {created.edited.commit[:_SHORT]} on {branch}")
    if document["state"] == "draft" and not dry_run:
        lines.append(f"next: versioner request open {document['name']}")
    return "\n".join(line for line in lines if line)


def created_json(created: CreatedRequest, *, dry_run: bool) -> str:
    """Return the same as JSON with stable keys."""
    return as_json(created_document(created, dry_run=dry_run))


def created_document(created: CreatedRequest, *, dry_run: bool) -> dict[str, Any]:
    """Return the same as data with stable keys."""
    return {
        "outcome": "would_create" if dry_run else "created",
        "request": created.document,
        "left_out": [
            empty_as_null(
                {"product": each.product, "version": each.version, "reason": each.left_out}
            )
            for each in created.proposals
            if each.left_out and each.product not in created.document["versions"]
        ],
        "notes": list(created.edited.notes),
        "commit": created.edited.commit,
    }
