"""Tools that answer what runs where."""

from contextlib import AbstractContextManager
from typing import Any

from versioner.mcp.answers import Answer, page_of
from versioner.mcp.arguments import At, Cursor, Environment, Limit, Product
from versioner.mcp.scopes import rules_about
from versioner.mcp.source import ReadRegistry, RegistrySource
from versioner.query.gate.requests import list_requests
from versioner.query.matrix import Matrix, MatrixRow, matrix
from versioner.query.times.text import parse_moment
from versioner.query.versions.product_versions import list_versions
from versioner.registry.index import DeploymentFilter
from versioner.reporting.gate.requests import request_document
from versioner.reporting.gate.rules import rule_document
from versioner.reporting.query.deployments import deployment_document
from versioner.reporting.query.environments import environment_documents
from versioner.reporting.query.products import product_document, product_summary, product_view
from versioner.reporting.query.status import cell_document
from versioner.reporting.query.versions import version_summary

__all__ = ["StateTools"]

_LATEST = 10


class StateTools:
    """The tools about products, environments, and the versions that run."""

    def __init__(self, source: RegistrySource) -> None:
        self._source = source

    def _reading(self) -> AbstractContextManager[ReadRegistry]:
        return self._source.reading()

    def get_deployment_status(
        self,
        product: Product = "",
        environment: Environment = "",
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> Answer:
        """Return which version of each product runs in each environment.

        Each cell has the version, since when it runs, and what is in progress, failed last or has
        no result. `drifting` is whether the environments of a product run different versions.
        Limit it to one product or environment where you can.
        """
        with self._reading() as read:
            found = _matrix(read, product, environment)
            page = page_of(found.rows, _row, limit=limit, cursor=cursor)
            return read.answer(
                {"environments": list(found.environments), "products": page.items}, page
            )

    def get_status_at(
        self,
        at: At,
        product: Product = "",
        environment: Environment = "",
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> Answer:
        """Return which version of each product ran in each environment at a moment of the past.

        This answers "what ran there at ...". Events that were declared mistakes since are left out.
        """
        with self._reading() as read:
            moment = parse_moment(at, read.now, field="at")
            found = _matrix(read, product, environment, moment)
            page = page_of(found.rows, _row, limit=limit, cursor=cursor)
            result = {
                "moment": moment,
                "environments": list(found.environments),
                "products": page.items,
            }
            return read.answer(result, page)

    def get_environment_status(
        self, environment: Environment, limit: Limit = 50, cursor: Cursor = ""
    ) -> Answer:
        """Return an environment and what runs in it, product by product."""
        with self._reading() as read:
            found = _matrix(read, "", environment)
            name = found.environments[0]
            cells = [row.cells[0] for row in found.rows]
            occupied = [each for each in cells if each.versions or each.status or each.observed]
            page = page_of(
                occupied,
                lambda cell: {"product": cell.product, **cell_document(cell)},
                limit=limit,
                cursor=cursor,
            )
            documents = environment_documents(read.registry)
            own = next((each for each in documents if each["name"] == name), {"name": name})
            return read.answer({**own, "cells": page.items}, page)

    def get_deployment_briefing(self, product: Product) -> Answer:
        """Return all that matters before a product is deployed.

        That is: its versions in every environment, its latest versions and deployments, the
        requests that hold it and are not over, and the rules that apply to it.
        """
        with self._reading() as read:
            registry = read.registry
            record = registry.resolve(product)
            latest = read.index.deployments(DeploymentFilter(product=record.name), limit=_LATEST)
            result = {
                "product": product_document(product_view(registry, record, now=read.now)),
                "latest_versions": [
                    version_summary(each) for each in list_versions(record, limit=_LATEST)
                ],
                "latest_deployments": [deployment_document(each) for each in latest],
                "requests": [
                    request_document(each)
                    for each in list_requests(registry, read.now)
                    if record.name in map(registry.target_of, each.request.versions)
                ],
                "rules": [rule_document(each) for each in rules_about(registry, record.name, "")],
            }
            return read.answer(result)

    def get_drift(self, limit: Limit = 50, cursor: Cursor = "") -> Answer:
        """Return the products whose environments run different versions, with their cells.

        Environments that hardly any product uses are not compared: `compared` lists the others.
        """
        with self._reading() as read:
            found = matrix(read.registry, now=read.now)
            drifting = [row for row in found.rows if row.drifting]
            page = page_of(drifting, _row, limit=limit, cursor=cursor)
            result = {
                "compared": list(found.compared),
                "drifting": len(drifting),
                "products": page.items,
            }
            return read.answer(result, page)

    def list_products(self, limit: Limit = 50, cursor: Cursor = "") -> Answer:
        """Return the products, with their titles, teams and current versions."""
        with self._reading() as read:
            records = read.registry.products.values()
            page = page_of(records, product_summary, limit=limit, cursor=cursor)
            return read.answer({"total": len(records), "products": page.items}, page)

    def list_environments(self) -> Answer:
        """Return the environments in their order: type, former names, number of products."""
        with self._reading() as read:
            return read.answer({"environments": environment_documents(read.registry)})


def _matrix(read: ReadRegistry, product: str, environment: str, at: str | None = None) -> Matrix:
    return matrix(
        read.registry,
        now=read.now,
        at=at,
        products=[product] if product else None,
        environments=[environment] if environment else None,
    )


def _row(row: MatrixRow) -> dict[str, Any]:
    cells = {
        cell.environment: cell_document(cell)
        for cell in row.cells
        if cell.versions or cell.status or cell.observed
    }
    return {"product": row.product, "drifting": row.drifting, "cells": cells}
