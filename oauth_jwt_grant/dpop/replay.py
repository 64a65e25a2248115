"""DPoP (RFC 9449) on this site: whose proof came with a request, and whether it came before.

What a proof must be is in :mod:`oauth_jwt_grant.dpop.proof`, where a token keeps its key in
:mod:`oauth_jwt_grant.dpop.binding`.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Collection
from contextvars import ContextVar
from typing import ClassVar

from django.core.cache import caches

from ..conf import conf
from .proof import PROOF_LIFETIME, Proof, ProofTerms, verify_proof

logger = logging.getLogger("oauth_jwt_grant.dpop")

#: How Django calls the header.
HEADER = "HTTP_DPOP"


def check_proof(header: str, method: str, urls: Collection[str], token: str | None = None) -> Proof:
    """The proof in ``header``, if it is one for a request now with ``method`` to one of ``urls``.

    ``token`` is the access token that it has to be made for. Raises
    :class:`~oauth_jwt_grant.assertion.AssertionRefused` (``DPOP_PROOF``).
    """
    terms = ProofTerms(method=method, urls=urls, token=token, now=time.time(), leeway=conf.LEEWAY)
    return verify_proof(header, terms)


class ProofUndecided(Exception):
    """It is unknown whether a proof was used before: the cache does not work."""

    #: The OAuth error for the client.
    ANSWER: ClassVar = {
        "error": "temporarily_unavailable",
        "error_description": "The server could not find out whether the DPoP proof has been used before. "
        "Try again.",
    }
    #: Seconds after which the client may try again.
    RETRY_AFTER = 1


#: Whether the request was refused because a proof was undecided: the middleware answers 503 then.
undecided: ContextVar[bool] = ContextVar("undecided", default=False)


def is_first_use(proof: Proof) -> bool:
    """Whether ``proof`` has not been used before; it has been from now on (RFC 9449 section 11.1).

    Remembered in the cache for as long as it is fresh. Raises :class:`ProofUndecided` if the cache is
    down or keeps nothing, also where its client reports success: such a cache lets nothing pass.
    """
    # The thumbprint keeps one client from using up the jti of another; it holds no NUL.
    digest = hashlib.sha256(f"{proof.thumbprint}\0{proof.jti}".encode()).hexdigest()
    key = f"oauth_jwt_grant:proof:{digest}"
    # If a cache reports to two requests that each was first, one of them finds the mark of the other.
    mark = secrets.token_hex(8)
    try:
        cache = caches[conf.DPOP_CACHE]
        added = bool(cache.add(key, mark, PROOF_LIFETIME + 2 * conf.LEEWAY + 1))
        found = cache.get(key)
    except Exception as error:  # whatever the cache's client raises
        logger.warning("The cache cannot be asked whether a DPoP proof was used before", exc_info=True)
        raise ProofUndecided from error
    if found is None:
        logger.warning("The cache does not keep which DPoP proofs were used: no proof is accepted")
        raise ProofUndecided
    return added and found == mark
