"""Every check: a function in a file, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from orchestrator.language.design import Design
from orchestrator.lint.answers import asked_later
from orchestrator.lint.beside import held_back_beside
from orchestrator.lint.caps import can_bite
from orchestrator.lint.delays import always_shut
from orchestrator.lint.events import never_caused, of_another_subject, stale_start, unused_events
from orchestrator.lint.finding import Finding
from orchestrator.lint.hours import lost_in_the_evening, never_at, never_opens
from orchestrator.lint.law import beyond_the_law
from orchestrator.lint.outcomes import concern_for_nobody, dead_outcomes, goes_on_after_the_end
from orchestrator.lint.owners import answers_to_nobody, purpose_not_said, without_owner
from orchestrator.lint.permission import marketing, spoken_opt_out, unnamed_caller
from orchestrator.lint.reachable import always_so, unreachable
from orchestrator.lint.scripts import uncovered
from orchestrator.lint.stops import heard_only_while_waiting, without_end
from orchestrator.lint.subject import Subject
from orchestrator.lint.timing import given_up, never_in_time
from orchestrator.lint.together import for_ever, same_day
from orchestrator.lint.waits import not_a_wait

PerPlaybook = Callable[[Subject], Iterable[Finding]]
Together = Callable[[Design, Mapping[str, Subject]], Iterable[Finding]]

PER_PLAYBOOK: tuple[PerPlaybook, ...] = (
    unreachable,
    always_so,
    dead_outcomes,
    concern_for_nobody,
    goes_on_after_the_end,
    not_a_wait,
    without_end,
    heard_only_while_waiting,
    stale_start,
    of_another_subject,
    asked_later,
    uncovered,
    without_owner,
    purpose_not_said,
    answers_to_nobody,
    unnamed_caller,
    spoken_opt_out,
    marketing,
    never_opens,
    beyond_the_law,
    never_at,
    always_shut,
    lost_in_the_evening,
    given_up,
    never_in_time,
    can_bite,
)
AT_ONCE: tuple[Together, ...] = (never_caused, unused_events)  # of all playbooks, and told without walking any
TOGETHER: tuple[Together, ...] = (
    *AT_ONCE,
    same_day,
    held_back_beside,
    for_ever,
)
