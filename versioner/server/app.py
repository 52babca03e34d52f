"""The application: the routers, what every request passes, and how errors are answered."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware.sessions import SessionMiddleware

from versioner import __version__
from versioner.server import admin, api, docs_pages, hooks, login, openmetrics, pages, wire
from versioner.server.health import router as health_router
from versioner.server.methods import HeadAndOptions
from versioner.server.middleware import (
    AccessLog,
    BodyLimit,
    DefectBoundary,
    HostCheck,
    ProxyHeaders,
    SecurityHeaders,
)
from versioner.server.notifications import notifications_of
from versioner.server.openmetrics import CountRequests, RequestCounts
from versioner.server.pages.submissions import Submissions
from versioner.server.problems import add_handlers
from versioner.server.public_texts import public_texts_of
from versioner.server.rates import Rates
from versioner.server.reader import RegistryReader
from versioner.server.services import Services
from versioner.server.sessions import Sessions
from versioner.server.site.live_site import LiveSite
from versioner.server.site.site_routes import site_or_nothing
from versioner.server.tokens import TokenStore
from versioner.server.writer import RegistryWriter
from versioner.server.writer.tidying import Tidying

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from versioner.server.public_texts import PublicTexts
    from versioner.server.settings import ServerSettings

__all__ = ["create_app"]


def create_app(settings: ServerSettings) -> FastAPI:
    """Return the application for a registry; raise where there is none.

    What runs beside the requests begins with the application's lifespan (in tests: with
    `with TestClient(app)`) and ends with it.
    """
    texts = public_texts_of(settings)
    services = _services(settings, texts)
    app = FastAPI(
        title="Versioner",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.services = services
    app.state.texts = texts
    app.state.request_counts = RequestCounts()
    app.state.submissions = Submissions()
    add_handlers(app)
    _add_routers(app)
    # The last one added is the first that a request passes.
    if settings.oidc is not None:
        app.add_middleware(
            SessionMiddleware,
            secret_key=services.sessions.login_key,
            session_cookie="versioner_oidc",
            max_age=600,
            path="/login",
            same_site="lax",
            https_only=settings.is_encrypted,
        )
    app.add_middleware(HeadAndOptions)
    app.add_middleware(wire.EventDoor)
    app.add_middleware(BodyLimit, limits=settings.limits)
    app.add_middleware(HostCheck, settings=settings)
    app.add_middleware(ProxyHeaders, proxy=settings.proxy)
    app.add_middleware(DefectBoundary)
    app.add_middleware(SecurityHeaders, settings=settings)
    app.add_middleware(CountRequests, counts=app.state.request_counts)
    app.add_middleware(AccessLog, monotonic=settings.clock.monotonic)
    return app


def _add_routers(app: FastAPI) -> None:
    """Add the routes; of two that match, the first one answers."""
    app.include_router(health_router)
    app.include_router(openmetrics.router)
    app.include_router(docs_pages.router)
    app.include_router(login.router)
    app.include_router(admin.router)
    app.include_router(wire.router)
    app.include_router(api.router)
    app.include_router(hooks.router)
    app.include_router(pages.router)
    # No route, so that a wrong method stays 405 where the path is known, and 404 where it is not.
    app.router.default = site_or_nothing


def _services(settings: ServerSettings, texts: PublicTexts) -> Services:
    reader = RegistryReader(settings)
    reader.open()
    tokens = TokenStore(settings.state_dir)
    return Services(
        settings=settings,
        tokens=tokens,
        sessions=Sessions(settings, tokens),
        rates=Rates(settings.limits, settings.clock.monotonic),
        reader=reader,
        site=LiveSite(settings, reader, texts),
        writer=_writer(settings, reader),
    )


def _writer(settings: ServerSettings, reader: RegistryReader) -> RegistryWriter:
    clock = settings.clock
    writer = RegistryWriter(
        reader.repository(),
        reader.client,
        branch=settings.branch,
        now=clock.now,
        entropy=clock.entropy,
    )
    writer.subscribe(lambda _: reader.announce())
    return writer


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    services.reader.start()
    services.site.start()
    notifications = notifications_of(
        services.settings, services.reader, services.writer, services.site.rebuild
    )
    notifications.wrote()
    tidying = Tidying(services.reader.repository)
    tidying.start()
    try:
        yield
    finally:
        tidying.stop()
        notifications.close()
        services.writer.close()
        services.site.stop()
        services.reader.stop()
