"""The carrier running beside everything else: a server in a thread, and the agenda worked in real time."""

from __future__ import annotations

import logging
import queue
import threading
import zlib
from types import TracebackType
from typing import Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from orchestrator.carrier.agenda import Planned
from orchestrator.carrier.app import create_app
from orchestrator.carrier.carrier import Carrier
from orchestrator.listening import BACKLOG, listen

log = logging.getLogger(__name__)
LANES = 8  # threads that speak to the outside; what belongs together stays in one of them, in order
LONGEST_WAIT_S = 1.0  # a clock that jumps is seen within it
START_S, STOP_S = 10.0, 5.0


class Breakable(H11Protocol):
    """HTTP whose connection the application can break: a reset has to look like one."""

    def connection_made(self, transport: object) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # asyncio types it as the narrower kind that TCP always is
        self.app_state = {**self.app_state, "transport": transport}


class RunningCarrier:
    """A carrier on a port, until `close()`; also a context manager.

    works: whether time passes by itself. False where the clock jumps: then call `carrier.work_until(moment)`.
    otherwise: what to do when the port is taken.
    """

    def __init__(
        self, carrier: Carrier | None = None, *, host: str = "127.0.0.1", port: int = 0, works: bool = True,
        otherwise: str = "give another --port",
    ) -> None:  # fmt: skip
        self.carrier = carrier or Carrier()
        self._listener = listen(host, port, "the rehearsal carrier", otherwise)
        shown = f"[{host}]" if ":" in host else host
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{shown}:{self.port}"
        config = uvicorn.Config(
            create_app(self.carrier),
            http=Breakable,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
            backlog=BACKLOG,
        )
        self._server = uvicorn.Server(config)
        self._closing = threading.Event()
        self._lanes: list[queue.SimpleQueue[Planned | None]] = []
        self._threads = [threading.Thread(target=self._serve, name="rehearsal-carrier", daemon=True)]
        if works:
            self._lanes = [queue.SimpleQueue() for _ in range(LANES)]
            self._threads.append(threading.Thread(target=self._watch, name="rehearsal-agenda", daemon=True))
            self._threads += [
                threading.Thread(target=self._work, args=(lane,), name=f"rehearsal-lane-{number}", daemon=True)
                for number, lane in enumerate(self._lanes)
            ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and working. What was planned stays with the carrier, which another RunningCarrier may take up."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._server.should_exit = True
        with self.carrier.world.agenda.changed:
            self.carrier.world.agenda.changed.notify_all()
        for lane in self._lanes:
            lane.put(None)
        for thread in self._threads:
            thread.join(STOP_S)
        self._listener.close()
        self.carrier.close()

    def wait(self) -> None:
        """Until somebody closes it."""
        self._closing.wait()

    def _serve(self) -> None:
        self._server.run(sockets=[self._listener])

    def _watch(self) -> None:
        """Hand what is due to its lane, in order."""
        world = self.carrier.world
        while not self._closing.is_set():
            planned = world.agenda.take_due(world.now())
            if planned is not None:
                self._lanes[zlib.crc32(planned.lane.encode()) % LANES].put(planned)
                continue
            with world.agenda.changed:
                next_at = world.agenda.next_at()
                wait_s = LONGEST_WAIT_S if next_at is None else (next_at - world.now()).total_seconds()
                if wait_s > 0 and not self._closing.is_set():
                    world.agenda.changed.wait(min(LONGEST_WAIT_S, wait_s))

    def _work(self, lane: queue.SimpleQueue[Planned | None]) -> None:
        while (planned := lane.get()) is not None:
            if self._closing.is_set():
                self.carrier.world.agenda.put_back(planned)
                continue
            try:
                planned.act(planned.at)
            except Exception:  # shell: one customer's mishap must not silence the others in this lane
                log.exception("the imagination stumbled", extra={"action": "carrier.stumbled"})
            finally:
                self.carrier.world.agenda.finished()


def port_of(running: RunningCarrier) -> int:
    """The port that was found free."""
    return running.port
