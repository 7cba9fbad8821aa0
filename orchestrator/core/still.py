"""Whether a contact that is under way may still take effect: asked again at the last moment at which it can be stopped. Pure."""

from __future__ import annotations

from datetime import datetime

from orchestrator.core.model import Allow, Case, PauseScope, Run, Touch
from orchestrator.core.planner import Facts
from orchestrator.core.policies import POLICIES, agree, caps
from orchestrator.language.program import TouchNode

_STILL = tuple(policy for policy in POLICIES if policy is not caps.judge)  # the caps count this very contact already


def may_still(touch: Touch, run: Run, facts: Facts, paused: tuple[tuple[PauseScope, str], ...], now: datetime) -> str | None:
    """What speaks against it by now, in words; None when nothing does. Doubt speaks against it."""
    if run.ended is not None:
        return f"the enrollment has ended ({run.ended})"
    node = facts.program.nodes[touch.step]
    if not isinstance(node, TouchNode):
        return "it is no contact"
    case = Case(touch, run, facts.customer, facts.program, node.purpose, node.window, (), paused)
    try:
        verdict = agree(case, now, facts.house, _STILL)
    except (ArithmeticError, LookupError, TypeError, ValueError) as wrong:  # a policy that cannot answer has said no
        return f"a policy could not answer: {type(wrong).__name__}"
    return None if isinstance(verdict, Allow) else verdict.why
