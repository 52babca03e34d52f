"""Run the application with uvicorn until the process is told to stop."""

from __future__ import annotations

import logging
import socket
import ssl
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from versioner.errors import OperationFailed, UsageFault
from versioner.server.app import create_app
from versioner.server.protocol import timed_protocol
from versioner.server.settings import LOOPBACK_HOSTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.server.settings import ServerSettings

__all__ = ["listen", "run_server"]

_GRACE_SECONDS: Final = 10
_BACKLOG: Final = 512
_LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"


def check_exposure(settings: ServerSettings) -> None:
    """Raise UsageFault where other machines would send tokens over an unencrypted connection."""
    if settings.host in LOOPBACK_HOSTS or settings.tls_cert is not None:
        return
    if settings.proxy is not None:
        return
    raise UsageFault(
        f"--host {settings.host} lets other machines connect, and tokens and sessions would be "
        "sent unencrypted",
        hint="give --tls-cert and --tls-key, or --behind-proxy where a reverse proxy ends TLS",
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raise OperationFailed where that is not possible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        sock.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise OperationFailed(
            f"cannot listen on {host} port {port}: {reason}",
            hint="another program may use the port: give another one with --port",
        ) from error
    return sock


def run_server(settings: ServerSettings, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; requests that are under way are answered first.

    `on_ready` gets the address. Raises VersionerError where the server cannot start.
    """
    check_exposure(settings)
    _check_certificate(settings)
    app = create_app(settings)
    sock = listen(settings.host, settings.port)
    host, port = sock.getsockname()[:2]
    scheme = "https" if settings.tls_cert is not None else "http"
    address = f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"
    server = _Server(uvicorn.Config(app, **_options(settings)), lambda: on_ready(address))
    try:
        server.run(sockets=[sock])
    finally:
        sock.close()


def _check_certificate(settings: ServerSettings) -> None:
    if settings.tls_cert is None:
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except (ssl.SSLError, OSError) as error:
        raise UsageFault(
            f"--tls-cert and --tls-key cannot be used: {error.strerror or error}",
            hint="give a certificate and its key as PEM files, the key without a password",
        ) from error


def _options(settings: ServerSettings) -> dict[str, Any]:
    limits = settings.limits
    return {
        "http": timed_protocol(limits.header_seconds),
        "ws": "none",
        "lifespan": "on",
        "log_config": _logging(),
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
        "h11_max_incomplete_event_size": limits.header_bytes,
        "limit_concurrency": limits.connections,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": _GRACE_SECONDS,
        "ssl_certfile": settings.tls_cert,
        "ssl_keyfile": settings.tls_key,
    }


def _logging() -> dict[str, Any]:
    handler = {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": _LOG_FORMAT}},
        "handlers": {"stderr": handler},
        "loggers": {
            "versioner.server": {"handlers": ["stderr"], "level": logging.INFO, "propagate": False},
            "uvicorn": {"handlers": ["stderr"], "level": logging.WARNING, "propagate": False},
        },
    }


class _Server(uvicorn.Server):
    """A uvicorn server that tells when it accepts requests."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell that."""
        await super().startup(sockets=sockets)
        if self.started:
            self._on_ready()
