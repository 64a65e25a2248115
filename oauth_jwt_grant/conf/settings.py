"""The settings: one dict, ``OAUTH_JWT_GRANT``, read through on each access.

Nothing is cached, so a changed setting (or ``override_settings``) acts at once. The class
:class:`Settings` is the one table of them: access, defaults and the system checks follow from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from django.conf import settings

from ..assertion import ALGORITHMS, MAX_SECONDS, Door

T = TypeVar("T")


class Kind(NamedTuple):
    """What a value must be: in words, and as a test."""

    words: str
    accepts: Callable[[Any], bool]


def _whole(least: int, most: float = math.inf) -> Kind:
    return Kind(
        f"a whole number, at least {least}" + (f", at most {most}" if most < math.inf else ""),
        lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most,
    )


def _is_trimmed(value: Any) -> bool:
    # Not isprintable() alone: a space is printable. U+200B and the like come along when a URL is copied.
    return isinstance(value, str) and value != "" and value == value.strip() and value.isprintable()


STRING = Kind("a string that is not empty", lambda value: isinstance(value, str) and value != "")
STRINGS = Kind(
    "a list of strings without white space around them or characters that cannot be seen",
    lambda value: isinstance(value, list | tuple | set | frozenset) and all(map(_is_trimmed, value)),
)
_DOORS = Kind(
    f"a list of {', '.join(Door)}, with at least one of them",
    lambda value: STRINGS.accepts(value) and bool(value) and set(value) <= set(Door),
)
DOTTED_PATH = Kind(STRING.words, STRING.accepts)
_SWITCH = Kind("True or False", lambda value: isinstance(value, bool))
_TIMEOUT = Kind(
    "a number of seconds above 0",
    lambda value: isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf,
)
_TEXT = Kind("a string", lambda value: isinstance(value, str))
_FILES = Kind(
    "a dict of strings",
    lambda value: isinstance(value, dict) and all(map(STRING.accepts, (*value.keys(), *value.values()))),
)
_CLAIMS = Kind(
    "a dict of lists of claims",
    lambda value: (
        isinstance(value, dict)
        and all(map(STRING.accepts, value))
        and all(isinstance(claims, list | tuple) and STRINGS.accepts(claims) for claims in value.values())
    ),
)
# A century. More leads to a date before the year 1.
_MAX_DAYS = 36_500


class Setting(Generic[T]):
    """One key of the dict, its default, and what a value must be."""

    def __init__(self, default: T, kind: Kind) -> None:
        self.default = default
        self.kind = kind

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Settings, owner: type) -> T:
        written: Any = instance.configured
        # A check reports a value that is no dict, and must be able to run until then.
        value: T = written.get(self._name, self.default) if isinstance(written, dict) else self.default
        return value


class Settings:
    """The values of ``OAUTH_JWT_GRANT``, or the defaults. Times are in seconds; see docs/settings.md."""

    #: Identifiers of this server that ``aud`` may name; empty: derived (see :mod:`.audiences`).
    AUDIENCES = Setting[Sequence[str]]([], STRINGS)
    #: The doors: how a JWT may be presented, whatever a rule says.
    ACCEPTED_AS = Setting[Sequence[str]]([Door.AUTHORIZATION_GRANT.value], _DOORS)
    #: The algorithms that any issuer may be allowed.
    ALGORITHMS = Setting[Sequence[str]](list(ALGORITHMS), STRINGS)
    #: Clock skew that is forgiven.
    LEEWAY = Setting(30, _whole(0, MAX_SECONDS))
    #: How far ahead ``exp`` may be, and how long ago ``iat``.
    MAX_LIFETIME = Setting(3600, _whole(1, MAX_SECONDS))
    #: Characters. Longer assertions are not read.
    MAX_ASSERTION_LENGTH = Setting(16384, _whole(1))
    #: Whether tokens can be bound to a key of the client (see the room ``dpop``).
    DPOP = Setting(False, _SWITCH)
    #: Alias of the Django cache that holds which DPoP proofs were used. All processes have to share it.
    DPOP_CACHE = Setting("default", STRING)
    #: Alias of the Django cache that holds fetched key sets.
    CACHE = Setting("default", STRING)
    #: For how long fetched keys are fresh at least.
    KEYS_MIN_AGE = Setting(300, _whole(0, MAX_SECONDS))
    #: For how long fetched keys are fresh at most.
    KEYS_MAX_AGE = Setting(3600, _whole(1, MAX_SECONDS))
    #: Between two fetches of one issuer that unknown key IDs cause.
    KEYS_REFETCH_COOLDOWN = Setting(30, _whole(1, MAX_SECONDS))
    #: For how long the last good keys serve while an issuer cannot be reached.
    KEYS_STALE_IF_ERROR = Setting(86400, _whole(0, MAX_SECONDS))
    #: For one whole fetch.
    FETCH_TIMEOUT = Setting[float](5, _TIMEOUT)
    #: Bytes of a fetched document. A longer one is refused.
    FETCH_MAX_BYTES = Setting(262144, _whole(1))
    #: The URL of the proxy for all fetches; empty: none. It may hold credentials, so it is never shown.
    FETCH_PROXY = Setting("", _TEXT)
    #: By https origin, the file with the token to send there, for keys that are not public.
    FETCH_TOKEN_FILES = Setting[Mapping[str, str]]({}, _FILES)
    #: Keys of one JWK Set that are used.
    MAX_KEYS = Setting(100, _whole(1))
    #: By the ``iss`` of an issuer that serves several customers: the claims, one of which a rule must pin.
    SHARED_ISSUERS = Setting[Mapping[str, Sequence[str]]]({}, _CLAIMS)
    #: The function that finds the user (see :mod:`oauth_jwt_grant.subjects`).
    SUBJECT_RESOLVER = Setting("oauth_jwt_grant.subjects.resolve_subject", DOTTED_PATH)
    #: The function that creates a user for ``subject_policy=provision``.
    USER_PROVISIONER = Setting("oauth_jwt_grant.subjects.provision_user", DOTTED_PATH)
    #: Days after which ``cleardecisions`` removes a decision.
    DECISION_RETENTION_DAYS = Setting(90, _whole(0, _MAX_DAYS))
    #: Refusals of one issuer that are stored in each minute.
    REFUSALS_PER_MINUTE = Setting(60, _whole(0))

    @property
    def configured(self) -> dict[str, Any]:
        """The dict as the site wrote it."""
        return getattr(settings, "OAUTH_JWT_GRANT", {})


#: Every key of ``OAUTH_JWT_GRANT``.
SETTINGS: dict[str, Setting[Any]] = {
    name: setting for name, setting in vars(Settings).items() if isinstance(setting, Setting)
}
#: Every key of ``OAUTH_JWT_GRANT`` and its default.
DEFAULTS: dict[str, Any] = {name: setting.default for name, setting in SETTINGS.items()}

conf = Settings()
