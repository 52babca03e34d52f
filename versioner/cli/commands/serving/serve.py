"""versioner serve: the HTTP API with its docs, and the site."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from versioner.cli.hook_secrets import hook_secrets
from versioner.cli.params import examples_epilog, repo_option
from versioner.cli.signals import Stopped
from versioner.cli.state_dir import SCOPES, state_folder, state_option
from versioner.errors import UsageFault
from versioner.secret_scanning import remember_secret

if TYPE_CHECKING:
    from versioner.server.settings import OidcSettings, ProxySettings, ServerSettings

__all__ = ["serve"]

# What the extra brings; each is looked for, none is imported.
_NEEDED: Final = (
    *("fastapi", "uvicorn", "authlib", "itsdangerous", "httpx2", "python_multipart"),
    "fastapi_offline",
)
# Only a provider on this machine may be without TLS.
_ISSUER: Final = r"https://[^\s?#@]+|http://(?:localhost|127\.0\.0\.1)(?::\d+)?(?:/[^\s?#@]*)?"
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
    "--base-url",
    default="",
    metavar="URL",
    help="The address that clients use, if it is another one.",
)
@click.option("--public-read", is_flag=True, help="Let everybody read, also without a token.")
@click.option("--tls-cert", type=_FILE, metavar="FILE", help="Serve https with this certificate.")
@click.option("--tls-key", type=_FILE, metavar="FILE", help="The key of the certificate.")
@click.option(
    "--behind-proxy", is_flag=True,
    help="A reverse proxy ends TLS; trust its X-Forwarded-* headers.",
)  # fmt: skip
@click.option(
    "--proxy-address", "proxy_addresses", multiple=True, metavar="NETWORK",
    help="Trust the headers of a proxy at this address; may be given several times (default: "
    "the loopback addresses).",
)  # fmt: skip
@click.option(
    "--hook", "hooks", multiple=True, metavar="SYSTEM[=VARIABLE]",
    help="Accept the deliveries of github, gitlab, vercel or cdevents; VARIABLE is the environment "
    "variable that has the secret (default: VERSIONER_HOOK_GITHUB and so on). Repeatable.",
)  # fmt: skip
@click.option(
    "--proxy-header", default="", metavar="NAME",
    help="The header in which that proxy names the person, such as X-Remote-User.",
)  # fmt: skip
@click.option(
    "--proxy-scope", "proxy_scopes", multiple=True, type=click.Choice(SCOPES),
    help="What a person whom the proxy names may do; may be given several times (default: read).",
)  # fmt: skip
@click.option(
    "--oidc-issuer", default="", metavar="URL", envvar="VERSIONER_OIDC_ISSUER",
    help="Let people log in at this OpenID Connect provider. The variables "
    "VERSIONER_OIDC_CLIENT_ID and VERSIONER_OIDC_CLIENT_SECRET name the client.",
)  # fmt: skip
@click.option(
    "--oidc-scope", "oidc_scopes", multiple=True, type=click.Choice(SCOPES),
    help="What each person of the provider may do; may be given several times (default: read).",
)  # fmt: skip
@click.option(
    "--oidc-group", "oidc_groups", multiple=True, metavar="GROUP=SCOPE",
    help="What the people of a group may do in addition; may be given several times.",
)  # fmt: skip
@click.option(
    "--oidc-domain", "oidc_domains", multiple=True, metavar="DOMAIN",
    help="Only people with an e-mail address of this domain; may be given several times.",
)  # fmt: skip
@click.option(
    "--oidc-assume-verified", is_flag=True,
    help="Trust an e-mail address also if the provider does not say whether it is verified.",
)  # fmt: skip
@click.option(
    "--rate", type=click.FloatRange(min=0, min_open=True), default=500.0, show_default=True,
    help="Requests per second that a token may make; a burst may have twice as many.",
)  # fmt: skip
@click.option(
    "--max-body", type=click.IntRange(min=1), default=2048, show_default=True, metavar="KIB",
    help="The largest body of a request.",
)  # fmt: skip
@state_option
def serve(repo: str | None, **options: Any) -> int:
    """Serve the API, its docs and the site, until SIGINT or SIGTERM.

    Each write is one commit, like those of the command line. Reading needs a token too, unless
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
    from versioner.server.settings import Clock, Limits, ServerSettings

    if (options["tls_cert"] is None) != (options["tls_key"] is None):
        raise click.UsageError("--tls-cert and --tls-key belong together")
    base_url = options["base_url"].rstrip("/")
    if base_url and not re.fullmatch(r"https?://[^\s/?#@]+", base_url):
        raise click.UsageError(
            "--base-url is the address of the server without a path, such as https://example.com"
        )
    rate = options["rate"]
    return ServerSettings(
        location=remote_at(repo) or (Path(repo) if repo else Path.cwd()),
        state_dir=state_folder(options["state"]),
        clock=Clock(clock.now, clock.entropy, clock.monotonic, clock.random_bytes),
        host=options["host"],
        port=options["port"],
        branch=options["branch"],
        base_url=base_url,
        public_read=options["public_read"],
        tls_cert=options["tls_cert"],
        tls_key=options["tls_key"],
        hook_secrets=hook_secrets(options["hooks"], os.environ),
        variables=os.environ,
        proxy=_proxy(options),
        oidc=_oidc(options),
        limits=Limits(
            rate=rate, burst=max(1, int(rate * 2)), body_bytes=options["max_body"] * 1024
        ),
    )


