"""`make bench-pages`: how long each page takes that has a database behind it, with 100,000 calls waiting and 200 people on the desk.

PostgreSQL with its stock settings; the same desk as `make bench-board`. Every page of the route table is asked for several times, in this
process, signed in as an admin; those of the desk as an agent. Prints the median and the fastest of each, the slowest first; asserts nothing.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from orchestrator import holds
from orchestrator.access.visitors import csrf_of, sign_in
from orchestrator.board import FRESH_FOR
from orchestrator.config import Settings
from orchestrator.core.roles import Right, Role
from orchestrator.parts import Parts
from orchestrator.playbook_pages import KEPT_FOR
from orchestrator.store import staff
from orchestrator.store.audit import By
from orchestrator.store.staff import Member
from orchestrator.web.app import create_app
from orchestrator.web.staff.app import staff_routes
from orchestrator.web.staff.here import COOKIE
from orchestrator.web.staff.shown import Shown
from orchestrator.wiring import build
from tests import servers
from tests.bench.board import lively
from tests.bench.fill import PLAYBOOKS, prepare
from tests.web.practice import PUBLIC_URL
from tests.web.staff.office import Browser

GOAL_MS = 100
PLAYBOOK, STEP = "quote-follow-up", "quote-thanks"
# Pages that lead nowhere without a query, and what they are asked.
QUERIES: Mapping[str, str] = {
    "/playbooks/{playbook}/step": f"at={STEP}",
    "/playbooks/{playbook}/letter": f"at={STEP}",
    "/playbooks/{draft}/letter-draft": f"at={STEP}",
    "/playbooks/{draft}/steps/one": "at=steps.0",
    "/board/pauses/confirm": "what=channel:call",
    "/board/pauses/resume": "what=queue:sales",
}
# Pages that share a picture or a count while it is fresh: seconds between two looks, so that none is served what the last one made.
APART: Mapping[str, float] = {
    "/board": FRESH_FOR.total_seconds() + 0.2,
    "/board/now": FRESH_FOR.total_seconds() + 0.2,
    "/playbooks": KEPT_FOR.total_seconds() + 0.1,
    "/playbooks/{playbook}": KEPT_FOR.total_seconds() + 0.1,
}
SEARCHES: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("/board/queues/sales", {"like": "tomer 999"}),  # a part of some names
    ("/board/queues/sales", {"like": "Customer 1"}),  # the beginning of very many
    ("/board/queues/sales", {"like": "nobody at all"}),
    ("/customers", {"q": "Customer 17"}),
    ("/customers", {"q": "c17@example.com"}),
)


@dataclass(frozen=True)
class Took:
    """One page."""

    name: str
    median_ms: float
    fastest_ms: float  # nearer to what it takes on a machine with nothing else to do
    kilobytes: float


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--waiting", type=int, default=100_000)
    options.add_argument("--people", type=int, default=200)
    options.add_argument("--looks", type=int, default=9)
    given = options.parse_args()
    with servers.postgres(durable=True) as postgres:
        settings = settings_of(postgres.new_database())
        parts = build(settings)
        prepare(parts)
        lively(parts, given.waiting, given.people)
        to_decide(parts)
        print(f"{given.waiting:,} calls waiting, {given.people} people; median of {given.looks} looks, goal: under {GOAL_MS} ms")
        took = sorted(measured(parts, settings, given.looks), key=lambda one: -one.median_ms)
        for one in took:
            print(
                f"{one.median_ms:7.0f} ms (fastest {one.fastest_ms:5.0f}) {one.kilobytes:6.0f} kB  {one.name}{'  over' if one.median_ms >= GOAL_MS else ''}"
            )
        print(f"{sum(one.median_ms < GOAL_MS for one in took)} of {len(took)} pages under {GOAL_MS} ms")
        parts.database.close()


def settings_of(url: str) -> Settings:
    """Those of one web process; the studio's folder is the benchmark's."""
    return Settings(
        _env_file=None, database_url=url, email_via="null", text_via="null", voice_via="null", public_url=PUBLIC_URL,
        playbooks=PLAYBOOKS, edit_playbooks=False,
    )  # type: ignore[call-arg]  # fmt: skip


def to_decide(parts: Parts) -> None:
    """Some of everything that waits for a person: a page of it, and an object for each page about one."""
    with parts.database.work() as work:
        for statement in (
            """UPDATE customer SET consent = '{"call": "service"}' WHERE ref LIKE 'waiting-1%'""",
            """UPDATE event SET state = 'set_aside', tries = 5, error = 'no such field' WHERE key IN (SELECT 'done-' || n FROM generate_series(1, 50) n)""",
            """INSERT INTO reply (id, customer_id, channel, kind, said, came_at)
               SELECT gen_random_uuid(), id, 'text', 'reply', 'Please call me', :now FROM customer WHERE ref LIKE 'waiting-1__'""",
            """INSERT INTO inbox (provider, kind, key, body, received_at, state, tries, error)
               SELECT 'twilio', 'text_status', 'k' || n, '{}', :now, 'set_aside', 5, 'nothing of ours' FROM generate_series(1, 50) n""",
            """UPDATE touch SET state = 'unknown', effect_at = due_at, finished_at = NULL, lease_until = NULL
               FROM enrollment e WHERE e.id = enrollment_id AND e.subject LIKE 'quote/ahead-1_'""",
        ):
            work.connection.execute(text(statement), {"now": parts.clock()} if ":now" in statement else {})
    assert holds.pause(parts, holds.read("queue:sales"), By("lee", "admin"))


def measured(parts: Parts, settings: Settings, looks: int) -> list[Took]:
    """Every page of the route table, and what is posted without changing anything."""
    app = create_app(parts, settings)

    def browser(name: str, role: Role, *queues: str) -> tuple[Member, Browser]:
        member = Member(parts.new_id(), name, name.capitalize(), role, queues=queues)
        with parts.database.work() as work:
            assert staff.add(work, member, parts.clock())
            cookie = sign_in(parts, work, member, "password", "bench", parts.clock())
        made = Browser(app, base_url=PUBLIC_URL)
        made.cookies.set(COOKIE, cookie)
        made.csrf = csrf_of(cookie)
        return member, made

    tag = str(parts.new_id())[-6:]  # so that a filled database can be measured twice
    (lead, admin), (_, agent) = browser(f"lee-{tag}", Role.ADMIN, "*"), browser(f"ari-{tag}", Role.AGENT, "sales", "support")
    agent.send_form("/desk/shift", on="yes")
    call = str(agent.send_form("/desk/next").headers["location"]).rsplit("/", 1)[-1]
    values = {**objects(parts), "member": str(lead.id)}
    took = []
    for route in staff_routes(parts, settings, Shown()).table:
        if route.method != "GET":
            continue
        mine = {**values, "call": call} if route.right is Right.WORK_CALLS else values
        path = re.sub(r"{(\w+)(?::\w+)?}", lambda found: mine[found[1]], route.path)  # noqa: B023  # used at once
        asked = f"{path}?{QUERIES[route.path]}" if route.path in QUERIES else path
        headers = {"HX-Request": "true"} if route.path == "/board/now" else {}
        who = agent if route.right is Right.WORK_CALLS else admin
        look = lambda who=who, asked=asked, headers=headers: who.get(asked, headers=headers, follow_redirects=False)  # noqa: E731
        took.append(timed(route.path, look, looks, APART.get(route.path, 0.0)))
    for path, form in SEARCHES:
        post = lambda path=path, form=form: admin.send_form(path, **form)  # noqa: E731
        took.append(timed(f"search in {path}: {next(iter(form.values()))}", post, looks, 0.0))
    return took


def timed(name: str, look: Callable[[], Any], looks: int, apart: float) -> Took:
    """How long the page takes; the first look, which reads templates and playbooks, is not counted."""
    taken, size, status = [], 0, 0
    for _ in range(looks + 1):
        time.sleep(apart)
        begun = time.perf_counter()
        answer = look()
        taken.append(1000 * (time.perf_counter() - begun))
        size, status = len(answer.content), answer.status_code
    return Took(f"{name}{f' ({status})' if status != 200 else ''}", statistics.median(taken[1:]), min(taken[1:]), size / 1000)


def objects(parts: Parts) -> dict[str, str]:
    """One of each kind, by the name of its path parameter."""
    queries = {
        "customer": "SELECT id FROM customer WHERE ref = 'waiting-17'",
        "touch": "SELECT t.id FROM touch t JOIN enrollment e ON e.id = t.enrollment_id WHERE e.subject = 'quote/waiting-17'",
        "call": "SELECT t.id FROM touch t JOIN enrollment e ON e.id = t.enrollment_id WHERE e.subject = 'quote/waiting-17'",
        "undecided": "SELECT id FROM touch WHERE state = 'unknown' LIMIT 1",
        "reply": "SELECT id FROM reply LIMIT 1",
        "event": "SELECT id FROM event WHERE state = 'set_aside' LIMIT 1",
        "delivery": "SELECT id FROM inbox WHERE state = 'set_aside' LIMIT 1",
    }
    with parts.database.work() as work:
        found = {kind: str(work.connection.execute(text(query)).scalar_one()) for kind, query in queries.items()}
    return {**found, "playbook": PLAYBOOK, "draft": PLAYBOOK, "queue": "sales"}


if __name__ == "__main__":
    main()
