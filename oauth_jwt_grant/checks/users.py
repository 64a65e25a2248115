"""Whether users can be created for subjects that are seen for the first time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Info
from django.core.exceptions import ValidationError

from ..conf import DEFAULTS, conf
from .messages import CheckId


def check_provisioner(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The built-in ``USER_PROVISIONER`` makes what the user model takes, more than once."""
    is_built_in = DEFAULTS["USER_PROVISIONER"] == conf.USER_PROVISIONER
    if not is_built_in or not apps.is_installed("oauth2_provider"):
        return []
    faults = "; ".join(_faults())
    if not faults:
        return []
    return [
        Info(
            f"The built-in USER_PROVISIONER cannot create users of {get_user_model()._meta.label}: {faults}. "
            "Rules with the subject policy provision refuse all subjects that are new.",
            hint='OAUTH_JWT_GRANT = {..., "USER_PROVISIONER": "path.to.a.function.of.yours"}, or leave that '
            "policy alone and silence this.",
            id=CheckId.PROVISIONER,
        )
    ]


def _faults() -> Iterator[str]:
    """What is wrong with each user that it would create, by field. No statement: nothing is looked up."""
    from ..subjects import faults_of, new_user

    user = new_user()
    try:
        user.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        yield faults_of(error)
        return
    for field in user._meta.concrete_fields:
        made_up = field.primary_key or field.name == user.USERNAME_FIELD or callable(field.default)
        value = getattr(user, field.attname)
        if field.unique and not made_up and value is not None:
            yield f"{field.name}: it is unique, and each of them would have {value!r}"
