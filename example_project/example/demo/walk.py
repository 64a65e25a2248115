"""The walk: trust, one JWT that is accepted, three that are refused, and their decisions."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import requests

from oauth_jwt_grant.models import Decision

from .issuer import DemoIssuer, new_key
from .show import Out, exchange
from .trust import CLIENT_ID, REPOSITORY, trust

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "deployments:read"


class Walk:
    """The steps of the grant at ``base_url``, shown on ``out``; ``ca`` is the file of the issuer's CA."""

    def __init__(self, base_url: str, issuer: DemoIssuer, ca: Path, out: Out) -> None:
        self._base_url = base_url
        self._issuer = issuer
        self._ca = ca
        self._out = out
        self._steps = 0

    def run(self) -> None:
        """Walk all of it. Raises :class:`UnexpectedAnswer` where the server does not answer as it should."""
        self._title("The operator trusts the issuer, and says what its JWTs may do. The admin does the same.")
        trust(self._issuer.url, self._ca, self._out)
        assertion = self._issuer.mint()
        self._title("The issuer signs a JWT for a job of its own.")
        self._show_claims(assertion)
        self._title("The job posts it to the token endpoint and gets an access token.")
        token = self._post(assertion, 200)["access_token"]
        self._title("The access token opens the API, which can see what the JWT said.")
        self._call_api(token)
        self._title("The same JWT again: it can be used once.")
        self._post(assertion, 400)
        self._title("A forged JWT: the right claims and key ID, but somebody else's key.")
        self._post(self._issuer.mint(key=new_key()), 400)
        self._title(f"A genuine JWT of the same issuer, but not for {REPOSITORY}: no rule matches.")
        self._post(self._issuer.mint("acme/other"), 400)
        self._title("What the client is not told, the operator can read: every decision is kept.")
        self._show_decisions()

    def _title(self, text: str) -> None:
        self._steps += 1
        self._out(f"{self._steps}. {text}")
        self._out("")

    def _show_claims(self, assertion: str) -> None:
        payload = assertion.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        for line in json.dumps(claims, indent=2).splitlines():
            self._out(f"    {line}")
        self._out("")

    def _show_decisions(self) -> None:
        for decision in Decision.objects.filter(iss=self._issuer.url).order_by("pk"):
            rule = f"by the rule {decision.rule}" if decision.rule else ""
            line = f"    {decision.outcome:10}{decision.reason:15}{decision.detail or rule}"
            self._out(line.rstrip())
        self._out("")

    def _post(self, assertion: str, status: int) -> dict[str, str]:
        form = {
            "grant_type": GRANT_TYPE,
            "assertion": assertion,
            "client_id": CLIENT_ID,
            "scope": SCOPE,
        }
        return self._exchange(requests.Request("POST", f"{self._base_url}/o/token/", data=form), status)

    def _call_api(self, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._exchange(requests.Request("GET", f"{self._base_url}/api/whoami/", headers=headers), 200)

    def _exchange(self, request: requests.Request, status: int) -> dict[str, str]:
        response = exchange(self._out, request)
        if response.status_code != status:
            raise UnexpectedAnswer(f"expected the status {status}, not {response.status_code}")
        answer: dict[str, str] = response.json()
        return answer


class UnexpectedAnswer(Exception):
    """The server has not answered as this demo expects."""
