"""An authorization server on the loopback interface, and the vendors' hosts beside it.

The host names and URLs are the real ones, in the presets as in the tokens. Where a host is,
is said by name resolution alone: it leads the vendors' names to one local HTTPS server. The
only thing that an operator would not do with a public vendor is to let its issuer have
private addresses and this server's CA.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import requests

from oauth_jwt_grant.assertion import ANSWERS, Reason
from oauth_jwt_grant.models import Decision, TrustedIssuer
from oauth_jwt_grant.presets import apply, get_preset
from tests.factories import GRANT_TYPE
from tests.jwks_server import JwksServer, certificate_authority, server_context
from tests.support import make_application

from .vendor import Vendor

#: Ports that the local server stands in for: HTTPS, a Kubernetes API server's and Vault's.
PORTS = (443, 6443, 8200)
#: What a client is told where no decision is kept, because no known issuer is named.
_UNKEPT = {
    ANSWERS[reason].text.format(name="iss"): str(reason)
    for reason in (Reason.UNKNOWN_ISSUER, Reason.MISSING_CLAIM)
} | {"Client authentication failed.": str(Reason.UNKNOWN_ISSUER)}


def serve(hosts: Iterable[str]) -> JwksServer:
    """A server, not yet started, with a certificate for all ``hosts``."""
    return JwksServer(server_context(certificate_authority().issue_cert(*sorted(hosts))))


def lead_to(server: JwksServer, hosts: set[str], monkeypatch: Any) -> None:
    """Let the system's resolver lead ``hosts`` to ``server``."""
    ask = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        host = "127.0.0.1" if host in hosts else host
        # An address that has been resolved is asked for once more when it is connected to.
        port = server.port if host == "127.0.0.1" and port in PORTS else port
        return ask(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@dataclass
class Site:
    """The running authorization server, and the vendors' one."""

    port: int
    vendors: JwksServer
    session: requests.Session
    application: Any

    def trust(self, vendor: Vendor) -> TrustedIssuer:
        """Trust ``vendor`` by its preset, as the admin does; its keys are published."""
        vendor.publish(self.vendors)
        applied = apply(get_preset(vendor.preset), vendor.answers)
        applied.rule.scopes = "read"
        applied.rule.subject_policy = "no_user"
        if vendor.is_client:
            applied.rule.default_application = make_application(f"{vendor.name}-client")
        applied.save([self.application])
        return self.reach(applied.issuer)

    def reach(self, issuer: TrustedIssuer) -> TrustedIssuer:
        """Let the keys of ``issuer`` be fetched from the loopback interface."""
        issuer.allow_private_network, issuer.ca_bundle = True, self.vendors.ca_pem
        issuer.full_clean()
        issuer.save()
        return issuer

    def post(self, assertion: str) -> requests.Response:
        """Post ``assertion`` to the token endpoint as a client that has no secret."""
        form = {"grant_type": GRANT_TYPE, "assertion": assertion, "client_id": self.application.client_id}
        return self.session.post(f"https://localhost:{self.port}/o/token/", form, timeout=30)

    def authenticate(self, assertion: str) -> requests.Response:
        """Post ``assertion`` as that of a client that has no secret either."""
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        }
        return self.session.post(f"https://localhost:{self.port}/o/token/", form, timeout=30)

    def outcome(self, assertion: str, *, is_client: bool = False) -> str:
        """``accepted``, or why not: as the decision says that was kept, if the issuer is known at all."""
        before = Decision.objects.count()
        response = self.authenticate(assertion) if is_client else self.post(assertion)
        decision = Decision.objects.order_by("pk").last() if Decision.objects.count() > before else None
        if response.status_code == 200:
            assert decision is not None
            assert decision.outcome == "accepted"
            assert response.json()["scope"] == decision.rule.scopes
            return "accepted"
        assert response.status_code == (401 if is_client else 400), response.text
        return _UNKEPT[response.json()["error_description"]] if decision is None else str(decision.reason)
