"""The ledger: instead of sending, each message is appended to a file as one line of JSON. For demos, rehearsals and first steps."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from orchestrator.channels.base import KINDS, Accepted, Answer, Found, Outgoing, RejectedSafe, Sought
from orchestrator.clock import Clock

_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~&\"])")  # Markdown keeps values literal so; people read the file without


class Ledger:
    """Appends what would be said. A handle is written at most once, and can be looked up, so nothing stays unknown."""

    name = "ledger"
    carries = KINDS

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock

    def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        now = self._clock()
        in_time = [m for m in batch if now < m.not_after]
        lines = [json.dumps({"at": now.isoformat(), **_said(m)}, ensure_ascii=False) for m in in_time]
        try:
            self._append("".join(line + "\n" for line in lines).encode())
        except OSError as error:
            return [RejectedSafe(f"the ledger file cannot be written: {error.strerror}")] * len(batch)
        return [Accepted(f"ledger:{m.handle}") if now < m.not_after else RejectedSafe("it was too late to begin") for m in batch]

    def find(self, sought: Sequence[Sought]) -> Mapping[UUID, Found]:
        handles = [s.handle for s in sought]
        wanted = {str(h): h for h in handles}
        answers: dict[UUID, Found] = dict.fromkeys(handles, "absent")
        try:
            with self._path.open(encoding="utf-8") as lines:
                for line in lines:
                    named = next((h for text, h in wanted.items() if text in line), None)
                    if named is not None:  # a line that was cut off by a crash proves nothing
                        answers[named] = Accepted(f"ledger:{named}") if line.endswith("}\n") else "cannot tell"
        except FileNotFoundError:
            return answers
        except (OSError, UnicodeDecodeError):
            return dict.fromkeys(handles, "cannot tell")
        return answers

    def _append(self, data: bytes) -> None:
        """All or nothing, one writer at a time: a half line would make the file unreadable."""
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = os.fstat(file).st_size
            try:
                view = memoryview(data if _ends_with_a_line(self._path, size) else b"\n" + data)
                while view:
                    view = view[os.write(file, view) :]
            except OSError:
                os.ftruncate(file, size)
                raise
        finally:
            os.close(file)


def _ends_with_a_line(path: Path, size: int) -> bool:
    """False when a crash left half a line."""
    if size == 0:
        return True
    with path.open("rb") as file:
        file.seek(size - 1)
        return file.read(1) == b"\n"


def _said(m: Outgoing) -> dict[str, object]:
    said: dict[str, object] = {
        "handle": str(m.handle), "channel": m.channel, "to": m.to, "playbook": m.playbook, "touchpoint": m.touchpoint,
        "subject": m.subject, "preheader": m.preheader, "reply_to": m.reply_to,
        "body": _ESCAPED.sub(r"\1", m.body) if m.channel == "email" else m.body,
    }  # fmt: skip
    return {k: v for k, v in said.items() if v is not None}
