"""A small OpenID Connect provider over real HTTP, which may be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "registry", "the secret of the client"
PERSON = {
    "sub": "1234",
    "preferred_username": "jane",
    "name": "Jane Doe",
    "email": "jane@example.com",
    "email_verified": True,
    "groups": ["releases", "staff"],
}


class Provider(ThreadingHTTPServer):
    """A provider whose logins succeed at once, as `person`.

    `change` changes the claims of an ID token before it is signed with `key` and `algorithm`;
    `refusal` is the error that the authorization endpoint gives.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = self.published = RSAKey.generate_key(2048, {"kid": "one"})
        self.codes: dict[str, dict[str, str]] = {}
        self.reset()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def reset(self) -> None:
        self.person: dict[str, Any] = dict(PERSON)
        self.change: Callable[[dict[str, Any]], object] = lambda _claims: None
        self.refusal = ""
        self.key = self.published

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *_args: Any) -> None:
        pass

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        told = {name: values[0] for name, values in asked.items()}
        issuer = self.server.issuer
        if path == "/.well-known/openid-configuration":
            self.send(
                {
                    "issuer": issuer,
                    "authorization_endpoint": f"{issuer}/authorize",
                    "token_endpoint": f"{issuer}/token",
                    "jwks_uri": f"{issuer}/keys",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )
        elif path == "/keys":
            self.send({"keys": [self.server.published.as_dict(private=False)]})
        elif path == "/authorize":
            self.authorize(told)
        else:
            self.send({"error": "not_found"}, 404)

    def authorize(self, told: dict[str, str]) -> None:
        answer = {"state": told["state"]}
        if self.server.refusal:
            answer["error"] = self.server.refusal
        else:
            code = hashlib.sha256(told["state"].encode()).hexdigest()
            self.server.codes[code] = told
            answer["code"] = code
        self.send_response(302)
        self.send_header("Location", f"{told['redirect_uri']}?{urlencode(answer)}")
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        told = {name: values[0] for name, values in parse_qs(body).items()}
        asked = self.server.codes.pop(told.get("code", ""), None)
        login = base64.b64decode(self.headers["Authorization"].partition(" ")[2]).decode()
        verifier = hashlib.sha256(told.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        if asked is None or asked["code_challenge"] != challenge:
            self.send({"error": "invalid_grant"}, 400)
        elif login.partition(":")[0] != CLIENT:
            self.send({"error": "invalid_client"}, 401)
        else:
            self.send({"access_token": "a", "token_type": "Bearer", "id_token": self.token(asked)})

    def token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.server.issuer,
            "aud": asked["client_id"],
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.server.person,
        }
        self.server.change(claims)
        header = {"alg": "RS256", "kid": "one"}
        if claims.pop("unsigned", False):
            parts = [json.dumps(each).encode() for each in ({"alg": "none"}, claims)]
            return (
                ".".join(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in parts)
                + "."
            )
        return jwt.encode(header, claims, self.server.key)

    def send(self, document: dict[str, Any], status: int = 200) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
