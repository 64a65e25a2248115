"""For Django REST framework: permission classes that demand a claim. The only file that imports it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.permissions import AND, OR, BasePermission, BasePermissionMetaclass, OperandHolder

from ..rules import Condition
from .claims import claims_of, condition_of, meets, refusal


class _All(AND):  # type: ignore[misc]
    """Both permissions. REST framework's own forgets the message of the one that refused."""

    message: Any = None

    def has_permission(self, request: Any, view: Any) -> bool:
        return self._all(op.has_permission(request, view) for op in (self.op1, self.op2))

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return self._all(op.has_object_permission(request, view, obj) for op in (self.op1, self.op2))

    def _all(self, answers: Iterable[bool]) -> bool:
        for op, answer in zip((self.op1, self.op2), answers, strict=False):
            if not answer:
                self.message = getattr(op, "message", None)
                return False
        return True


class _Any(OR):  # type: ignore[misc]
    """One of both permissions, with the messages of those that have one."""

    @property
    def message(self) -> Any:
        """The texts of both. One that is no text, as DOT's for scopes can be, stands alone."""
        messages = [message for op in (self.op1, self.op2) if (message := getattr(op, "message", None))]
        if all(isinstance(message, str) for message in messages):
            return " ".join(messages) or None
        return messages[0]


class _Combinable:
    """What ``&`` and ``|`` make of a demand and of its combinations, on either side of the operator."""

    def __and__(self, other: Any) -> _Combined:
        return _Combined(_All, self, other)

    def __rand__(self, other: Any) -> _Combined:
        return _Combined(_All, other, self)

    def __or__(self, other: Any) -> _Combined:
        return _Combined(_Any, self, other)

    def __ror__(self, other: Any) -> _Combined:
        return _Combined(_Any, other, self)


class _Combined(_Combinable, OperandHolder):  # type: ignore[misc]
    """A combination that names the claim when it refuses."""


class _Demand(_Combinable, BasePermissionMetaclass):  # type: ignore[misc]
    """The type of our permission classes.

    It extends the type of all permission classes. So Python asks it first for the result of
    ``IsAuthenticated & HasClaim(...)``, where REST framework's own would lose the message.
    """


class _HasClaim(BasePermission, metaclass=_Demand):  # type: ignore[misc]
    """Lets in an access token with a recorded claim that meets the condition."""

    condition: Condition

    @property
    def message(self) -> str:
        """The text for a client."""
        return refusal(self.condition)

    def has_permission(self, request: Any, view: Any) -> bool:
        return meets(claims_of(request), self.condition)

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return self.has_permission(request, view)


def HasClaim(claim: str, *values: Any, operator: str | None = None) -> Any:  # noqa: N802
    """Return a permission class: the access token must have this value of ``claim``, or one of these values.

    Without a value the claim must be there. ``operator`` is one of a condition of a grant rule.
    """
    return _Demand("HasClaim", (_HasClaim,), {"condition": condition_of(claim, values, operator)})
