"""The application of a client id, by a statement that is compiled once."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.db.models.manager import BaseManager
from oauth2_provider.models import AbstractApplication, get_application_model

from .prepared import Columns, Parameter, PreparedQuery

_APPLICATION = Columns(get_application_model())


def _application_by_client_id() -> QuerySet[Any, Any]:
    model: Any = get_application_model()
    client_id = Parameter("client_id", model._meta.get_field("client_id"))
    rows: QuerySet[Any, Any] = model.objects.filter(client_id=client_id).order_by()
    return rows.values_list(*_APPLICATION.names)


_applications = PreparedQuery(_application_by_client_id)


def find_application(client_id: str) -> AbstractApplication | None:
    """The application that an operator has registered as ``client_id``, read fresh, or ``None``.

    ``None`` says nothing where the lookup is more than that, and is left to DOT: a manager of the
    site's own may ask differently each time, and a client's own metadata document be stale.
    """
    model: Any = get_application_model()
    if type(model.objects).get_queryset is not BaseManager.get_queryset:
        return None
    for row in _applications.rows(model, client_id=client_id):
        application: Any = _APPLICATION.instance(row)
        # A database that compares loosely must not make a neighbour of the client the client.
        if application.client_id == client_id and is_registered_by_operator(application):
            return application
    return None


def is_registered_by_operator(application: Any) -> bool:
    """Whether an operator has made ``application``; one that registered itself has no part in trust."""
    return getattr(application, "registration_source", "manual") == "manual"
