"""Its time is over: since planning the enrollment ended or gave up, or the touch itself came too late to be of use."""

from __future__ import annotations

from datetime import datetime

from orchestrator.core.house import House
from orchestrator.core.model import Allow, Case, Deny, EndReason, Verdict


def judge(case: Case, at: datetime, house: House) -> Verdict:
    """Deny once the enrollment has ended, or from the moment at which it gives up: then it ends with it."""
    run = case.run
    if run.ended is not None:
        return Deny("ended", f"the follow-up has ended: {run.ended.replace('_', ' ')}")
    if at >= run.gives_up_at:
        return Deny("gave up", "the follow-up has gone on for as long as it may", ends=EndReason.EXPIRED)
    if case.touch.expires_at is not None and at > case.touch.expires_at:
        return Deny("too late", "it is of no use any more")
    return Allow()
