"""The database itself refuses what must never be: each CHECK and each unique key once, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, UniqueConstraint

from orchestrator.errors import DatabaseError
from orchestrator.ids import new_id
from orchestrator.store import schema
from orchestrator.store.database import Database, Work
from tests.store.rows import AT, CALL, LATER, SENT, Stage, customer, event, put, version

Break = Callable[[Work, Stage], Any]


def _touch(**more: Any) -> Break:
    return lambda work, stage: put(work, schema.touch, **stage.touch(**more))


def _two_touches(first: dict[str, Any], second: dict[str, Any]) -> Break:
    def act(work: Work, stage: Stage) -> None:
        put(work, schema.touch, **stage.touch(**first))
        other = put(work, schema.event, **event())["id"]
        run = stage.run
        if "held_by" in second:  # of another enrollment
            run = put(work, schema.enrollment, **stage.enrollment(subject="quote/2", event_id=other))["id"]
        put(work, schema.touch, **stage.touch(enrollment_id=run, **second))

    return act


def _attempt(*attempts: dict[str, Any]) -> Break:
    def act(work: Work, stage: Stage) -> None:
        touch = put(work, schema.touch, **stage.touch())["id"]
        for more in attempts:
            put(work, schema.attempt, **stage.attempt(touch, **more))

    return act


def _row(table: Any, values: Callable[..., dict[str, Any]], *rows: dict[str, Any]) -> Break:
    def act(work: Work, stage: Stage) -> None:
        for more in rows:
            put(work, table, **values(**more))

    return act


def _enrollment(**more: Any) -> Break:
    def act(work: Work, stage: Stage) -> None:
        other = put(work, schema.event, **event())["id"]
        put(work, schema.enrollment, **stage.enrollment(**{"event_id": other, "subject": "quote/2", **more}))

    return act


def _same_event_twice(work: Work, stage: Stage) -> None:
    put(work, schema.enrollment, **stage.enrollment(subject="quote/2"))


PROPOSED = {"current": False, "beside": "proposed", "beside_since": AT}


def _withheld(**more: Any) -> dict[str, Any]:
    return {"playbook": "p", "what": "retired", "at": AT, "by": "ari", **more}


def _suppression(*rows: dict[str, Any]) -> Break:
    def act(work: Work, stage: Stage) -> None:
        for more in rows:
            put(work, schema.suppression, customer_id=stage.customer, since=AT, why="asked", **more)

    return act


def _pause(*rows: dict[str, Any]) -> Break:
    return _row(schema.pause, lambda **more: {"since": AT, "by": "ari", "name": "", **more}, *rows)


def _reply(**more: Any) -> Break:
    def act(work: Work, stage: Stage) -> None:
        row = {"id": new_id(), "customer_id": stage.customer, "channel": "text", "kind": "reply", "said": "Thanks", "came_at": AT}
        put(work, schema.reply, **{**row, **more})

    return act


def _dead(*kinds: str) -> Break:
    def act(work: Work, stage: Stage) -> None:
        for kind in kinds:
            put(work, schema.dead_contact, customer_id=stage.customer, kind=kind, value="+13125550109", since=AT, why="nobody's")

    return act


def _survey(*ratings: int) -> Break:
    def act(work: Work, stage: Stage) -> None:
        touch = put(work, schema.touch, **stage.touch())["id"]
        attempt = put(work, schema.attempt, **stage.attempt(touch))["id"]
        for rating in ratings:
            put(work, schema.survey_answer, attempt_id=attempt, rating=rating, scale_most=5, answered_at=AT)

    return act


def _staff(**more: Any) -> dict[str, Any]:
    id_ = new_id()
    row = {
        "id": id_,
        "name": id_.hex,
        "title": "Ari",
        "role": "agent",
        "queues": [],
        "skills": [],
        "languages": [],
        "created_at": AT,
    }
    return {**row, **more}


def _signed(table: Any, *rows: dict[str, Any]) -> Break:
    """Sessions or invitations of somebody."""

    def act(work: Work, stage: Stage) -> None:
        whose = put(work, schema.staff, **_staff())["id"]
        for more in rows:
            id_ = new_id()
            row = {"id": id_, "hash": id_.hex, "staff_id": whose, "created_at": AT, "expires_at": LATER}
            own = {"made_by": "ada"} if table is schema.invitation else {"via": "password", "device": "a browser", "seen_at": AT}
            put(work, table, **{**row, **own, **more})

    return act


def _sheet(**more: Any) -> Break:
    def act(work: Work, stage: Stage) -> None:
        touch = put(work, schema.touch, **stage.touch(**CALL, **IN_CALL))["id"]
        attempt = put(work, schema.attempt, **stage.attempt(touch, via="desk"))["id"]
        row = {"attempt_id": attempt, "touch_id": touch, "who": "ari", "phase": "reading", "note": "", "answers": {}, "promised_for": {},
               "began_at": AT, "undone": 0}  # fmt: skip
        put(work, schema.call_sheet, **{**row, **more})

    return act


def _promise(*rows: dict[str, Any]) -> Break:
    def act(work: Work, stage: Stage) -> None:
        touch = put(work, schema.touch, **stage.touch(**CALL, **IN_CALL))["id"]
        attempt = put(work, schema.attempt, **stage.attempt(touch, via="desk"))["id"]
        for more in rows:
            row = {"id": new_id(), "customer_id": stage.customer, "attempt_id": attempt, "question": "drawing", "what": "The drawing",
                   "due_at": LATER, "owner": "ari", "made_at": AT}  # fmt: skip
            put(work, schema.promise, **{**row, **more})

    return act


def _forgotten(**more: Any) -> dict[str, Any]:
    return {"kind": "phone", "digest": "d", "channel": "all", "since": AT, **more}


def _inbox(**more: Any) -> dict[str, Any]:
    row = {"provider": "twilio", "kind": "text_status", "key": "k1", "body": {}, "received_at": AT}
    return {**row, "state": "waiting", "tries": 0, "again_at": AT, **more}


IN_CALL = {"state": "in_call", "held_by": "ari", "lease_until": LATER, "effect_at": AT}
DONE = {"outcome": "rejected_safe", "ended_at": AT}
BROKEN: dict[str, Break] = {
    "ck_touch_state": _touch(state="claimed", finished_at=AT),
    "ck_touch_wait_has_no_channel": _touch(touchpoint=None),
    "ck_touch_channel": _touch(channel="fax"),
    "ck_touch_wait_states": _touch(touchpoint=None, channel=None, state="skipped", finished_at=AT),
    "ck_touch_calls_have_a_queue": _touch(channel="call"),
    "ck_touch_call_states": _touch(state="ready"),
    "ck_touch_sending_is_no_call": _touch(**CALL, state="sending", lease_until=LATER, effect_at=AT),
    "ck_touch_calling_is_automatic": _touch(state="calling", effect_at=AT, lease_until=LATER),
    "ck_touch_lease": _touch(state="sending", effect_at=AT),
    "ck_touch_one_owner": _touch(**CALL, state="in_call", lease_until=LATER, effect_at=AT),
    "ck_touch_effect": _touch(state="sent", finished_at=AT),
    "ck_touch_ready_has_rank": _touch(**CALL, state="ready"),
    "ck_touch_offered_to_somebody": _touch(**CALL, offered_until=LATER),
    "ck_touch_filed_has_disposition": _touch(**CALL, **{**IN_CALL, "state": "filed"}),
    "ck_touch_never_early": _touch(**{**SENT, "due_at": LATER}),
    "ck_touch_finished": _touch(state="skipped"),
    "uq_touch_enrollment_id_ordinal": _two_touches(SENT, {}),
    "ux_touch_open": _two_touches({}, {"ordinal": 2}),
    "ux_touch_in_call": _two_touches(
        {**CALL, **IN_CALL},
        {**CALL, **IN_CALL},
    ),
    "ck_attempt_outcome": _attempt({"outcome": "maybe", "ended_at": AT}),
    "ck_attempt_carrier_result": _attempt({"carrier_result": "eaten"}),
    "ck_attempt_outcome_has_moment": _attempt({"outcome": "unknown"}),
    "ck_attempt_accepted_has_record": _attempt({"outcome": "accepted", "ended_at": AT}),
    "uq_attempt_touch_id_number": _attempt(DONE, DONE),
    "ux_attempt_open": _attempt({"outcome": "unknown", "ended_at": AT}, {"number": 2}),
    "ck_enrollment_end_has_reason": _enrollment(ended_at=AT),
    "ck_enrollment_hold_has_reason": _enrollment(held_at=AT),
    "ck_enrollment_end_reason": _enrollment(ended_at=AT, end_reason="bored"),
    "uq_enrollment_event_id_playbook": _same_event_twice,
    "ux_enrollment_open": _enrollment(subject="quote/1"),
    "uq_event_source_key": _row(schema.event, event, {"key": "1"}, {"key": "1"}),
    "ck_event_state": _row(schema.event, event, {"state": "lost"}),
    "ck_event_set_aside_has_error": _row(schema.event, event, {"state": "set_aside", "tries": 3}),
    "uq_playbook_version_playbook_number": _row(schema.playbook_version, version, {"playbook": "p", "current": False}),
    "ux_playbook_version_current": _row(schema.playbook_version, version, {"number": 2}),
    "ck_playbook_version_beside": _row(
        schema.playbook_version, version, {"number": 2, "current": False, "beside": "aside", "beside_since": AT}
    ),
    "ck_playbook_version_beside_is_not_current": _row(
        schema.playbook_version, version, {"playbook": "q", "beside": "shadow", "beside_since": AT}
    ),
    "ck_playbook_version_beside_has_moment": _row(
        schema.playbook_version, version, {"number": 2, "current": False, "beside": "shadow"}
    ),
    "ck_playbook_version_second_pair_of_eyes": _row(
        schema.playbook_version, version, {"number": 2, "current": False, "published_by": "Ari", "approved_by": "ari"}
    ),
    "ux_playbook_version_beside": _row(schema.playbook_version, version, *({"number": n, **PROPOSED} for n in (2, 3))),
    "ck_withheld_what": _row(schema.withheld, _withheld, {"what": "lost"}),
    "ck_withheld_restored_has_hash": _row(schema.withheld, _withheld, {"what": "restored"}),
    "uq_customer_ref": _row(schema.customer, customer, {"ref": "C-1"}, {"ref": "C-1"}),
    "ck_suppression_channel": _suppression({"channel": "fax"}),
    "ux_suppression_live": _suppression({"channel": "all"}, {"channel": "all"}),
    "ck_dead_contact_kind": _dead("fax"),
    "uq_dead_contact_customer_id_kind_value": _dead("phone", "phone"),
    "ck_inbox_state": _row(schema.inbox, _inbox, {"state": "lost", "again_at": None}),
    "ck_inbox_waiting_has_moment": _row(schema.inbox, _inbox, {"again_at": None}),
    "uq_inbox_provider_key": _row(schema.inbox, _inbox, {}, {}),
    "ck_reply_channel": _reply(channel="fax"),
    "ck_reply_kind": _reply(kind="poem"),
    "ck_reply_read_has_verdict": _reply(read_at=AT),
    "ck_reply_verdict": _reply(read_at=AT, read_by="ari", verdict="shrug"),
    "ck_survey_answer_on_the_scale": _survey(6),
    "ck_pause_scope": _pause({"scope": "moon"}),
    "ck_staff_role": _row(schema.staff, _staff, {"role": "boss"}),
    "ck_staff_lower_case": _row(schema.staff, _staff, {"name": "Ari"}),
    "ck_staff_nobody_disabled_is_on": _row(schema.staff, _staff, {"disabled_at": AT, "on_since": AT}),
    "uq_staff_name": _row(schema.staff, _staff, {"name": "ari"}, {"name": "ari"}),
    "uq_staff_oidc_subject": _row(schema.staff, _staff, {"oidc_subject": "i/s"}, {"oidc_subject": "i/s"}),
    "ck_session_via": _signed(schema.session, {"via": "window"}),
    "ck_session_lasts": _signed(schema.session, {"expires_at": AT}),
    "uq_session_hash": _signed(schema.session, {"hash": "h"}, {"hash": "h"}),
    "uq_invitation_hash": _signed(schema.invitation, {"hash": "h", "used_at": AT}, {"hash": "h"}),
    "ux_invitation_live": _signed(schema.invitation, {}, {}),
    "ck_call_sheet_phase": _sheet(phase="asleep"),
    "ck_call_sheet_dialled_by": _sheet(dialled_by="pigeon"),
    "ck_call_sheet_sentiment": _sheet(sentiment="blue"),
    "ck_call_sheet_call_back_by": _sheet(call_back_by="nobody"),
    "ck_call_sheet_scope": _sheet(scope="fax"),
    "ck_call_sheet_filed_has_disposition": _sheet(phase="filed", filed_at=AT),
    "ck_promise_one_end": _promise({"kept_at": AT, "dropped_at": AT}),
    "uq_promise_attempt_id_question": _promise({}, {}),
    "ck_forgotten_kind": _row(schema.forgotten, _forgotten, {"kind": "fax"}),
    "ck_forgotten_channel": _row(schema.forgotten, _forgotten, {"channel": "fax"}),
    "uq_forgotten_kind_digest_channel": _row(schema.forgotten, _forgotten, {}, {}),
    "uq_pause_scope_name": _pause({"scope": "all"}, {"scope": "all"}),
}
ELSEWHERE = {"api_key", "ingest_mark", "replay"}  # tables of other parts, tested there


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses_a_broken_state(database: Database, name: str) -> None:
    with pytest.raises(DatabaseError) as refused, database.work() as work:
        BROKEN[name](work, Stage(work))

    said = str(refused.value)
    columns = name.split("_", 2)[-1] if database.postgres or name.startswith("ck") else ""
    assert name in said or (columns in said and "UNIQUE" in said), said


def test_the_same_rows_unbroken_are_accepted(database: Database) -> None:
    """Else the refusals above would prove nothing."""
    with database.work() as work:
        stage = Stage(work)
        sent = put(work, schema.touch, **stage.touch(**SENT))["id"]
        put(work, schema.attempt, **stage.attempt(sent, outcome="accepted", ended_at=AT, provider_ref="r"))
        put(work, schema.touch, **stage.touch(ordinal=2, **CALL, **IN_CALL))
        _enrollment(ended_at=AT, end_reason="goal")(work, stage)
        _suppression({"channel": "all", "lifted_at": AT}, {"channel": "all"})(work, stage)
        _pause({"scope": "all"}, {"scope": "channel", "name": "text"})(work, stage)
        _reply(read_at=AT, read_by="ari", verdict="go_on")(work, stage)
        _dead("phone", "email")(work, stage)
        _row(schema.staff, _staff, {}, {"disabled_at": AT}, {"on_since": AT})(work, stage)
        _signed(schema.session, {}, {})(work, stage)
        _signed(schema.invitation, {"used_at": AT}, {})(work, stage)
        _row(schema.forgotten, _forgotten, {}, {"channel": "call"})(work, stage)
        _row(schema.inbox, _inbox, {}, {"key": "k2", "state": "handled", "again_at": None})(work, stage)


def test_a_sheet_that_is_not_broken_is_accepted(database: Database) -> None:
    with database.work() as work:
        _sheet(phase="filed", filed_at=AT, disposition="completed", dialled_by="hand", sentiment="good")(work, Stage(work))


def test_promises_that_are_not_broken_are_accepted(database: Database) -> None:
    with database.work() as work:
        _promise({"kept_at": AT}, {"question": "price", "dropped_at": AT})(work, Stage(work))


def test_every_constraint_is_tried() -> None:
    named: set[str] = set()
    for table in schema.metadata.tables.values():
        if table.name in ELSEWHERE:
            continue
        for constraint in table.constraints:
            if isinstance(constraint, CheckConstraint):
                name = str(constraint.name)
                named.add(name if name.startswith("ck_") else f"ck_{table.name}_{name}")
            elif isinstance(constraint, UniqueConstraint):
                named.add(f"uq_{table.name}_{'_'.join(c.name for c in constraint.columns)}")
        named |= {str(index.name) for index in table.indexes if index.unique}

    assert named == set(BROKEN)