def _proxy(options: dict[str, Any]) -> ProxySettings | None:
    from versioner.server.settings import ProxySettings

    addresses, scopes = options["proxy_addresses"], options["proxy_scopes"]
    header: str = options["proxy_header"]
    if not options["behind_proxy"]:
        if addresses or scopes or header:
            raise click.UsageError("the options --proxy-... need --behind-proxy")
        return None
    for each in addresses:
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError:
            raise click.UsageError(
                f"--proxy-address {each} is no network: for example, 10.0.0.0/8"
            ) from None
    if header and not re.fullmatch(r"[A-Za-z0-9-]+", header):
        raise click.UsageError("--proxy-header is the name of a header, such as X-Remote-User")
    return ProxySettings(
        addresses or ProxySettings().addresses, header, frozenset(scopes or ["read"])
    )


def _oidc(options: dict[str, Any]) -> OidcSettings | None:
    from versioner.server.settings import OidcSettings

    issuer: str = options["oidc_issuer"]
    if not issuer:
        return None
    if not re.fullmatch(
        r"https://[^\s?#@]+|http://(localhost|127\.0\.0\.1)(:\d+)?(/[^\s?#@]*)?", issuer
    ):
        raise click.UsageError("--oidc-issuer is an https URL")
    client = os.environ.get("VERSIONER_OIDC_CLIENT_ID", "")
    secret = os.environ.get("VERSIONER_OIDC_CLIENT_SECRET", "")
    if not client or not secret:
        raise UsageFault(
            "--oidc-issuer needs a client",
            hint="set VERSIONER_OIDC_CLIENT_ID and VERSIONER_OIDC_CLIENT_SECRET",
        )
    remember_secret(secret)
    return OidcSettings(
        issuer,
        client,
        secret,
        scopes=frozenset(options["oidc_scopes"] or ["read"]),
        groups=tuple(_group(each) for each in options["oidc_groups"]),
        domains=frozenset(each.lower() for each in options["oidc_domains"]),
        assumes_verified=options["oidc_assume_verified"],
    )


def _group(text: str) -> tuple[str, frozenset[str]]:
    group, _, scope = text.rpartition("=")
    if not group or scope not in SCOPES:
        raise click.UsageError(f"--oidc-group {text} is not of the form GROUP=SCOPE")
    return group, frozenset({scope})
