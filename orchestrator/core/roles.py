"""What each role may do. The table in docs/access.md is made from this one; the routes of the pages name what they need."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What somebody is to the system."""

    AGENT = "agent"  # works queues with scripts
    LEAD = "lead"  # sees everything, and runs the desk
    AUTHOR = "author"  # writes playbooks
    AUDITOR = "auditor"  # reads everything, changes nothing
    ADMIN = "admin"  # everything, and who the others are


class Right(StrEnum):
    """One thing that somebody may do. Its value is how people say it."""

    OWN_ACCOUNT = "change their own password, code and devices"
    WORK_CALLS = "take calls of their queues and say how they ended"
    SEE_CUSTOMERS = "see customers (agents: those of their queues)"
    STOP_CUSTOMERS = "stop contact with a customer (agents: those of their queues)"
    CHANGE_CUSTOMERS = "pause, move or make touches by hand"
    ERASE_CUSTOMERS = "erase and export what is known of a customer"
    SEE_BOARD = "see the board: queues, people, what waits for a person"
    RUN_DESK = "take back, reassign, pause; decide on unknown outcomes and replies"
    SEE_PLAYBOOKS = "read playbooks and their words"
    WRITE_PLAYBOOKS = "write playbooks: edit, rehearse, backtest"
    PUBLISH_PLAYBOOKS = "publish, retire and restore playbooks, move those inside, start shadows"
    APPROVE_PLAYBOOKS = "approve what somebody else publishes"
    SEE_AUDIT = "read the audit trail"
    MANAGE_PEOPLE = "invite people, change their roles, end their sessions; make API keys"


_EVERYBODY = frozenset({Right.OWN_ACCOUNT, Right.SEE_PLAYBOOKS})
_AUTHOR = _EVERYBODY | {Right.WRITE_PLAYBOOKS, Right.PUBLISH_PLAYBOOKS, Right.APPROVE_PLAYBOOKS}
_LEAD = _AUTHOR | {
    Right.WORK_CALLS,
    Right.SEE_CUSTOMERS,
    Right.STOP_CUSTOMERS,
    Right.CHANGE_CUSTOMERS,
    Right.ERASE_CUSTOMERS,
    Right.SEE_BOARD,
    Right.RUN_DESK,
    Right.SEE_AUDIT,
}
RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.AGENT: _EVERYBODY | {Right.WORK_CALLS, Right.SEE_CUSTOMERS, Right.STOP_CUSTOMERS},
    Role.LEAD: _LEAD,
    Role.AUTHOR: _AUTHOR,
    Role.AUDITOR: _EVERYBODY | {Right.SEE_CUSTOMERS, Right.SEE_BOARD, Right.SEE_AUDIT},
    Role.ADMIN: _LEAD | {Right.MANAGE_PEOPLE},
}
EVERY_QUEUE = "*"  # among somebody's queues: all of them
