"""The metadata (RFC 8414), the token endpoint and introspection (RFC 7662), with this grant."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import wraps
from typing import Any

from django.db import Error, connections, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.debug import sensitive_variables

from .assertion import ALGORITHMS, AssertionRefused, Door
from .conf import conf
from .database import to_datetime
from .decision import failure_of, withdraw
from .dot import IntrospectTokenView as DOTIntrospectTokenView
from .dot import OAuthServerMetadataView, TokenView, app_authorized
from .dpop import binding_of
from .grant import Call, not_set_up
from .oauth2_backends import Response, answer_of, begin_call, call_of
from .trust import Published, published_at

logger = logging.getLogger("oauth_jwt_grant.endpoint")

View = Callable[..., HttpResponse]

#: draft-ietf-oauth-identity-assertion-authz-grant section 7.2.
ID_JAG_PROFILE = "urn:ietf:params:oauth:grant-profile:id-jag"

#: Parameters of a token request that no error report may show, whatever the grant is.
SECRETS = (
    "assertion", "client_assertion", "client_secret", "subject_token", "actor_token",
    "password", "code", "code_verifier", "device_code", "refresh_token",
)  # fmt: skip


class AuthorizationServerMetadataView(OAuthServerMetadataView):  # type: ignore[misc]
    """DOT's metadata document, with what the trust here adds; without any, it is DOT's.

    ``grant_types_supported`` has the grant of each door that the settings open and a rule of a trusted issuer
    is for; ``authorization_grant_profiles_supported`` is there while one takes ID-JAGs;
    ``token_endpoint_auth_methods_supported`` has ``none`` while one admits clients without credentials,
    and ``private_key_jwt``, with the algorithms, while one authenticates clients.
    ``dpop_signing_alg_values_supported`` is there while DPoP is on (RFC 9449 section 5.1).
    """

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The document for ``request``; one more SQL statement than DOT's."""
        response: HttpResponse = super().get(request, *args, **kwargs)
        document = json.loads(response.content)
        published = published_at(to_datetime(time.time()))
        for door in Door:
            if door in published.doors:
                _add(document, "grant_types_supported", door.grant_type)
        if "token_endpoint_auth_methods_supported" in document:
            _add_methods(document, published)
        if published.id_jag:
            document["authorization_grant_profiles_supported"] = [ID_JAG_PROFILE]
        if conf.DPOP:
            document["dpop_signing_alg_values_supported"] = list(ALGORITHMS)
        response.content = json.dumps(document).encode()
        return response


class IntrospectTokenView(DOTIntrospectTokenView):  # type: ignore[misc]
    """DOT's introspection, with the key of a bound token (RFC 9449 section 6.2)."""

    @staticmethod
    def get_token_response(token_value: str | None = None) -> JsonResponse:
        """DOT's answer, with ``cnf`` and ``token_type`` if the token is bound.

        ``aud`` stays as the row has it: an API that reads it and knows of no keys takes no bound token.
        """
        response: JsonResponse = DOTIntrospectTokenView.get_token_response(token_value)
        document = json.loads(response.content)
        binding = binding_of(document.get("aud", ()))
        if binding is None:
            return response
        return JsonResponse(document | {"token_type": "DPoP", "cnf": {"jkt": binding.thumbprint}})


class _EveryDatabase(set[str]):
    """For ``_non_atomic_requests``: holds every alias, also one that is added while the server runs.

    Its members are those for which the site itself wants no transaction, with any grant.
    """

    def __contains__(self, alias: object) -> bool:
        return True


