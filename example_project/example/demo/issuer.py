"""The demo issuer: a build service that signs a JWT for each job and publishes its keys over HTTPS."""

from __future__ import annotations

import json
import ssl
import tempfile
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from .authority import certify
from .place import HOST

LIFETIME = 300


class DemoIssuer(ThreadingHTTPServer):
    """Serves discovery document and JWK Set, and at ``/assertion`` a fresh JWT for anybody who asks.

    A real issuer authenticates the client first. ``url`` is its ``iss``; ``ca`` is the PEM
    certificate to check its web server with. ``audience`` is what goes into ``aud``.
    """

    daemon_threads = True

    def __init__(self, audience: str) -> None:
        super().__init__((HOST, 0), _Handler)
        self.audience = audience
        self.url = f"https://{HOST}:{self.server_port}"
        self.key = new_key()
        certificate = certify(HOST)
        self.ca = certificate.authority
        self.socket = _tls(certificate.server).wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def mint(self, repository: str = "acme/website", key: ECKey | None = None) -> str:
        """A JWT for a job of ``repository``; ``key`` instead of our own makes it a forgery."""
        now = int(time.time())
        header = {"alg": "ES256", "kid": self.key.kid, "typ": "JWT"}
        claims = {
            "iss": self.url,
            "sub": f"repo:{repository}:ref:refs/heads/main",
            "aud": self.audience,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": str(uuid.uuid4()),
            "repository": repository,
            "run_id": "4711",
        }
        return jwt.encode(header, claims, key or self.key)

    def document(self, path: str) -> dict[str, Any] | str | None:
        """What is served at ``path``: JSON, plain text, or nothing."""
        match path:
            case "/.well-known/openid-configuration":
                return {
                    "issuer": self.url,
                    "jwks_uri": f"{self.url}/jwks.json",
                    "response_types_supported": ["id_token"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["ES256"],
                }
            case "/jwks.json":
                return dict(KeySet([self.key]).as_dict(private=False))
            case "/assertion":
                return self.mint()
            case _:
                return None


def new_key() -> ECKey:
    """A private signature key that lives as long as this process."""
    return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET requests from :meth:`DemoIssuer.document`."""

    server: DemoIssuer
    timeout = 10

    def do_GET(self) -> None:
        """One document, or 404."""
        document = self.server.document(self.path)
        text = document if isinstance(document, str) else json.dumps(document)
        body = text.encode()
        self.send_response(404 if document is None else 200)
        self.send_header("Content-Type", "text/plain" if isinstance(document, str) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the demo does the talking."""


def _tls(pem: str) -> ssl.SSLContext:
    """The server's side of TLS. Python reads a private key only from a file: it is there for a moment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "server.pem")
        path.touch(mode=0o600)
        path.write_text(pem)
        context.load_cert_chain(path)
    return context
