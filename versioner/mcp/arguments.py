"""The types of the arguments of tools, with what a client shows of them."""

from typing import Annotated

from pydantic import Field

__all__ = [
    "Approvals",
    "At",
    "Cursor",
    "DeploymentId",
    "Digits",
    "Environment",
    "Instance",
    "Limit",
    "Person",
    "Product",
    "RequestName",
    "Since",
    "Status",
    "Steps",
    "Team",
    "Template",
    "Text",
    "Title",
    "Until",
    "Version",
    "Versions",
    "Write",
]

Product = Annotated[str, Field(max_length=100, description="The name of a product.")]
Environment = Annotated[str, Field(max_length=100, description="The name of an environment.")]
Version = Annotated[str, Field(max_length=200, description="A version, as its events name it.")]
Team = Annotated[str, Field(max_length=200, description="The team that owns the products.")]
Instance = Annotated[
    str, Field(max_length=100, description="An instance of the environment, if it has some.")
]
RequestName = Annotated[str, Field(max_length=100, description="The name of a deployment request.")]
Person = Annotated[str, Field(max_length=300, description="A login, an e-mail or a name.")]
Status = Annotated[
    str,
    Field(
        max_length=50,
        description="pending, started, completed, failed, aborted, undeployed, or void.",
    ),
]
_MOMENT = (
    "RFC 3339 with a zone, a day (2026-11-01), a word (yesterday, monday), or how long ago (7d)"
)
At = Annotated[str, Field(max_length=60, description=f"A moment: {_MOMENT}.")]
Since = Annotated[str, Field(max_length=60, description=f"From this moment on: {_MOMENT}.")]
Until = Annotated[
    str, Field(max_length=60, description=f"Until this moment, a day to its end: {_MOMENT}.")
]
Limit = Annotated[int, Field(ge=1, le=200, description="The most entries of a page.")]
Cursor = Annotated[
    str, Field(max_length=20, description="The next_cursor of the page before; empty for the first")
]
DeploymentId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=300,
        description="The id of an event, or its first characters; PRODUCT/ID where two have it.",
    ),
]
Digits = Annotated[
    str,
    Field(max_length=300, description="A commit or a digest (sha256:...), or its first digits."),
]
Template = Annotated[str, Field(max_length=100, description="The name of a request template.")]
Title = Annotated[str, Field(max_length=200, description="The title that people see.")]
Text = Annotated[str, Field(max_length=4000, description="What is shipped, and why.")]
Versions = Annotated[
    dict[str, str], Field(max_length=200, description="The versions it holds, by product.")
]
Approvals = Annotated[
    dict[str, Annotated[int, Field(ge=1, le=100)]],
    Field(max_length=50, description='How many people must approve, by type: {"qa": 1}.'),
]
Steps = Annotated[
    list[Annotated[str, Field(max_length=500)]], Field(max_length=50, description="Texts of steps.")
]
Write = Annotated[
    bool,
    Field(
        description="Whether the draft is committed to the registry. Without it, nothing is "
        "written, and the answer shows what would be."
    ),
]
