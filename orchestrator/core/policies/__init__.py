"""What is asked when a touch is about to happen. A new policy is one file here and one line in POLICIES.

Each policy answers for one moment: Allow, Defer to a later moment, or Deny. When one defers, all are asked again about
the later moment, so their order does not matter, but for two things: a pause and a reply that waits for a person are asked
first, because while they hold nothing is to be decided, and what denies for good comes before what defers, so that it is not found out later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from orchestrator.core.house import House
from orchestrator.core.model import Allow, Case, Contact, Defer, Deny, Verdict
from orchestrator.core.policies import caps, consent, held, pause, standing, window

Policy = Callable[[Case, datetime, House], Verdict]

POLICIES: tuple[Policy, ...] = (
    pause.judge,  # somebody holds it
    held.judge,  # the customer answered
    standing.judge,  # the enrollment is over
    consent.judge,  # opted out, not agreed, nowhere to reach
    window.judge,  # not at this hour
    caps.judge,  # too often
)
WAIT_POLICIES: tuple[Policy, ...] = (pause.judge, held.judge, standing.judge)  # a wait contacts nobody
HOLDS = frozenset({pause.RULE, held.RULE})  # these put off and never drop
ROUNDS = 50


def judge(case: Case, at: datetime, house: House, extra: tuple[Contact, ...] = ()) -> Verdict:
    """Whether this touch may take effect at `at`: Allow, Defer to the first moment at which all policies agree, or Deny.

    extra: contacts with this customer that the same batch has just decided on; caps count them too.
    Denied as well: what could only happen after the touch expires or the enrollment gives up ("too late"), and
    whatever makes a policy fail ("doubt").
    """
    if extra:
        case = replace(case, contacts=case.contacts + extra)
    try:
        return agree(case, at, house, POLICIES if case.touch.channel else WAIT_POLICIES)
    except (ArithmeticError, LookupError, TypeError, ValueError) as wrong:  # a policy that cannot answer has said no
        return Deny("doubt", f"a policy could not answer: {type(wrong).__name__}: {wrong}")


def agree(case: Case, at: datetime, house: House, policies: Sequence[Policy]) -> Verdict:
    """The verdict of these policies together: asked again about each later moment, until none of them objects."""
    moment = at
    movers: dict[str, str] = {}  # rule -> why, of what put it off; the latest last
    for _ in range(ROUNDS):
        objection = _first_objection(case, moment, house, policies)
        if objection is None:
            return Defer(moment, " and ".join(movers), "; ".join(movers.values())) if movers else Allow()
        if isinstance(objection, Deny) or objection.rule in HOLDS:
            return objection  # how late it gets meanwhile is seen when it holds no more
        if objection.until <= moment:
            return Deny("doubt", f"the rule '{objection.rule}' put it off to a moment that has passed")
        moment = objection.until
        movers.pop(objection.rule, None)
        movers[objection.rule] = objection.why
        too_late = _too_late(case, moment)
        if too_late:
            return Deny("too late", f"{'; '.join(movers.values())}; {too_late}")
    return Deny("doubt", f"the policies found no moment that suits them all in {ROUNDS} rounds ({'; '.join(movers.values())})")


def _first_objection(case: Case, moment: datetime, house: House, policies: Sequence[Policy]) -> Defer | Deny | None:
    for policy in policies:
        verdict = policy(case, moment, house)
        if not isinstance(verdict, Allow):
            return verdict
    return None


def _too_late(case: Case, moment: datetime) -> str:
    """Why a touch put off to this moment would be of no use any more; empty when it would."""
    if case.touch.expires_at is not None and moment > case.touch.expires_at:
        return "by then it is of no use any more"
    if moment >= case.run.gives_up_at:
        # The enrollment itself goes on until then: only this touch is out, a later one may have wider hours.
        return "by then the follow-up has given up"
    return ""
