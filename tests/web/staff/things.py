"""Objects for the matrix of roles, routes and objects: for each kind, one that an agent of sales may see and one that they may not.

A new kind of object (objects.OBJECTS) needs one line in THINGS. A path parameter that is no object needs one in VALUES, and a route that
has parameters and is about no object one in NO_OBJECT, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from orchestrator.access.visitors import sign_in
from orchestrator.core.roles import Role
from orchestrator.keys import issue
from orchestrator.store import schema
from orchestrator.store.staff import Member
from tests.stories import designs
from tests.web.staff.office import LEADS, SALES, Office

Make = Callable[[Office, Member], tuple[str, str]]  # the ids of one of theirs, and of a foreign one
EVERYBODY = frozenset(Role)
ALL_BUT_AGENTS = EVERYBODY - {Role.AGENT}
NOBODY: frozenset[Role] = frozenset()


@dataclass(frozen=True)
class Thing:
    """How to get two objects of a kind, and who may see the foreign one as well."""

    make: Make
    seen_by: frozenset[Role]


def _customers(office: Office, member: Member) -> tuple[str, str]:
    """Dana has a call in sales; Noor has calls, but in leads only."""
    return str(office.customer("Dana")), str(office.somebody_in_leads_only())


def _calls(office: Office, member: Member) -> tuple[str, str]:
    return str(office.call("Dana")), str(office.call("Dana", "concern"))


def _members(office: Office, member: Member) -> tuple[str, str]:
    return str(office.member(office.a_name()).id), str(office.member(office.a_name(), Role.LEAD).id)


def _sessions(office: Office, member: Member) -> tuple[str, str]:
    """One on another device of theirs, one of somebody else."""
    other = office.member(office.a_name(), Role.LEAD)
    with office.parts.database.work() as work:
        for whose in (member, other):
            sign_in(office.parts, work, whose, "password", "elsewhere", office.clock.now)
    table = schema.session
    found = [
        office.rows(select(table.c.id).where(table.c.staff_id == whose.id, table.c.device == "elsewhere"))[-1].id
        for whose in (member, other)
    ]
    return str(found[0]), str(found[1])


def _keys(office: Office, member: Member) -> tuple[str, str]:
    names = [office.a_name(), office.a_name()]
    for name in names:
        issue(office.parts, name, ["events:write"])
    table = schema.api_key
    ids = [office.rows(select(table.c.id).where(table.c.name == name))[0].id for name in names]
    return str(ids[0]), str(ids[1])


def _queues(office: Office, member: Member) -> tuple[str, str]:
    return "sales", "leads"


def _undecided(office: Office, member: Member) -> tuple[str, str]:
    """Touches: what waits for a decision belongs to no queue."""
    return str(office.call("Dana")), str(office.call("Dana", "concern"))


def _replies(office: Office, member: Member) -> tuple[str, str]:
    ids = [office.parts.new_id(), office.parts.new_id()]
    with office.parts.database.work() as work:
        for id_, customer in zip(ids, work.connection.execute(select(schema.customer.c.id).limit(2)).scalars(), strict=True):
            row = {
                "id": id_,
                "customer_id": customer,
                "channel": "text",
                "kind": "reply",
                "said": "Thanks",
                "came_at": office.clock.now,
            }
            work.connection.execute(schema.reply.insert().values(**row))
    return str(ids[0]), str(ids[1])


def _events(office: Office, member: Member) -> tuple[str, str]:
    first, second = office.rows(select(schema.event.c.id).limit(2))
    return str(first.id), str(second.id)


def _deliveries(office: Office, member: Member) -> tuple[str, str]:
    row = {
        "provider": "twilio",
        "kind": "text_status",
        "body": {},
        "received_at": office.clock.now,
        "state": "set_aside",
        "tries": 5,
    }
    for _ in range(2):
        with office.parts.database.work() as work:
            work.connection.execute(schema.inbox.insert().values(**row, key=office.a_name(), error="nothing of ours"))
    first, second = office.rows(select(schema.inbox.c.id).order_by(schema.inbox.c.id.desc()).limit(2))
    return str(first.id), str(second.id)


def _playbooks(office: Office, member: Member) -> tuple[str, str]:
    return "follow-up", "concerns"


def _drafts(office: Office, member: Member) -> tuple[str, str]:
    """Files of the folder: both are written anew, because pages that change them are tried."""
    folder = office.settings.playbooks
    for name, steps in (("follow-up", SALES), ("concerns", LEADS)):
        (folder / f"{name}.yaml").write_text(designs.playbook(steps, name))
    return "follow-up", "concerns"


THINGS: Mapping[str, Thing] = {
    "customer": Thing(_customers, ALL_BUT_AGENTS),
    "call": Thing(_calls, ALL_BUT_AGENTS),
    "member": Thing(_members, EVERYBODY),  # who may see people at all sees everybody
    "session": Thing(_sessions, NOBODY),
    "playbook": Thing(_playbooks, EVERYBODY),  # everybody may read them
    "draft": Thing(_drafts, frozenset({Role.AUTHOR, Role.LEAD, Role.ADMIN})),  # whoever may write one may write all
    "queue": Thing(_queues, ALL_BUT_AGENTS),
    "undecided": Thing(_undecided, ALL_BUT_AGENTS),
    "reply": Thing(_replies, ALL_BUT_AGENTS),
    "event": Thing(_events, ALL_BUT_AGENTS),
    "delivery": Thing(_deliveries, ALL_BUT_AGENTS),
    "key": Thing(_keys, EVERYBODY),
}
VALUES: Mapping[str, str] = {}  # path parameters that are no objects: something that exists
NO_OBJECT: Mapping[str, str] = {}  # paths with parameters and without an object: why nothing of anybody's is behind them
NEEDS_A_QUERY: Mapping[str, str] = {  # paths that lead nowhere without a query, so 404 is no refusal: what is missing
    "/playbooks/{playbook}/step": "which step; checked by the tests of the playbook pages",
    "/playbooks/{playbook}/letter": "which e-mail; likewise",
    "/playbooks/{draft}/letter-draft": "which e-mail; checked by the tests of the studio",
    "/playbooks/{draft}/steps/one": "which step; likewise",
}
