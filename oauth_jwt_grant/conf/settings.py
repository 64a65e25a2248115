"""The settings: one dict, ``OAUTH_JWT_GRANT``, read through on each access.

Nothing is cached, so a changed setting (or ``override_settings``) acts at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from ..assertion import ALGORITHMS

#: Every key of ``OAUTH_JWT_GRANT`` and its default.
DEFAULTS: dict[str, Any] = {
    "AUDIENCES": [],
    "ALGORITHMS": list(ALGORITHMS),
    "LEEWAY": 30,
    "MAX_LIFETIME": 3600,
    "MAX_ASSERTION_LENGTH": 16384,
    "DPOP": False,
    "DPOP_CACHE": "default",
    "CACHE": "default",
    "KEYS_MIN_AGE": 300,
    "KEYS_MAX_AGE": 3600,
    "KEYS_REFETCH_COOLDOWN": 30,
    "KEYS_STALE_IF_ERROR": 86400,
    "FETCH_TIMEOUT": 5,
    "FETCH_MAX_BYTES": 262144,
    "MAX_KEYS": 100,
    "SUBJECT_RESOLVER": "oauth_jwt_grant.subjects.resolve_subject",
    "USER_PROVISIONER": "oauth_jwt_grant.subjects.provision_user",
    "DECISION_RETENTION_DAYS": 90,
    "REFUSALS_PER_MINUTE": 60,
}


class Settings:
    """Django's settings, seen through our one dict with a property for each key."""

    @property
    def configured(self) -> dict[str, Any]:
        """The dict as the site wrote it."""
        return getattr(settings, "OAUTH_JWT_GRANT", {})

    def _get(self, name: str) -> Any:
        written: Any = self.configured
        # What is no dict at all is told by a check, which must get as far as that.
        return written.get(name, DEFAULTS[name]) if isinstance(written, dict) else DEFAULTS[name]

    @property
    def AUDIENCES(self) -> Sequence[str]:
        """Identifiers of this server that ``aud`` may name; empty: derived (see ``audiences.py``)."""
        return self._get("AUDIENCES")  # type: ignore[no-any-return]

    @property
    def ALGORITHMS(self) -> Sequence[str]:
        """The algorithms that any issuer may be allowed."""
        return self._get("ALGORITHMS")  # type: ignore[no-any-return]

    @property
    def LEEWAY(self) -> int:
        """Seconds of clock skew that are forgiven."""
        return self._get("LEEWAY")  # type: ignore[no-any-return]

    @property
    def MAX_LIFETIME(self) -> int:
        """Seconds: how far ahead ``exp`` may be, and how long ago ``iat``."""
        return self._get("MAX_LIFETIME")  # type: ignore[no-any-return]

    @property
    def MAX_ASSERTION_LENGTH(self) -> int:
        """Characters of an assertion that are read at all."""
        return self._get("MAX_ASSERTION_LENGTH")  # type: ignore[no-any-return]

    @property
    def DPOP(self) -> bool:
        """Whether tokens can be bound to a key of the client (see ``dpop/``)."""
        return self._get("DPOP")  # type: ignore[no-any-return]

    @property
    def CACHE(self) -> str:
        """Alias of the Django cache that holds fetched key sets."""
        return self._get("CACHE")  # type: ignore[no-any-return]

    @property
    def DPOP_CACHE(self) -> str:
        """Alias of the Django cache that remembers which DPoP proofs were used."""
        return self._get("DPOP_CACHE")  # type: ignore[no-any-return]

    @property
    def KEYS_MIN_AGE(self) -> int:
        """Seconds for which fetched keys are fresh at least."""
        return self._get("KEYS_MIN_AGE")  # type: ignore[no-any-return]

    @property
    def KEYS_MAX_AGE(self) -> int:
        """Seconds for which fetched keys are fresh at most."""
        return self._get("KEYS_MAX_AGE")  # type: ignore[no-any-return]

    @property
    def KEYS_REFETCH_COOLDOWN(self) -> int:
        """Seconds between two fetches of one issuer that unknown key ids cause."""
        return self._get("KEYS_REFETCH_COOLDOWN")  # type: ignore[no-any-return]

    @property
    def KEYS_STALE_IF_ERROR(self) -> int:
        """Seconds for which the last good keys serve while an issuer cannot be reached."""
        return self._get("KEYS_STALE_IF_ERROR")  # type: ignore[no-any-return]

    @property
    def FETCH_TIMEOUT(self) -> float:
        """Seconds for one whole fetch."""
        return self._get("FETCH_TIMEOUT")  # type: ignore[no-any-return]

    @property
    def FETCH_MAX_BYTES(self) -> int:
        """Bytes of a fetched document that are read."""
        return self._get("FETCH_MAX_BYTES")  # type: ignore[no-any-return]

    @property
    def MAX_KEYS(self) -> int:
        """Keys of one JWK Set that are used."""
        return self._get("MAX_KEYS")  # type: ignore[no-any-return]

    @property
    def SUBJECT_RESOLVER(self) -> str:
        """Dotted path of the function that finds the user (see ``subjects.py``)."""
        return self._get("SUBJECT_RESOLVER")  # type: ignore[no-any-return]

    @property
    def USER_PROVISIONER(self) -> str:
        """Dotted path of the function that makes a user for ``subject_policy=provision``."""
        return self._get("USER_PROVISIONER")  # type: ignore[no-any-return]

    @property
    def DECISION_RETENTION_DAYS(self) -> int:
        """Days after which ``cleardecisions`` removes a decision."""
        return self._get("DECISION_RETENTION_DAYS")  # type: ignore[no-any-return]

    @property
    def REFUSALS_PER_MINUTE(self) -> int:
        """Refusals of one issuer that are kept for each minute."""
        return self._get("REFUSALS_PER_MINUTE")  # type: ignore[no-any-return]


conf = Settings()
