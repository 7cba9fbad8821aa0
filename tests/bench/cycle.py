"""The least that SQL can do: claim a batch, commit, finish it and log, commit. Two clients at once, no work in between."""

from __future__ import annotations

import subprocess
import sys
import time

import psycopg

ROWS = 60_000


def per_second(url: str, batch: int) -> float:
    """Rows a second of two clients."""
    with psycopg.connect(url, autocommit=True) as c:
        c.execute("DROP TABLE IF EXISTS item, item_log")
        c.execute("CREATE TABLE item (id uuid PRIMARY KEY, state text NOT NULL, due_at timestamptz NOT NULL)")
        c.execute("CREATE INDEX item_due ON item (due_at, id) WHERE state = 'planned'")
        c.execute(
            "CREATE TABLE item_log (id bigserial PRIMARY KEY, item uuid NOT NULL, at timestamptz NOT NULL, what text NOT NULL)"
        )
        c.execute("INSERT INTO item SELECT gen_random_uuid(), 'planned', now() FROM generate_series(1, %s)", [ROWS])
        c.execute("ANALYZE item")
    clients = [
        subprocess.Popen([sys.executable, "-m", "tests.bench.cycle", url, str(batch)], stdout=subprocess.PIPE) for _ in range(2)
    ]
    spans = [tuple(float(x) for x in (client.communicate()[0] or b"").split()) for client in clients]
    return ROWS / (max(end for _, end in spans) - min(start for start, _ in spans))


def _client(url: str, batch: int) -> None:
    start = time.time()  # of all processes on this machine
    with psycopg.connect(url) as c:
        while True:
            ids = [
                row[0]
                for row in c.execute(
                    """UPDATE item SET state = 'claimed' WHERE id IN (SELECT id FROM item WHERE state = 'planned'
                       ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id""",
                    [batch],
                )
            ]
            c.commit()
            if not ids:
                break
            c.execute("UPDATE item SET state = 'done' WHERE id = ANY(%s)", [ids])
            c.execute("INSERT INTO item_log (item, at, what) SELECT u, now(), 'done' FROM unnest(%s::uuid[]) u", [ids])
            c.commit()
    print(start, time.time())


if __name__ == "__main__":
    _client(sys.argv[1], int(sys.argv[2]))
