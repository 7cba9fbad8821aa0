"""What it means that nothing was heard of an e-mail: almost always that nobody knows, and only sometimes that it never left.

A provider without a list to ask reports each message that it takes, and repeats a report that nobody takes, with growing pauses, until
a day is over. So silence says no when it was longer than that, when we could hear all the while, and when nothing else that
surely left is missing. Whoever was away while the provider tried has heard nothing, which is not the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from orchestrator.store import attempts, inbox
from orchestrator.store.database import Row, Work

REPORTS_EVERYTHING = {"sendgrid": "sendgrid"}  # channels without a list -> whose hooks tell of each message
# Shares of the silence, 26 hours unless the settings say otherwise.
LISTENED = (1 / 8, 3 / 4)  # 3:15 to 19:30: the pauses have grown to hours, and some of the provider's day is left
BESIDE = 1 / 2  # 13 hours before and after: what left then must have been reported


def means_absent(work: Work, attempt: Row[Any], silence: timedelta, now: datetime) -> bool:
    """Whether this attempt, of which we heard nothing, provably never arrived at its provider.

    silence: how long nothing may be heard until that can mean anything; longer than the provider tries.
    """
    told_by = REPORTS_EVERYTHING.get(attempt.via)
    if told_by is None or attempt.began_at + silence >= now:
        return False
    first, last = (attempt.began_at + silence * share for share in LISTENED)
    before, after = attempt.began_at - silence * BESIDE, attempt.began_at + silence * BESIDE
    return (
        inbox.heard_of(work, told_by, first, last)
        and not inbox.not_dealt_with(work, attempt.id)
        and not attempts.unreported(work, attempt.via, before, after)
    )
