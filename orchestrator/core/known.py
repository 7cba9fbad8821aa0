"""What conditions and words can know about one enrollment: its event, its customer, the house, and the answers so far. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.core.house import House
from orchestrator.core.model import Customer, Run
from orchestrator.language.facts import Facts, customer_facts, facts
from orchestrator.language.program import Program


def known(run: Run, customer: Customer, program: Program, tries: int, house: House, company: Mapping[str, object]) -> Facts:
    """The values as templates read them; `language.facts.flat` makes of them what conditions read."""
    person = customer_facts(
        ref=customer.ref,
        name=customer.name,
        email=customer.email,
        phone=customer.phone,
        locale=customer.locale,
        time_zone=customer.time_zone,
        zones=customer.zones or house.strictest,
        extra=customer.extra,
    )
    return facts(run.event, person, run.subject, company, (program.playbook, program.title), tries, run.answers)
