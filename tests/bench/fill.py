"""Fills a database with enrollments whose first touch is due when asked for, by SQL alone: a million rows in a minute."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from orchestrator import authoring
from orchestrator.parts import Parts
from orchestrator.store.upgrade import upgrade

PLAYBOOKS = Path(__file__).parent / "playbooks"
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")


def prepare(parts: Parts) -> None:
    """Tables and the benchmark's playbook."""
    upgrade(parts.database)
    authoring.publish(parts, PLAYBOOKS, "bench")


def fill(parts: Parts, name: str, count: int, due_at: datetime, planned_at: datetime) -> None:
    """`count` customers, each with an enrollment and a planned e-mail. name: must differ from call to call."""
    # in the order of time, as the product makes its ids (version 7): random ones would spread over every page of an index
    id_ = "(lpad(to_hex(CAST(:ms AS bigint) + g / 10), 12, '0') || '7000' || '8' || substr(md5(random()::text), 1, 15))::uuid"
    zones = ", ".join(f"'{z}'" for z in ZONES)
    with parts.database.work() as work:
        run = work.connection.execute
        given = {"n": count, "name": name, "due": due_at, "at": planned_at, "ms": int(time.time() * 1000)}
        run(
            text(
                f"""
                CREATE TEMP TABLE new ON COMMIT DROP AS
                SELECT g, {id_} AS customer, {id_} AS event, {id_} AS run, {id_} AS touch,
                       (ARRAY[{zones}])[1 + g % {len(ZONES)}] AS zone
                FROM generate_series(1, CAST(:n AS int)) g
                """
            ),
            given,
        )
        run(
            text(
                """
                INSERT INTO customer (id, ref, name, email, phone, time_zone, locale, zones, consent, extra, told_at, created_at,
                                      name_key, family_key)
                SELECT customer, :name || g, 'Customer ' || g, 'c' || g || '@example.com', '+1312555' || lpad((g % 10000)::text, 4, '0'),
                       zone, 'en-US', jsonb_build_array(zone), '{"email": "service", "text": "service"}',
                       jsonb_build_object('first_name', 'Dana'), '{}', :at, 'customer ' || g, g::text FROM new
                """
            ),
            given,
        )
        run(
            text(
                """
                INSERT INTO event (id, source, key, type, subject, occurred_at, received_at, customer_id, data, body_hash, known,
                                   backfill, state, tries)
                SELECT event, 'bench', :name || g, 'quote.sent', 'quote/' || :name || g, :at, :at, customer, '{}', 'x', true, false,
                       'handled', 0 FROM new
                """
            ),
            given,
        )
        run(
            text(
                """
                INSERT INTO enrollment (id, playbook, version_id, subject, customer_id, event_id, anchor, gives_up_at, event_data,
                                        answers, started_at)
                SELECT run, 'quote-follow-up', v.id, 'quote/' || :name || g, customer, event, :at, CAST(:at AS timestamptz) + interval '60 days',
                       '{"amount": 1850, "currency": "USD"}', '{}', :at
                FROM new, playbook_version v WHERE v.playbook = 'quote-follow-up' AND v.current
                """
            ),
            given,
        )
        run(
            text(
                """
                INSERT INTO touch (id, enrollment_id, customer_id, ordinal, step, touchpoint, channel, priority, tries, memory, state,
                                   planned_at, due_at, expires_at, why, epoch)
                SELECT touch, run, customer, 1, 'quote-thanks', 'quote-thanks', 'email', 5, 1, '{}', 'planned', :at, :due,
                       CAST(:due AS timestamptz) + interval '2 days', 'quote-thanks: right after the event', 0 FROM new
                """
            ),
            given,
        )
    with parts.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
