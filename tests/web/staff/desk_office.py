"""What the tests of the desk share: a call that somebody has, a script with questions, and the posted form of a call."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from orchestrator.authoring import publish
from orchestrator.desk import claim_this
from orchestrator.holding import WEB_LEASE, Agent
from orchestrator.sheets import sheet_of
from orchestrator.store.staff import Member
from tests.stories import designs
from tests.web.staff.office import LEADS, SALES, Browser, Office

Fields = dict[str, Any]  # of a form, whose names are no Python names
SCRIPT = """\
---
title: Check in
goal: Hear what they think.
questions:
  feeling: {ask: How does it look?, kind: choice, choices: [good, too much money], required: true}
  part: {ask: Which part matters most?, kind: text}
  budget: {ask: How much would do?, kind: number}
  promise: {ask: What did you promise?, kind: commitment}
---
## Opening

> Hello {{ customer.name | default: "there" }}, this is {{ house.name }}.

{% ask feeling %}

{% if answers.feeling == "too much money" %}
> We could do the most important part first.

{% ask part %}
{% endif %}

{% ask budget %}

{% ask promise %}
"""


class DeskOffice(Office):
    """The same office with a script that branches and asks for something."""

    def ask_more(self, *names: str) -> None:
        """Publish the script; these customers get a call with it."""
        words = {"scripts/check-in.md": SCRIPT}
        folder = designs.write(self.folder, designs.playbook(SALES), designs.playbook(LEADS, "concerns"), words=words)
        publish(self.parts, folder, "ops")
        self.customers_are_due(*names)

    def has_call(self, member: Member, name: str, touchpoint: str = "check-in") -> tuple[Browser, str]:
        """Their browser, and the address of the call with this customer, which they have now."""
        call = self.call(name, touchpoint)
        claim_this(self.parts, call, Agent.of(member), lease=WEB_LEASE)
        assert self.touch(call).held_by == member.name
        return self.browser(member), f"/desk/calls/{call}"

    def sheet(self, where: str) -> Any:
        """What is noted about the call at this address."""
        return sheet_of(self.parts, UUID(where.rsplit("/", 1)[1]))


def call_of(where: str) -> UUID:
    """The call whose page this is."""
    return UUID(where.rsplit("/", 1)[1])
