"""A small world around the token endpoint: an issuer that is trusted, a rule, a client, a user, and posting.

Everything is posted through Django's test client to django-oauth-toolkit's own view, and
every answer is held against what RFC 6749 section 5 wants of all answers.
"""

from __future__ import annotations

import base64
import copy
import functools
import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any
from urllib.parse import quote_plus, urlencode

from _pytest.mark import ParameterSet
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client
from oauth2_provider.models import get_access_token_model, get_application_model

from oauth_jwt_grant.assertion import Door
from oauth_jwt_grant.keys.notes import memory
from oauth_jwt_grant.models import Decision, GrantRule, LinkedSubject, TrustedIssuer
from tests.factories import DROP, GRANT_TYPE, ISSUER, SUBJECT, Key, ec_key, jwks, mint
from tests.jwks_server import JwksServer

TOKEN_URL = "/o/token/"
FORM = "application/x-www-form-urlencoded"
SECRET = "the secret of the client"

#: The texts that all refusals of one kind share.
UNVERIFIED = "The assertion could not be verified with the keys of a trusted issuer."
UNREADABLE = (
    "The request body cannot be read: it has to be UTF-8 text in the format"
    " application/x-www-form-urlencoded."
)
NOT_ENTITLED = "The assertion does not entitle its bearer to a token here."

# RFC 6749 section 5.2: what error and error_description may hold.
_ALLOWED = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")

Pairs = list[tuple[str, Any]]

#: What the types of token exchange begin with, and the type of a client assertion.
TYPE = "urn:ietf:params:oauth:token-type:"
CLIENT_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def make_user(name: str = "alice", **fields: Any) -> Any:
    """A user who logs in as ``name``, on a site with any user model."""
    return get_user_model().objects.create_user(name, password=None, **fields)


def make_application(client_id: str = "client", *, secret: str = SECRET, **fields: Any) -> Any:
    """A confidential application with ``secret``, unless ``fields`` say otherwise."""
    return get_application_model().objects.create(
        **{
            "client_id": client_id,
            "client_secret": secret,
            "client_type": "confidential",
            "authorization_grant_type": "client-credentials",
            "name": client_id,
            **fields,
        }
    )


def make_issuer(*keys: Key, **fields: Any) -> TrustedIssuer:
    """An issuer whose keys are stored with it: ``keys``, or the usual one."""
    return TrustedIssuer.objects.create(
        **{
            "name": "Issuer",
            "issuer": ISSUER,
            "key_source": "inline",
            "jwks": jwks(*(keys or (ec_key(),))),
            **fields,
        }
    )


def make_rule(issuer: TrustedIssuer, *applications: Any, **fields: Any) -> GrantRule:
    """A rule that admits ``applications`` for subjects that are linked."""
    name = fields.pop("name", None) or f"rule {issuer.rules.count()}"
    rule = GrantRule.objects.create(**{"issuer": issuer, "name": name, "scopes": "read write", **fields})
    rule.applications.add(*applications)
    return rule


@dataclass
class World:
    """What a request needs to get a token, and a way to make it and to change it."""

    issuer: TrustedIssuer
    rule: GrantRule
    application: Any
    user: Any

    def change(self, row: Any, **fields: Any) -> None:
        """Write ``fields`` of ``row`` into the database."""
        for name, value in fields.items():
            setattr(row, name, value)
        row.save()

    def fetch_keys_from(self, server: JwksServer) -> None:
        """Have the issuer's keys fetched from ``server`` from now on."""
        self.change(
            self.issuer,
            key_source="jwks_url",
            jwks_url=server.url(),
            ca_bundle=server.ca_pem,
            allow_private_network=True,
        )

    def pairs(self, **changes: Any) -> Pairs:
        """The parameters of a good request, changed; a list is a repeated one, ``DROP`` leaves one out."""
        parameters: dict[str, Any] = {"grant_type": GRANT_TYPE}
        if "assertion" not in changes:
            parameters["assertion"] = mint(ec_key())
        parameters |= {"client_id": self.application.client_id, "client_secret": SECRET} | changes
        return [
            (name, value)
            for name, values in parameters.items()
            for value in (values if isinstance(values, list) else [values])
            if value is not DROP
        ]

    def post(self, *, headers: dict[str, str] | None = None, query: str = "", **changes: Any) -> HttpResponse:
        """Post a good request with ``changes``."""
        return post(self.pairs(**changes), headers=headers, query=query)

    def post_anonymously(self, **changes: Any) -> HttpResponse:
        """Post a request that says nothing of a client."""
        return self.post(**{"client_id": DROP, "client_secret": DROP, **changes})

    def post_basic(self, user: str, password: str, **changes: Any) -> HttpResponse:
        """Post with HTTP Basic authentication in the place of parameters."""
        credentials = {"client_id": DROP, "client_secret": DROP, **changes}
        return self.post(headers={"Authorization": basic(user, password)}, **credentials)


def build_world() -> World:
    """An issuer, its rule for one confidential client, and a user linked to the usual subject."""
    issuer, user, application = make_issuer(), make_user(), make_application()
    LinkedSubject.objects.create(issuer=issuer, subject=SUBJECT, user=user)
    return World(issuer, make_rule(issuer, application, name="rule 0"), application, user)


