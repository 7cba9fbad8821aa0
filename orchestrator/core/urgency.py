"""Which call comes first: one moment for each, earliest first. Pure.

The moment is when the call has to be made, moved by its priority. It does not change while the call waits, and time goes on: whatever
waits comes to the front sooner or later, so nothing starves, and an index finds the first without looking at the others.
"""

from __future__ import annotations

from datetime import datetime, timedelta

ORDINARY = 5  # priority; 1 is most urgent, 9 least
EACH_PRIORITY = timedelta(hours=6)  # what one step of priority is worth
NO_HURRY = timedelta(days=2)  # after it fell due, where nothing says until when


def rank_at(priority: int, due_at: datetime, due_by: datetime | None) -> datetime:
    """A call's place in its queue."""
    return (due_by or due_at + NO_HURRY) + (priority - ORDINARY) * EACH_PRIORITY
