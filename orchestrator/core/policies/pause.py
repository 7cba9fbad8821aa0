"""Somebody has paused everything, a channel, a playbook, a queue or a customer: what is due is held, and never dropped."""

from __future__ import annotations

from datetime import datetime, timedelta

from orchestrator.core.house import House
from orchestrator.core.model import AUTOMATIC_CALLS, Allow, Case, Defer, Verdict

RULE = "pause"
ASK_AGAIN = timedelta(minutes=15)  # how long a touch may go on waiting after the pause is lifted


def judge(case: Case, at: datetime, house: House) -> Verdict:
    """Defer while a pause covers this touch. A pause of calls holds automatic calls too."""
    for scope, name in case.paused:
        if _covers(case, scope, name):
            return Defer(at + ASK_AGAIN, RULE, _said(scope, name))
    return Allow()


def _said(scope: str, name: str) -> str:
    match scope:
        case "all":
            return "everything is paused"
        case "customer":
            return "everything for this customer is paused"  # its name is an id of ours
    return f"the {scope} {name} is paused"


def _covers(case: Case, scope: str, name: str) -> bool:
    touch = case.touch
    if scope == "channel":
        return name == touch.channel or (name == "call" and touch.channel in AUTOMATIC_CALLS)
    if scope == "playbook":
        return name == case.run.playbook
    if scope == "queue":
        return name == touch.queue
    if scope == "customer":
        return name == str(touch.customer)
    return True  # "all", and a scope that nobody knows: in doubt it holds
