"""A source of keys that turns unexpected errors into refusals, so that one bad row stops nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from ..assertion.errors import AssertionRefused, NotGranted, Reason
from ..assertion.jose import PublicKey
from ..assertion.texts import Text, _, verbatim
from .base import KeySource, KeyStatus
from .notes import logger

#: Characters of what an exception says that a detail has.
_MAX_SHOWN = 300


@contextmanager
def misconfigured(what: Text, *passing: type[Exception]) -> Iterator[None]:
    """Turn every exception but refusals and those of the types ``passing`` into ``ISSUER_MISCONFIGURED``.

    ``what`` names for an operator what cannot be used. The log has the traceback.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, (NotGranted, *passing)):
            raise
        logger.error("%s cannot be used", what, exc_info=True)
        fault = _("{what} cannot be used: {name}: {error}", what=what, name=type(error).__name__, error=error)
        raise AssertionRefused(
            Reason.ISSUER_MISCONFIGURED,
            detail=fault if len(fault) <= _MAX_SHOWN else verbatim(fault[:_MAX_SHOWN]),
        ) from error


class GuardedKeys(KeySource):
    """The source that ``make`` returns. What it raises unexpectedly becomes a refusal, or a status.

    Exceptions of the types ``passing`` are not the source's fault and go through.
    """

    def __init__(self, make: Callable[[], KeySource], *passing: type[Exception]) -> None:
        # One object: what the last fetch has shown is asked of it afterwards.
        self._make = cache(make)
        self._passing = passing

    def candidates(self, header: Mapping[str, Any]) -> Sequence[PublicKey]:
        """The keys of the source. Raises :class:`NotGranted` also where the source breaks."""
        with self._guard():
            return self._make().candidates(header)

    def status(self) -> KeyStatus:
        """The status of the source; one that breaks has its fault as the last error."""
        try:
            with self._guard():
                return self._make().status()
        except NotGranted as refused:
            return KeyStatus(last_error=refused.detail)

    def refresh(self) -> None:
        """Fetch the keys now. Raises :class:`NotGranted`."""
        with self._guard():
            self._make().refresh()

    def _guard(self) -> Any:
        return misconfigured(_("the source of its keys"), *self._passing)
