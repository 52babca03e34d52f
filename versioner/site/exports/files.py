"""The list of the site's files for programs: API, feeds, badges, tables and schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.resources import schemas_dir
from versioner.site.api.documents import documents_of, json_bytes
from versioner.site.api.openapi import openapi
from versioner.site.exports.badges import badges_of
from versioner.site.exports.csv import tables_of
from versioner.site.exports.feeds import feeds_of
from versioner.site.urls import OPENAPI, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.site.context import SiteContext

__all__ = ["machine_files"]


def machine_files(context: SiteContext) -> Iterator[tuple[str, bytes]]:
    """Yield the API's documents, feeds, badges, tables and schemas, each with its path."""
    for path, document in documents_of(context):
        yield path, json_bytes(document)
    yield OPENAPI, json_bytes(openapi(context.title), indent=2)
    yield from feeds_of(context)
    for name, record in context.registry.products.items():
        yield from badges_of(context, name)
        for month, content in tables_of(context, record):
            yield table(name, month), content
    for schema in sorted(schemas_dir().glob("*.schema.json")):
        yield f"schemas/{schema.name}", schema.read_bytes()
