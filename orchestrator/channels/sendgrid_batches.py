"""Which e-mails go to SendGrid in one request: those that differ only in what tags can fill, each address once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestrator.channels.base import Outgoing
from orchestrator.channels.letter import Part
from orchestrator.channels.shell import SIGN, Shell

MOST_PEOPLE = 1_000  # personalizations of one request
MOST_BYTES = 10_000  # substitutions of one personalization, tags and values together


@dataclass(frozen=True, slots=True)
class Recipient:
    """One message on its way, and where its answer goes."""

    at: int  # its place in the batch that we were given
    message: Outgoing
    to: str
    part: Part
    sender: tuple[str, str]  # address and name
    reply_to: str | None
    categories: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether tags can carry it. SendGrid fills tags in everything, so words that hold a tag would be filled too."""
        said = (self.part.subject, *self.part.values.values())
        return self.part.size <= MOST_BYTES and not any(SIGN in words for words in said)

    @property
    def shared(self) -> tuple[Shell, tuple[str, str], str | None, tuple[str, ...]]:
        """What is the same for a whole request."""
        return self.part.shell, self.sender, self.reply_to, self.categories


@dataclass(slots=True)
class _Open:
    people: list[Recipient] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)


class Batches:
    """Collects recipients into requests."""

    def __init__(self) -> None:
        self._open: dict[object, _Open] = {}

    def add(self, one: Recipient) -> Iterator[list[Recipient]]:
        """Take one in. Answers the requests that are complete by it."""
        if not one.fits:
            yield [one]
            return
        request = self._open.setdefault(one.shared, _Open())
        if one.to.lower() in request.addresses:
            yield [one]  # an address may stand only once in a request
            return
        request.people.append(one)
        request.addresses.add(one.to.lower())
        if len(request.people) == MOST_PEOPLE:
            yield self._open.pop(one.shared).people

    def rest(self) -> Iterator[list[Recipient]]:
        """What is left when all are in."""
        for request in self._open.values():
            yield request.people
        self._open = {}
