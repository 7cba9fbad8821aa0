"""The contact window: the touch's own, inside the outer bound of its channel and the customer's wish, in every zone."""

from __future__ import annotations

from datetime import datetime

from orchestrator.core.house import House
from orchestrator.core.model import Allow, Case, Defer, Deny, Verdict
from orchestrator.core.windows import local_words, opening, why_never

RULE = "contact window"


def judge(case: Case, at: datetime, house: House) -> Verdict:
    """Defer to the next opening; Deny when there is none within 60 days, or no way to know."""
    customer = case.customer
    windows = (case.window, house.never_outside[case.touch.channel or ""])
    span = opening(house, windows, customer.zones, customer.hours, at)
    if span is None:
        return Deny(RULE, why_never(house, windows, customer.zones, customer.hours))
    if span.start <= at:
        return Allow()
    zones = customer.zones or house.strictest
    where = f"{zones[0]}, when all {len(zones)} possible time zones are open" if len(zones) > 1 else zones[0]
    return Defer(span.start, RULE, f"closed until {local_words(span.start, zones[0], at)} in {where}")
