"""Events through POST /events in batches of 100: validated, authorised, matched, first touch planned, committed before the answer."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request

BATCH, BATCHES, CLIENTS = 100, 80, 2


def per_second(base: str, key: str, name: str) -> float:
    """Events a second of two clients, each sending one batch after the other."""
    bodies = [_body(name, n) for n in range(BATCHES)]
    _answers(base)
    _post(base, key, _body(f"{name}-warm", 0))
    shares = [bodies[i::CLIENTS] for i in range(CLIENTS)]
    threads = [threading.Thread(target=lambda s=share: [_post(base, key, b) for b in s]) for share in shares]  # type: ignore[misc]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return BATCH * BATCHES / (time.perf_counter() - start)


def _body(name: str, batch: int) -> bytes:
    return json.dumps([_event(f"{name}-{batch}-{n}") for n in range(BATCH)]).encode()


def _event(id_: str) -> dict[str, object]:
    return {
        "id": id_,
        "source": "bench",
        "type": "quote.sent",
        "subject": f"quote/{id_}",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "customer": {
            "id": f"C-{id_}",
            "name": "Dana Ortiz",
            "phone": "+13125550142",
            "email": f"dana{abs(hash(id_)) % 10**9}@example.com",
            "time_zone": "America/Chicago",
            "locale": "en-US",
            "consent": {"email": "service", "text": "service", "call": "service"},
        },
        "data": {"amount": 1850, "currency": "USD"},
    }


def _post(base: str, key: str, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{base}/events", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        told = json.load(answer)
    refused = [e for e in told["events"] if e["status"] != "accepted"]
    if refused:
        raise ValueError(f"not accepted: {refused[0]}")


def _answers(base: str, most_s: float = 60.0) -> None:
    end = time.monotonic() + most_s
    while True:
        try:
            urllib.request.urlopen(f"{base}/healthz", timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
