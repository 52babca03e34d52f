"""versioner serve: the HTTP API with its docs, and the site."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from versioner.cli.hook_secrets import hook_secrets
from versioner.cli.params import examples_epilog, repo_option
from versioner.cli.signals import Stopped
from versioner.cli.state_dir import state_folder, state_option
from versioner.errors import UsageFault

if TYPE_CHECKING:
    from versioner.server.settings import ServerSettings

__all__ = ["serve"]

# What the extra brings; each is looked for, none is imported.
_NEEDED: Final = (
    *("fastapi", "uvicorn", "authlib", "itsdangerous", "httpx", "python_multipart"),
    "fastapi_offline",
)
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    epilog=examples_epilog(
        "versioner serve",
        "versioner serve --repo https://git.example.com/team/registry.git --public-read",
        "versioner serve --host 0.0.0.0 --behind-proxy --base-url https://releases.example.com",
    )
)
@repo_option
@click.option("--branch", default="", help="The branch of the registry (default: that of HEAD).")
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen on this address.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True,
    help="Listen on this port; 0: any free port.",
)  # fmt: skip
@click.option(
    "--base-url", default="", metavar="URL", help="The public address, where it is another one."
)
@click.option("--public-read", is_flag=True, help="Let everybody read, also without a token.")
@click.option("--tls-cert", type=_FILE, metavar="FILE", help="Serve https with this certificate.")
@click.option("--tls-key", type=_FILE, metavar="FILE", help="The key of the certificate.")
@click.option(
    "--behind-proxy", is_flag=True,
    help="A reverse proxy ends TLS; its X-Forwarded-* headers are believed.",
)  # fmt: skip
@click.option(
    "--proxy-address", "proxy_addresses", multiple=True, metavar="NETWORK",
    help="Believe the headers of a proxy at this address; may be given several times (default: "
    "the loopback addresses).",
)  # fmt: skip
@click.option(
    "--hook", "hooks", multiple=True, metavar="SYSTEM[=VARIABLE]",
    help="Take the deliveries of github, gitlab, vercel or cdevents; VARIABLE is the environment "
    "variable that has the secret (default: VERSIONER_HOOK_GITHUB and so on). Repeatable.",
)  # fmt: skip
@state_option
def serve(repo: str | None, **options: Any) -> int:
    """Serve the API, its docs and the site, until SIGINT or SIGTERM.

    Every write is one commit, as of the command line. Reading needs a token too, unless
    --public-read is given; `versioner token create` makes one.
    """
    missing = [each for each in _NEEDED if importlib.util.find_spec(each) is None]
    if missing:
        raise UsageFault(
            f"`versioner serve` needs {', '.join(missing)}", hint="pip install 'versioner[server]'"
        )
    from versioner.server.run import run_server

    settings = _settings(repo, options)
    try:
        run_server(settings, lambda url: click.echo(f"serving {url} (Ctrl-C stops)"))
    except (KeyboardInterrupt, Stopped):
        # uvicorn has answered the requests that were under way before it passes a signal on.
        return 0
    return 0


def _settings(repo: str | None, options: dict[str, Any]) -> ServerSettings:
    from versioner.cli import clock
    from versioner.cli.remotes import remote_at
    from versioner.server.settings import Clock, ProxySettings, ServerSettings

    if (options["tls_cert"] is None) != (options["tls_key"] is None):
        raise click.UsageError("--tls-cert and --tls-key belong together")
    if options["proxy_addresses"] and not options["behind_proxy"]:
        raise click.UsageError("--proxy-address needs --behind-proxy")
    proxy = ProxySettings()
    if options["proxy_addresses"]:
        proxy = ProxySettings(addresses=options["proxy_addresses"])
    return ServerSettings(
        location=remote_at(repo) or (Path(repo) if repo else Path.cwd()),
        state_dir=state_folder(options["state"]),
        clock=Clock(clock.now, clock.entropy, clock.monotonic, clock.random_bytes),
        host=options["host"],
        port=options["port"],
        branch=options["branch"],
        base_url=options["base_url"].rstrip("/"),
        public_read=options["public_read"],
        tls_cert=options["tls_cert"],
        tls_key=options["tls_key"],
        proxy=proxy if options["behind_proxy"] else None,
        hook_secrets=hook_secrets(options["hooks"], os.environ),
        variables=os.environ,
    )
