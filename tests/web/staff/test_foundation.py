"""Nobody sees a page of the staff's without signing in."""

from __future__ import annotations

from orchestrator.core.roles import Role
from tests.web.staff.office import Office


def test_calls_wait_for_the_staff(office: Office) -> None:
    assert office.touch(office.call("Dana")).state == "ready"


def test_a_signed_in_member_is_known(office: Office) -> None:
    lead = office.browser(office.member("lee", Role.LEAD))

    assert lead.cookies
