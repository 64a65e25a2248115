"""For views without Django REST framework: a decorator that checks the access token and one of its claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from ..dot import build_bearer_challenge
from ..rules import Condition
from .claims import claims_of, condition_of, meets, refusal, verify

View = Callable[..., Any]


def claim_required(
    claim: str, *values: Any, operator: str | None = None, scopes: Sequence[str] = ()
) -> Callable[[View], View]:
    """Return a decorator for views that need an access token with ``scopes`` and this value of ``claim``.

    It does what ``protected_resource`` of django-oauth-toolkit (DOT) does, with the classes of the settings.
    Several of these decorators on one view must all be met; the token is checked once.
    """
    if isinstance(scopes, str):
        raise TypeError('scopes is a list of strings, as in scopes=["read"].')
    condition = condition_of(claim, values, operator)

    def decorator(view: View) -> View:
        @wraps(view)
        def protected(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            refused = _refused(request, condition, scopes)
            return view(request, *args, **kwargs) if refused is None else refused

        @wraps(view)
        async def protected_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            refused = await sync_to_async(_refused)(request, condition, scopes)
            return await view(request, *args, **kwargs) if refused is None else refused

        return protected_async if iscoroutinefunction(view) else protected

    return decorator


def _refused(request: HttpRequest, condition: Condition, scopes: Sequence[str]) -> HttpResponseBase | None:
    """Return the answer to a request that does not get in, or ``None``.

    One that gets in has the owner of the token in ``resource_owner``, as with DOT.
    """
    token, error = verify(request, scopes)
    if token is None:
        status = 403 if error.get("error") == "insufficient_scope" else 401
        challenge = build_bearer_challenge(request, oauth2_error=error, resource_metadata_url=None)
        text = error.get("error_description") or error.get("error") or "An access token is needed."
        return JsonResponse({"detail": text}, status=status, headers={"WWW-Authenticate": challenge})
    if not meets(claims_of(request), condition):
        return JsonResponse({"detail": refusal(condition)}, status=403)
    request.resource_owner = token.user  # type: ignore[attr-defined]
    return None
