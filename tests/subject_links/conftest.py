"""The issuer and the users of the admin's tests."""

from __future__ import annotations

from tests.admin.conftest import alice, bob, issuer

__all__ = ["alice", "bob", "issuer"]
