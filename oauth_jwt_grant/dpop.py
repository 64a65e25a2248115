"""DPoP (RFC 9449) on this site: whose proof came with a request, and whether it came before.

What a proof must be is in :mod:`oauth_jwt_grant.assertion.proof`, where a token keeps its key in
:mod:`oauth_jwt_grant.binding`.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Collection

from django.core.cache import caches

from .assertion import PROOF_LIFETIME, Proof, ProofTerms, verify_proof
from .conf import settings

logger = logging.getLogger("oauth_jwt_grant.dpop")

#: How Django calls the header.
HEADER = "HTTP_DPOP"


def check_proof(header: str, method: str, urls: Collection[str], token: str | None = None) -> Proof:
    """The proof in ``header``, if it is one for a request now with ``method`` to one of ``urls``.

    ``token`` is the access token that it has to be made for. Raises
    :class:`~oauth_jwt_grant.assertion.AssertionRefused` (``DPOP_PROOF``).
    """
    terms = ProofTerms(method=method, urls=urls, token=token, now=time.time(), leeway=settings.LEEWAY)
    return verify_proof(header, terms)


def is_first_use(proof: Proof) -> bool:
    """Whether ``proof`` has not been used before; it has been from now on (RFC 9449 section 11.1).

    Remembered in the cache for as long as it is fresh. A cache that is down remembers nothing, so it lets
    nothing pass.
    """
    # The thumbprint keeps one client from using up the jti of another; it holds no NUL.
    digest = hashlib.sha256(f"{proof.thumbprint}\0{proof.jti}".encode()).hexdigest()
    timeout = PROOF_LIFETIME + 2 * settings.LEEWAY + 1
    try:
        return bool(caches[settings.CACHE].add(f"oauth_jwt_grant:proof:{digest}", True, timeout))
    except Exception:  # whatever the cache's client raises
        logger.warning("The cache cannot be asked whether a DPoP proof was used before", exc_info=True)
        return False