@contextmanager
def beside(work: Callable[[], Any]) -> Iterator[None]:
    """Beside the block, do ``work`` to its end, on a thread and a database connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def elsewhere(work: Callable[[], Any]) -> None:
    """Do ``work`` on a database connection of its own, and return when it is done."""
    with beside(work):
        pass


@contextmanager
def case(*what: object) -> Iterator[None]:
    """Name the case in the message of whatever fails within.

    A test that loops over cases costs a fraction of a test for each, which begins with a world of its own.
    """
    try:
        yield
    except BaseException as error:
        error.add_note(f"in the case {what!r}")
        raise


@contextmanager
def case_undone(*what: object) -> Iterator[None]:
    """A :func:`case` after which the rows are as they were before."""
    # Not ``atomic``: some views want to begin the outermost transaction but for that of the test.
    before = connection.savepoint()
    try:
        with case(*what):
            yield
    finally:
        connection.savepoint_rollback(before)


def cases(names: str | tuple[str, ...], values: Iterable[Any]) -> Callable[[Callable[..., None]], Any]:
    """As ``pytest.mark.parametrize``, but in one test, which runs every case and names those that fail.

    What pytest does for a test, and a world of rows, are paid once: most cases cost less than these. It is
    for tests that take rows, a ``world`` and browsers, each of which a case finds as it was, as it does the
    database and the caches.
    """
    names = tuple(names.replace(" ", "").split(",")) if isinstance(names, str) else names
    rows = [tuple(ParameterSet.extract_from(value, force_tuple=len(names) == 1).values) for value in values]
    assert rows, "there is no case"

    def decorate(test: Callable[..., None]) -> Any:
        @functools.wraps(test)
        def all_of_them(**fixtures: Any) -> None:
            undone = case_undone if connection.in_atomic_block else case
            failed = []
            for row in rows:
                try:
                    with undone(*row):
                        test(**copy.deepcopy(fixtures), **dict(zip(names, row, strict=True)))
                except Exception as error:
                    failed.append(error)
                cache.clear()
                memory.clear()
            if failed:
                raise failed[0] if len(failed) == 1 else ExceptionGroup(f"{len(failed)} cases fail", failed)

        own = inspect.signature(test)
        left = [parameter for name, parameter in own.parameters.items() if name not in names]
        all_of_them.__signature__ = own.replace(parameters=left)  # type: ignore[attr-defined]
        return all_of_them

    return decorate


def pairs_of(door: Door, jwt: str | None = None, **changes: Any) -> Pairs:
    """The parameters of a good request at ``door``, changed; a list is a repeated one, ``DROP`` none."""
    jwt = mint(ec_key()) if jwt is None else jwt
    client = {"client_id": "client", "client_secret": SECRET}
    parameters: dict[str, Any] = {
        Door.AUTHORIZATION_GRANT: {"assertion": jwt, **client},
        Door.SUBJECT_TOKEN: {"subject_token": jwt, "subject_token_type": f"{TYPE}jwt", **client},
        Door.CLIENT_ASSERTION: {"client_assertion": jwt, "client_assertion_type": CLIENT_TYPE},
    }[door]
    return [
        (name, value)
        for name, values in {"grant_type": door.grant_type, **parameters, **changes}.items()
        for value in (values if isinstance(values, list) else [values])
        if value is not DROP
    ]


def basic(user: str, password: str) -> str:
    """The value of an Authorization header (RFC 6749 section 2.3.1)."""
    text = f"{quote_plus(user)}:{quote_plus(password)}"
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def post(
    pairs: Pairs | bytes | str,
    *,
    headers: dict[str, str] | None = None,
    query: str = "",
    content_type: str = FORM,
    url: str = TOKEN_URL,
    **extra: Any,
) -> HttpResponse:
    """Post parameters, or a body, to the token endpoint as a form; a server error comes back as an answer."""
    body = urlencode(pairs) if isinstance(pairs, list) else pairs
    # As bytes: Django's test client would encode text in the charset of the content type.
    body = body.encode() if isinstance(body, str) else body
    target = f"{url}?{query}" if query else url
    return Client(raise_request_exception=False).generic(
        "POST", target, body, content_type=content_type, headers=headers or {}, **extra
    )


def assert_granted(
    response: HttpResponse, resource: str | list[str] | None = None, *, kind: str = "Bearer"
) -> dict[str, Any]:
    """The answer is a token, with everything that RFC 6749 section 5.1 wants; returns its members.

    ``resource`` is the member that only the answer to an ID-JAG has.
    """
    assert response.status_code == 200, response.content
    _assert_headers(response)
    answer = json.loads(response.content)
    assert answer["token_type"] == kind
    assert isinstance(answer["access_token"], str)
    assert isinstance(answer["expires_in"], int)
    assert answer.get("resource") == resource
    assert answer.keys() - {"resource"} == {"access_token", "token_type", "expires_in", "scope"}
    return answer


def assert_refused(
    response: HttpResponse,
    error: str = "invalid_grant",
    text: str | None = None,
    *,
    status: int | None = None,
) -> dict[str, Any]:
    """The answer is this refusal, with everything that RFC 6749 section 5.2 wants; returns its members."""
    answer = json.loads(response.content)
    assert answer.get("error") == error, answer
    assert response.status_code == (status or _STATUS.get(error, 400))
    _assert_headers(response)
    assert answer.keys() <= {"error", "error_description"}
    assert _ALLOWED.fullmatch(answer["error"])
    assert _ALLOWED.fullmatch(answer.get("error_description", ""))
    if text is not None:
        assert answer["error_description"] == text
    return answer


_STATUS = {"invalid_client": 401, "temporarily_unavailable": 503}


def _assert_headers(response: HttpResponse) -> None:
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    assert response["Pragma"] == "no-cache"


def token_of(answer: dict[str, Any]) -> Any:
    """The row of the access token in ``answer``."""
    return only_decision(outcome="accepted", access_token__isnull=False).access_token if answer else None


def tokens() -> int:
    """How many access tokens there are."""
    return get_access_token_model().objects.count()


def only_decision(**conditions: Any) -> Decision:
    """The one decision that meets ``conditions``."""
    return Decision.objects.get(**conditions)
