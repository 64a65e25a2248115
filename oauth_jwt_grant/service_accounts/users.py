"""New users for programs: they cannot log in and have no privileges."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.text import slugify

from ..assertion import _
from ..conf import issuer_identifier, server_audiences
from ..models import written
from .names import ServiceAccountError

#: The separator of the name of a robot and that of the server.
_ROBOTS = "robots"
_LONGEST = 63


def new_user(name: str) -> Any:
    """Return a user called ``name``, unsaved, who cannot log in and has no privileges.

    Raises :class:`ServiceAccountError` if there is such a user, or if the user model demands more.
    """
    model = get_user_model()
    if written(model).filter(**{model.USERNAME_FIELD: name}).exists():
        raise ServiceAccountError(
            _("there is a user {name} already: name the user that is meant", name=name), "user"
        )
    user = model(**{model.USERNAME_FIELD: name})
    user.set_unusable_password()
    try:
        user.full_clean()
    except ValidationError as error:
        faults = "; ".join(f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items())
        raise ServiceAccountError(
            _("a new user cannot be made, so name one ({faults})", faults=faults), "user"
        ) from error
    return user


def robot_name(rule: str) -> str:
    """What the user is called who is made for the rule of this name: an address that receives no mail."""
    name = slugify(rule).strip("_") or "robot"
    if len(name) > _LONGEST:
        # Cut, two long ones would be called alike.
        name = f"{name[: _LONGEST - 9]}-{hashlib.sha256(rule.encode()).hexdigest()[:8]}"
    names = (issuer_identifier() or "", *sorted(server_audiences()))
    host = next(filter(None, (urlsplit(own).hostname for own in names)), "invalid")
    return f"{name}@{_ROBOTS}.{host}"


def new_robot(rule: str) -> Any:
    """Return the user for the rule of this name, unsaved: see :func:`new_user`."""
    return new_user(robot_name(rule))
