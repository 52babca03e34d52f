"""The page New product: a form that opens the forge's editor, and the command instead of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.layout import product_path
from versioner.names import NAME_LIMIT, NAME_PATTERN, NAME_RULE
from versioner.site.urls import CREATE, PRODUCTS
from versioner.site.views.layout import View, crumb, frame

if TYPE_CHECKING:
    from versioner.site.context import SiteContext

__all__ = ["new_product_view"]

_EXAMPLE: Final = "new-service"
_MODEL_LINE: Final = "# yaml-language-server: $schema=../../../schemas/product.schema.json"


def new_product_view(context: SiteContext) -> View:
    """Return the view of the page for creating a product."""
    page, path, content = context.forge.new_file()
    return {
        "frame": frame(
            context,
            CREATE,
            "New product",
            section=PRODUCTS,
            crumbs=[crumb("Products", context.link(CREATE, PRODUCTS))],
        ),
        "pattern": NAME_PATTERN,
        "limit": NAME_LIMIT,
        "rule": NAME_RULE[:1].upper() + NAME_RULE[1:] + ".",
        "forge": context.forge.name if page else "",
        "new_file": page,
        "path_key": path,
        "content_key": content,
        "model_line": _MODEL_LINE,
        "path": product_path("NAME"),
        "example": (
            f'{_MODEL_LINE}\nname: "{_EXAMPLE}"\ntitle: "New service"\n'
            'description: "What it does, in a sentence."\nextra_metadata:\n'
            '  team: "platform"\n  repository: "acme/new-service"\n'
        ),
        "example_path": product_path(_EXAMPLE),
        "command": f"versioner product create {_EXAMPLE}"
        ' --description "What it does, in a sentence." --set extra_metadata.team=platform',
    }
