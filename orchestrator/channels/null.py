"""The null channel: accepts everything and does nothing. For benchmarks, which measure everything but a provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from orchestrator.channels.base import KINDS, Accepted, Answer, Found, Outgoing, Sought


class Null:
    """Nothing is sent, so a handle that is asked for later cannot be told."""

    name = "null"
    carries = KINDS

    def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        return [Accepted(f"null:{m.handle}") for m in batch]

    def find(self, sought: Sequence[Sought]) -> Mapping[UUID, Found]:
        return {s.handle: "cannot tell" for s in sought}
