"""The customer answered, and a person reads it first: what is due is held until then, and never dropped."""

from __future__ import annotations

from datetime import datetime, timedelta

from orchestrator.core.house import House
from orchestrator.core.model import Allow, Case, Defer, Verdict

RULE = "reply"
ASK_AGAIN = timedelta(minutes=15)  # how long a touch may go on waiting after somebody has read the answer


def judge(case: Case, at: datetime, house: House) -> Verdict:
    """Defer while an answer of the customer waits for a person. Waits are held too: what follows them may not fit any more."""
    return Allow() if case.run.held is None else Defer(at + ASK_AGAIN, RULE, case.run.held or "an answer waits to be read")
