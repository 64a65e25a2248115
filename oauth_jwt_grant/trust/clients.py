"""The application of a client id, by a statement that is compiled once."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.db.models.manager import BaseManager

from ..database import Columns, Parameter, PreparedQuery, all_but, may_defer
from ..dot import SIGNING_METHODS, AbstractApplication, get_application_model
from ..models import TrustedIssuer, written

#: What neither this grant nor django-oauth-toolkit's authentication of a client asks for.
_UNASKED = (
    "redirect_uris",
    "post_logout_redirect_uris",
    "allowed_origins",
    "name",
    "user",
    "created",
    "updated",
    "skip_authorization",
    "algorithm",
)


def may_defer_application(model: Any) -> bool:
    """Whether ``model`` uses django-oauth-toolkit's own test for usable applications."""
    usable: bool = model.is_usable is AbstractApplication.is_usable
    return usable and may_defer(model)


def _columns() -> Columns:
    model = get_application_model()
    return Columns(model, only=all_but(model, *_UNASKED) if may_defer_application(model) else None)


_APPLICATION = _columns()


def _application_by_client_id() -> QuerySet[Any, Any]:
    model: Any = get_application_model()
    client_id = Parameter("client_id", model._meta.get_field("client_id"))
    rows: QuerySet[Any, Any] = model.objects.filter(client_id=client_id).order_by()
    return rows.values_list(*_APPLICATION.names)


_applications = PreparedQuery(_application_by_client_id)


def find_application(client_id: str) -> AbstractApplication | None:
    """The application ``client_id`` that did not register itself, read fresh, or ``None``.

    ``None`` says nothing where the lookup is more than that, and is left to DOT: a manager of the
    site's own may ask differently each time, and a client's own metadata document be stale.
    """
    model: Any = get_application_model()
    if type(model.objects).get_queryset is not BaseManager.get_queryset:
        return None
    for row in _applications.rows(model, client_id=client_id):
        application: Any = _APPLICATION.instance(row)
        # A database that compares loosely must not make a neighbour of the client the client.
        if application.client_id == client_id and not _registered_itself(application):
            return application
    return None


def _registered_itself(application: Any) -> bool:
    """Whether ``application`` registered itself over the network, so that its row may be stale."""
    return getattr(application, "registration_source", "manual") != "manual"


def signs_for_itself(name: str) -> bool:
    """Whether ``name`` is the client id of an application with JWTs of its own, and that of no issuer."""
    # Compared once more: a database may compare loosely.
    signing = any(
        application.client_id == name
        and getattr(application, "token_endpoint_auth_method", "") in SIGNING_METHODS
        for application in written(get_application_model()).filter(client_id=name)
    )
    issuers = written(TrustedIssuer).filter(issuer=name).values_list("issuer", flat=True)
    return signing and name not in issuers


def applications_of_operators() -> QuerySet[Any, Any]:
    """Return the applications that an operator has registered, as far as the rows show it.

    django-oauth-toolkit marks those that a user made on its pages as ``manual`` too. So the owner counts:
    nobody, or a user with one of the flags of staff and superusers that the user model has.
    """
    columns = {field.name for field in get_user_model()._meta.concrete_fields}
    owned = Q(user=None)
    for flag in columns & {"is_staff", "is_superuser"}:
        owned |= Q(**{f"user__{flag}": True})
    manual = AbstractApplication.RegistrationSource.MANUAL
    found: QuerySet[Any, Any] = written(get_application_model()).filter(owned, registration_source=manual)
    return found.order_by("client_id")
