"""The table of :mod:`oauth_jwt_grant.keys.steps`, row by row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oauth_jwt_grant.keys import Failure
from oauth_jwt_grant.keys.steps import Need, Step, need_of, next_step

NOW = 1000.0
#: A failure whose pauses end after NOW, between both pauses, and before NOW.
PAUSED = Failure(source="", count=1, since=900, at=900, error="down", retry_at=NOW + 60, urgent_at=NOW + 1)
URGENT = replace(PAUSED, urgent_at=NOW)
OVER = replace(PAUSED, retry_at=NOW, urgent_at=NOW)

ROWS = [
    *((Need.NOTHING, failure, others, Step.SERVE) for failure in (None, PAUSED, OVER) for others in (0, 1)),
    *((Need.NEWER, failure, others, Step.SERVE) for failure in (PAUSED, URGENT) for others in (0, 1)),
    (Need.NEWER, None, 1, Step.SERVE),
    (Need.NEWER, OVER, 1, Step.SERVE),
    (Need.NEWER, None, 0, Step.FETCH_BRIEFLY),
    (Need.NEWER, OVER, 0, Step.FETCH_BRIEFLY),
    *((Need.KEY_ID, failure, others, Step.SERVE) for failure in (PAUSED, URGENT) for others in (0, 1)),
    (Need.KEY_ID, None, 1, Step.WAIT_BRIEFLY),
    (Need.KEY_ID, OVER, 1, Step.WAIT_BRIEFLY),
    (Need.KEY_ID, OVER, 0, Step.FETCH_BRIEFLY),
    (Need.KEY_ID, None, 0, Step.FETCH),
    *((Need.KEYS, PAUSED, others, Step.FAIL) for others in (0, 1)),
    *((Need.KEYS, failure, 1, Step.WAIT) for failure in (None, URGENT, OVER)),
    *((Need.KEYS, failure, 0, Step.FETCH) for failure in (None, URGENT, OVER)),
]


@pytest.mark.parametrize(("need", "failure", "others", "step"), ROWS)
def test_each_row(need: Need, failure: Failure | None, others: int, step: Step) -> None:
    assert next_step(need, failure, NOW, others_fetch=bool(others)) is step


@pytest.mark.parametrize(
    ("is_fresh", "is_usable", "is_settled", "need"),
    [
        (True, True, True, Need.NOTHING),
        (False, True, True, Need.NEWER),
        (True, True, False, Need.KEY_ID),
        (False, True, False, Need.KEY_ID),
        (False, False, False, Need.KEYS),
    ],
)
def test_what_a_request_needs(is_fresh: bool, is_usable: bool, is_settled: bool, need: Need) -> None:
    assert need_of(is_fresh=is_fresh, is_usable=is_usable, is_settled=is_settled) is need
