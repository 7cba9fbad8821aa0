"""Every index serves the query that its comment names: shown by PostgreSQL's own plan, with full scans made unattractive and rows that are mostly over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from orchestrator.ids import new_id
from orchestrator.store import (
    attempts,
    audit,
    board,
    customers,
    enrollments,
    events,
    finding,
    history_events,
    inbox,
    invitations,
    journal,
    person,
    promises,
    ready,
    replies,
    schema,
    sessions,
    shadows,
    sheets,
    sign_ins,
    standing,
    touches,
    versions,
)
from orchestrator.store.database import Database, Work
from orchestrator.store.upgrade import upgrade
from tests import servers
from tests.store.plans import plan_of
from tests.store.rows import AT

pytestmark = pytest.mark.servers
ID = new_id()
QUERIES: dict[str, Callable[[Work], Any]] = {
    "ix_touch_due": lambda work: touches.claim_due(work, "email", AT, 100),
    "ix_touch_ready": lambda work: ready.heads(work, "ari", ["sales", "leads"], [], ["en"], AT, 20),
    "ix_call_sheet_touch": lambda work: sheets.of(work, ID),
    "ix_call_sheet_day": lambda work: board.today(work, AT, AT),
    "ix_event_aside": board.needs,
    "ix_call_sheet_who": lambda work: sheets.since(work, "p1", AT),
    "ix_promise_customer": lambda work: promises.open_for(work, ID),
    "ix_promise_owner": lambda work: promises.open_of(work, "p1"),
    "ix_session_staff": lambda work: sessions.of_member(work, ID, AT),
    "ux_invitation_live": lambda work: invitations.open_until(work, ID, AT),
    "ix_sign_in_failure_source": lambda work: sign_ins.of_source(work, "192.0.2.1", AT, 5),
    "ix_sign_in_failure_name": lambda work: sign_ins.of_strangers(work, "h", AT, 5),
    "ix_audit_at": lambda work: audit.page(work, audit.Filter(since=AT)),
    "ix_audit_who": lambda work: audit.page(work, audit.Filter(who="p1")),
    "ix_audit_about": lambda work: audit.page(work, audit.Filter(about="call:1")),
    "ix_touch_ready_expires": lambda work: touches.overdue_ready(work, AT, [], ID, 100),
    "ix_touch_ready_escalates": lambda work: touches.overdue_ready(work, AT, [], ID, 100),
    "ux_touch_in_call": lambda work: touches.held_by(work, "ari"),
    "ix_touch_lease": lambda work: touches.lease_over(work, AT, 100),
    "ix_touch_effect": lambda work: touches.contacts(work, [ID], AT),
    "ux_touch_open": lambda work: work.connection.execute(
        text(f"SELECT * FROM touch WHERE enrollment_id = '{ID}' AND {schema.OPEN_SQL}")
    ),
    "ux_suppression_live": lambda work: customers.suppressions(work, [ID]),
    "ix_event_subject": lambda work: events.seen(work, ["quote/1"], ["quote.sent"]),
    "ix_event_received": lambda work: history_events.received(work, None, (AT, ID)),
    "ix_event_waiting": lambda work: events.waiting(work, 1),
    "ux_playbook_version_current": versions.current,
    "ux_playbook_version_beside": versions.beside,
    "ux_enrollment_open": lambda work: enrollments.open_for(work, ["quote/1"]),
    "ix_enrollment_subject": lambda work: enrollments.earlier(work, ["quote/1"]),
    "ix_enrollment_customer": lambda work: enrollments.open_of_customers(work, [ID]),
    "ix_enrollment_standing": lambda work: standing.inside(work, ID, None, 50),
    "ix_enrollment_ended": lambda work: standing.ended(work, AT),
    "ix_customer_phone": lambda work: customers.reached_at(work, "phone", "+13125550101"),
    "ix_customer_email": lambda work: customers.reached_at(work, "email", "dana@example.com"),
    "ix_customer_name": lambda work: finding.named(work, "p7 x"),
    "ix_customer_family": lambda work: finding.named(work, "p7 x"),
    "ix_event_customer": lambda work: person.events_before(work, ID, None, 50),
    "ix_journal_customer": lambda work: person.journal_before(work, ID, None, 50),
    "ix_inbox_waiting": lambda work: inbox.waiting(work, AT, 200),
    "ix_inbox_heard": lambda work: inbox.heard_of(work, "sendgrid", AT, AT),
    "ix_attempt_unreported": lambda work: attempts.unreported(work, "sendgrid", AT, AT),
    "ix_inbox_handle": lambda work: inbox.not_dealt_with(work, ID),
    "ix_reply_open": replies.open_ones,
    "ix_reply_customer": lambda work: replies.of_customer(work, ID),
    "ix_journal_enrollment": lambda work: journal.of_touch(work, ID),
    "ix_journal_subject": lambda work: journal.of_subject(work, "quote/1"),
}

# A small business in which most is over: what is asked for every second is a small part of each table.
FILL = (
    """CREATE TEMP TABLE n ON COMMIT DROP AS
       SELECT g, gen_random_uuid() c, gen_random_uuid() e, gen_random_uuid() r, gen_random_uuid() t FROM generate_series(1, 4000) g""",
    """INSERT INTO playbook_version (id, playbook, number, hash, document, listens, current, published_at, published_by)
       SELECT gen_random_uuid(), 'p', g, 'h', '{}', '[]', g = 500, now(), 'ops' FROM generate_series(1, 500) g""",
    """INSERT INTO customer (id, ref, phone, email, zones, consent, extra, told_at, created_at, name_key, family_key)
       SELECT c, 'C-' || g, '+1' || g, g || '@example.com', '[]', '{}', '{}', '{}', now(), 'p' || g || ' x', 'x' || g FROM n""",
    """INSERT INTO suppression (customer_id, channel, since, why) SELECT c, 'all', now(), 'asked' FROM n WHERE g % 2 = 0""",
    """INSERT INTO event (customer_id, id, source, key, type, subject, occurred_at, received_at, data, body_hash, known, backfill, state, tries)
       SELECT c, e, 'crm', g::text, 'quote.sent', 'quote/' || g, now(), now() - g * interval '1 minute', '{}', 'h', true, false,
              CASE WHEN g % 50 = 0 THEN 'waiting' ELSE 'handled' END, 0 FROM n""",
    """INSERT INTO enrollment (id, playbook, version_id, subject, customer_id, event_id, anchor, gives_up_at, event_data, answers,
                               started_at, ended_at, end_reason)
       SELECT r, 'p', (SELECT id FROM playbook_version WHERE current), 'quote/' || g, c, e, now(), now(), '{}', '{}', now(),
              CASE WHEN g % 4 > 0 THEN now() END, CASE WHEN g % 4 > 0 THEN 'goal' END FROM n""",
    """INSERT INTO touch (id, enrollment_id, customer_id, ordinal, step, touchpoint, channel, queue, priority, tries, memory, state,
                          planned_at, due_at, expires_at, rank_at, why, epoch, lease_until, held_by, effect_at, finished_at)
       SELECT t, r, c, 1, 's', 't', ch, CASE WHEN ch = 'call' THEN 'sales' END, 5, 1, '{}', state, at, at, at + interval '99 years', at, 'w', 0,
              CASE WHEN state IN ('sending', 'in_call') THEN at END, CASE WHEN state = 'in_call' THEN 'p' || g END,
              CASE WHEN state <> 'planned' AND state <> 'ready' THEN at END, CASE WHEN state = 'sent' THEN at END
       FROM (SELECT *, timestamptz '2026-11-01' + g * interval '1 hour' AS at, CASE WHEN g % 40 IN (1, 2) THEN 'call' ELSE 'email' END AS ch,
                    CASE g % 40 WHEN 0 THEN 'planned' WHEN 1 THEN 'ready' WHEN 2 THEN 'in_call' WHEN 3 THEN 'sending' ELSE 'sent' END AS state
             FROM n) x""",
    """INSERT INTO journal (customer_id, at, what, rule, why, subject, enrollment_id, touch_id)
       SELECT c, now(), 'x', '', 'w', 'quote/' || n.g, CASE WHEN n.g % 2 = 0 THEN r END, t FROM n, generate_series(1, 5)""",
    """INSERT INTO inbox (provider, kind, key, body, received_at, state, tries, again_at)
       SELECT 'twilio', 'text_status', g::text, '{}', now(), CASE WHEN g % 50 = 0 THEN 'waiting' ELSE 'handled' END, 0,
              CASE WHEN g % 50 = 0 THEN now() END FROM n""",
    """INSERT INTO reply (id, customer_id, channel, kind, said, came_at, read_at, read_by, verdict)
       SELECT gen_random_uuid(), c, 'text', 'reply', 'Thanks', now(), CASE WHEN g % 50 > 0 THEN now() END,
              CASE WHEN g % 50 > 0 THEN 'ari' END, CASE WHEN g % 50 > 0 THEN 'go_on' END FROM n""",
    """INSERT INTO attempt (id, touch_id, number, epoch, via, began_at, outcome, ended_at, provider_ref)
       SELECT t, t, 1, 1, 'desk', now(), 'accepted', now(), 'r' FROM n""",
    """INSERT INTO call_sheet (attempt_id, touch_id, who, phase, note, answers, promised_for, began_at, undone)
       SELECT t, t, 'p' || g % 50, 'left', '', '{}', '{}', now() - g * interval '1 hour', 0 FROM n""",
    """INSERT INTO promise (id, customer_id, attempt_id, question, what, due_at, owner, made_at, kept_at)
       SELECT t, c, t, 'q', 'w', now(), 'p' || g % 50, now(), CASE WHEN g % 20 > 0 THEN now() END FROM n""",
    """INSERT INTO staff (id, name, title, role, queues, skills, languages, created_at)
       SELECT c, 'p' || g, 'P', 'agent', '[]', '[]', '[]', now() FROM n""",
    """INSERT INTO session (id, hash, staff_id, via, device, created_at, seen_at, expires_at, ended_at)
       SELECT e, e::text, c, 'password', 'd', now(), now(), now() + interval '1 hour', CASE WHEN g % 20 > 0 THEN now() END FROM n""",
    """INSERT INTO invitation (id, hash, staff_id, made_by, created_at, expires_at, used_at)
       SELECT e, e::text, c, 'ada', now(), now(), CASE WHEN g % 20 > 0 THEN now() END FROM n""",
    """INSERT INTO sign_in_failure (name_hash, source, at)
       SELECT 'h' || g % 500, '192.0.2.' || g % 250, timestamptz '2026-11-01' + g * interval '1 hour' FROM n""",
    """INSERT INTO audit (at, who, role, what, about, said)
       SELECT timestamptz '2026-11-01' - g * interval '1 hour', 'p' || g % 500, 'agent', 'x', 'call:' || g, 's' FROM n""",
    """INSERT INTO dead_contact (customer_id, kind, value, since, why) SELECT c, 'phone', '+1', now(), 'gone' FROM n""",
    "ANALYZE",
)


@pytest.fixture(scope="module")
def planned(postgres_server: servers.Postgres) -> Any:
    database = Database(postgres_server.new_database())
    upgrade(database)
    with database.work() as work:
        for statement in FILL:
            work.connection.execute(text(statement))
    yield database
    database.close()


@pytest.mark.parametrize("index", QUERIES)
def test_the_query_uses_its_index(planned: Database, index: str) -> None:
    with planned.work() as work:
        work.connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = plan_of(work, QUERIES[index])

    assert any(index in line for line in plan), "\n".join(plan)


LOOKING_BACK: dict[str, Callable[[Work], Any]] = {  # these go through many events, and never sort or read all of them
    "a later chunk of a backtest": lambda work: history_events.received(work, AT, (AT, ID), (AT, ID)),
    "whether they are too many for a page": lambda work: history_events.count(work, AT, 50),
    "when the newest came": history_events.newest,
    "where the newest begin": lambda work: shadows.newest_since(work, AT, 50),
    "what they led to": lambda work: shadows.begun(work, "p", AT),
}


@pytest.mark.parametrize("what", LOOKING_BACK)
def test_events_are_looked_back_at_in_the_order_of_their_index(planned: Database, what: str) -> None:
    with planned.work() as work:
        work.connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = plan_of(work, LOOKING_BACK[what])

    assert any("ix_event_received" in line for line in plan), "\n".join(plan)


def test_every_index_is_asked_about() -> None:
    tables = [t for t in schema.metadata.tables.values() if t.name not in {"api_key", "ingest_mark", "replay"}]
    named = {str(index.name) for table in tables for index in table.indexes}

    assert named - set(QUERIES) <= {"ux_attempt_open", "ix_touch_unknown"}, "a constraint, and see below"


def test_unknown_touches_are_read_in_the_order_of_their_ids(planned: Database) -> None:
    """Its index is by moment: the list is short, and the sweep walks it by id."""
    with planned.work() as work:
        assert touches.unknown(work, 10) == []
