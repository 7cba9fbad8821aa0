"""`make bench-board`: how long one picture of the board takes with 100,000 calls waiting and 200 people on the desk. Prints; asserts nothing.

PostgreSQL with its stock settings. Calls wait in four queues and half of the table is history; each person has a call and 80 behind them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from datetime import timedelta

from sqlalchemy import text

from orchestrator import board
from orchestrator.clock import utc_now
from orchestrator.config import Settings
from orchestrator.parts import Parts
from orchestrator.wiring import build
from tests import servers
from tests.bench.fill import fill, prepare

QUEUES = "(ARRAY['sales', 'support', 'billing', 'leads'])[1 + n % 4]"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--waiting", type=int, default=100_000)
    options.add_argument("--people", type=int, default=200)
    options.add_argument("--pictures", type=int, default=60)
    given = options.parse_args()
    with servers.postgres(durable=True) as postgres:
        parts = build(Settings(database_url=postgres.new_database(), email_via="null"))
        prepare(parts)
        lively(parts, given.waiting, given.people)
        taken = sorted(seconds(parts, given.pictures))
        print(
            f"{given.waiting:,} calls waiting, {given.people} people: a picture takes {1000 * statistics.median(taken):.0f} ms"
            f" (median; fastest {1000 * taken[0]:.0f}, slowest {1000 * taken[-1]:.0f}; goal: under 100)"
        )
        parts.database.close()


def seconds(parts: Parts, pictures: int) -> list[float]:
    """How long each picture took."""
    board.picture(parts, utc_now())  # reads the playbooks once
    taken = []
    for _ in range(pictures):
        begun = time.perf_counter()
        board.picture(parts, utc_now())
        taken.append(time.perf_counter() - begun)
    return taken


def lively(parts: Parts, waiting: int, people: int) -> None:
    """A full desk: calls that wait, as many e-mails that are done, calls that fall due, people with a call and 80 behind them today."""
    now = utc_now()
    filed = people * 80
    fill(parts, "waiting-", waiting, now - timedelta(hours=2), now - timedelta(days=1))
    fill(parts, "done-", waiting, now - timedelta(days=3), now - timedelta(days=4))
    fill(parts, "ahead-", waiting // 10, now, now - timedelta(days=1))
    fill(parts, "held-", people, now - timedelta(hours=1), now - timedelta(days=1))
    fill(parts, "filed-", filed, now - timedelta(hours=9), now - timedelta(days=1))
    called = "channel = 'call', touchpoint = 'check-in', queue = " + QUEUES
    of = "FROM (SELECT e.id AS run, row_number() OVER (ORDER BY e.id) AS n FROM enrollment e WHERE e.subject LIKE {like}) x WHERE enrollment_id = run"
    with parts.database.work() as work:
        for statement in (
            "UPDATE touch SET state = 'done', finished_at = :now, effect_at = due_at " + of.format(like="'quote/done-%'"),
            f"UPDATE touch SET {called}, state = 'ready', rank_at = due_at + n * interval '1 second', "
            f"due_at = due_at - (n % 3600) * interval '1 second', expires_at = CAST(:now AS timestamptz) + (n % 2000 - 20) * interval '1 minute' "
            + of.format(like="'quote/waiting-%'"),
            f"UPDATE touch SET {called}, due_at = due_at + (n % 1440) * interval '1 minute' " + of.format(like="'quote/ahead-%'"),
            f"UPDATE touch SET {called}, state = 'in_call', held_by = 'person-' || n, effect_at = due_at, lease_until = :now "
            + of.format(like="'quote/held-%'"),
            f"UPDATE touch SET {called}, state = 'done', held_by = 'person-' || (1 + n % {people}), effect_at = due_at, finished_at = :now "
            + of.format(like="'quote/filed-%'"),
            """INSERT INTO staff (id, name, title, role, queues, skills, languages, on_since, seen_at, created_at)
               SELECT gen_random_uuid(), 'person-' || n, 'Person ' || n, 'agent', '["sales", "support"]', '[]', '[]', :now, :now, :now
               FROM generate_series(1, :people) n""",
            """INSERT INTO attempt (id, touch_id, number, epoch, via, began_at, outcome, ended_at, provider_ref)
               SELECT gen_random_uuid(), t.id, 1, 1, 'desk', t.due_at, CASE WHEN t.state = 'done' THEN 'accepted' END,
                      t.finished_at, CASE WHEN t.state = 'done' THEN 'desk' END
               FROM touch t WHERE t.channel = 'call' AND t.held_by IS NOT NULL""",
            """INSERT INTO call_sheet (attempt_id, touch_id, who, queue, phase, note, answers, promised_for, disposition, began_at, dialled_at, talked_from,
                                       wrap_up_from, filed_at, undone)
               SELECT a.id, t.id, t.held_by, t.queue, CASE WHEN t.state = 'done' THEN 'filed' ELSE 'talking' END, '', '{}', '{}',
                      CASE WHEN t.state = 'done' THEN 'completed' END, CAST(:now AS timestamptz), :now, :now,
                      CASE WHEN t.state = 'done' THEN CAST(:now AS timestamptz) + interval '4 minutes' END,
                      CASE WHEN t.state = 'done' THEN CAST(:now AS timestamptz) + interval '5 minutes' END, 0
               FROM attempt a JOIN touch t ON t.id = a.touch_id""",
        ):
            work.connection.execute(text(statement), {"now": now, "people": people} if ":people" in statement else {"now": now})
    with parts.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


if __name__ == "__main__":
    main()