class JWTBearerTokenViewMixin:
    """Answers this grant; put it before ``TokenView`` among the bases of a token view of your own.

    Django opens no transaction around the view. A request of this grant has only the one of its token, so
    that a failure of BEGIN or COMMIT can be answered. Other grants have those of ``ATOMIC_REQUESTS``.
    """

    @classmethod
    def as_view(cls, **initkwargs: Any) -> View:
        """The view function. All of it is here, as a view may override each of the other methods."""
        view: View = super().as_view(**initkwargs)  # type: ignore[misc]
        # As non_atomic_requests() does, which would change the set of the class itself.
        exempt = _EveryDatabase(getattr(view, "_non_atomic_requests", ()))

        @wraps(view)
        @sensitive_variables()
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            hidden = _hide_from_error_reports(request, SECRETS)
            try:
                return _answer(view, exempt, request, *args, **kwargs)
            finally:
                # DOT's own mark takes the place of this one, and names less.
                _hide_from_error_reports(request, hidden)

        answer._non_atomic_requests = exempt  # type: ignore[attr-defined]
        answer.answers_jwt_bearer = True  # type: ignore[attr-defined]
        return answer

    def authorization_flow_token_response(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """DOT's answer to a token request; one of this grant is answered without reading the token back."""
        call = call_of(request)
        if call is None:
            response: HttpResponse = super().authorization_flow_token_response(  # type: ignore[misc]
                request, *args, **kwargs
            )
            return response
        answered = self.create_token_response(request)
        # A token of the client's own JWT may be rolled back after this app has noted it.
        for token in call.tokens if answered[3] == 200 else ():
            app_authorized.send(sender=self, request=request, token=token)
        return _response(answered)

    def create_token_response(self, request: HttpRequest) -> Response:
        """DOT's answer; a request of this grant during which the database fails is answered, too."""
        create: Callable[[HttpRequest], Response] = super().create_token_response  # type: ignore[misc]
        if call_of(request) is None:
            return create(request)
        try:
            return create(request)
        except Error as error:
            return answer_of(failure_of(error))


class JWTBearerTokenView(JWTBearerTokenViewMixin, TokenView):  # type: ignore[misc]
    """DOT's token endpoint (RFC 6749 section 3.2) with this grant.

    DOT reads each new token back to send ``app_authorized``: a statement more, which finds
    nothing where a replica lags behind. Here the signal has the token that was saved. A
    ``grant_type`` that is repeated is refused, whatever the second one is.
    """


def _answer(
    view: View, exempt: Collection[str], request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponse:
    """The answer of ``view``, in the transactions of ``ATOMIC_REQUESTS`` if the grant is another one."""
    if request.method == "POST":
        try:
            begin_call(request)
        except AssertionRefused as refused:
            return _response(answer_of(refused))
    call = call_of(request)
    if call is None:
        # As Django does for each view (BaseHandler.make_view_atomic).
        for alias, database in connections.settings.items():
            if database["ATOMIC_REQUESTS"] and alias not in set(exempt):
                view = transaction.atomic(using=alias)(view)
        return view(request, *args, **kwargs)
    response = _decided(view(request, *args, **kwargs), call)
    # DOT's next release may answer before this grant is asked: 415, for a body that is not a form.
    response.setdefault("Cache-Control", "no-store")
    return response


def _decided(response: HttpResponse, call: Call) -> HttpResponse:
    """``response``, unless it grants a token of this grant that has no decision: that is taken back.

    Here, for whatever the site has made of view, backend, server and grant, the answer has to pass.
    """
    if call.tokens or response.status_code != 200:
        return response
    with suppress(ValueError, TypeError, KeyError):
        withdraw([str(json.loads(response.content)["access_token"])])
    fault = (
        "a token without its decision was to be answered: the view, the backend, the server or its grant "
        "takes the place of a method of ours, and does not call it"
    )
    return _response(answer_of(not_set_up(fault)))


def _response(answer: Response) -> HttpResponse:
    _, headers, body, status = answer
    return HttpResponse(content=body, status=status, headers=headers)


def _hide_from_error_reports(request: HttpRequest, names: Any) -> Any:
    """Mark the parameters ``names`` too as what no report of Django's shows; returns all that are marked.

    By name: where all are marked, Django still shows a QueryDict that some variable holds.
    """
    marked = getattr(request, "sensitive_post_parameters", ())
    hidden = "__ALL__" if "__ALL__" in (marked, names) else tuple({*marked, *names})
    request.sensitive_post_parameters = hidden  # type: ignore[attr-defined]
    return hidden


def _add_methods(document: dict[str, Any], published: Published) -> None:
    if published.none:
        _add(document, "token_endpoint_auth_methods_supported", "none")
    if published.algorithms:
        # No value is registered for somebody else's JWT. RFC 8414 section 2: with this one go algorithms.
        _add(document, "token_endpoint_auth_methods_supported", "private_key_jwt")
        _add(document, "token_endpoint_auth_signing_alg_values_supported", *published.algorithms)


def _add(document: dict[str, Any], member: str, *values: str) -> None:
    """Put ``values`` at the end of a list of the document, unless they are there."""
    document[member] = list(dict.fromkeys([*document.get(member, ()), *values]))
