"""Where each step of a picture stands, so that nothing overlaps and no line runs through a step.

A step's block is its card with everything that can only be reached through it: what comes next below it, side ways in columns to the
right, and where they come together again below all of them. Blocks stand beside or below each other and never reach into one another,
so there is nothing to untangle. A way that has no free path becomes a reference to the number of the step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from orchestrator.language.picture import Picture, Spot
from orchestrator.language.program import AGAIN, NodeId

WIDTH = 248  # of a card, px
ACROSS, DOWN, JOIN = 40, 36, 52  # between columns, between cards, above a step where ways come together

# below: the line from the bottom of the card; side: a line from the right edge; again, end and jump are said in words
Kind = Literal["below", "side", "again", "end", "jump"]


@dataclass(frozen=True, slots=True)
class Place:
    """The upper left corner of a card, px."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Placed:
    """All cards and how each way of each is shown."""

    places: Mapping[NodeId, Place]
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Size:
    """What a card takes: its height, and how far down the lowest line to the right begins."""

    height: int
    lowest_port: int


class Blocks:
    """Which step belongs to which block, found once for a picture."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        spots = picture.by_id
        self._order = list(spots)
        rank = {id_: n for n, id_ in enumerate(self._order)}
        before: dict[NodeId, set[NodeId]] = {id_: set() for id_ in spots}
        for source, _, target in picture.edges:
            if target in spots:
                before[target].add(source)
        self.parent = _dominators(self._order, before, rank)
        self.sides: dict[NodeId, list[NodeId]] = {id_: [] for id_ in spots}
        self.joins: dict[NodeId, list[NodeId]] = {id_: [] for id_ in spots}
        for id_ in self._order[1:]:
            of = self.parent[id_]
            (self.sides if before[id_] == {of} else self.joins)[of].append(id_)
        self.under: dict[NodeId, NodeId | None] = {}
        for spot in picture.spots:
            self.under[spot.id] = under = self._under(spot)
            if under is not None:
                self.sides[spot.id].remove(under)
        self.below = {spot.id: self._below(spot) for spot in picture.spots}

    def kind(self, source: NodeId, target: NodeId) -> Kind:
        """How the way from one to the other is shown."""
        if target.startswith(AGAIN):
            return "again"
        if target in self.picture.ends:
            return "end"
        if target == self.below[source]:
            return "below"
        return "side" if target in self.sides[source] else "jump"

    def place(self, size: Callable[[NodeId], Size]) -> Placed:
        """Put every card in its place. Blocks are measured from the innermost out, then set from the outermost in."""
        wide: dict[NodeId, int] = {}
        high: dict[NodeId, int] = {}
        within: dict[NodeId, Place] = {}  # from the upper left of the parent's block
        for id_ in reversed(self._order):
            card = size(id_)
            width, height = WIDTH, card.height
            if (under := self.under[id_]) is not None:
                within[under] = Place(0, card.height + DOWN)
                width, height = max(width, wide[under]), card.height + DOWN + high[under]
            for side in self.sides[id_]:
                within[side] = Place(width + ACROSS, card.lowest_port + DOWN)
                width, height = width + ACROSS + wide[side], max(height, card.lowest_port + DOWN + high[side])
            for join in self.joins[id_]:
                within[join] = Place(0, height + JOIN)
                width, height = max(width, wide[join]), height + JOIN + high[join]
            wide[id_], high[id_] = width, height
        places: dict[NodeId, Place] = {self._order[0]: Place(0, 0)}
        for id_ in self._order[1:]:
            of, here = places[self.parent[id_]], within[id_]
            places[id_] = Place(of.x + here.x, of.y + here.y)
        return Placed(places, wide[self._order[0]], high[self._order[0]])

    def _under(self, spot: Spot) -> NodeId | None:
        """Which of the steps that only this one leads to stands below it; None: its line goes on to where ways come together."""
        alone = self.sides[spot.id]
        if spot.then is not None:
            return spot.then if spot.then in alone else None
        if any(way.to in self.picture.by_id and way.to not in alone for way in spot.ways):
            return None
        return alone[0] if alone else None

    def _below(self, spot: Spot) -> NodeId | None:
        """Where the line from the bottom of a card leads."""
        if (under := self.under[spot.id]) is not None:
            return under
        wanted = [spot.then or "", *(way.to for way in spot.ways)]
        return next((to for to in wanted if to in self.parent and self._is_free(spot.id, to)), None)

    def _is_free(self, source: NodeId, join: NodeId) -> bool:
        """Whether a line can go straight down from the one to the height of the other: nothing else stands in between."""
        of = self.parent[join]
        if source == of:
            return self.joins[of][:1] == [join]
        here = source
        if self.joins[here]:
            return False
        while (above := self.parent.get(here)) is not None:
            lower = self.joins[above]
            rest = lower[lower.index(here) + 1 :] if here in lower else lower
            if above == of:
                return rest[:1] == [join]
            if rest:
                return False
            here = above
        return False


def _dominators(order: list[NodeId], before: Mapping[NodeId, set[NodeId]], rank: Mapping[NodeId, int]) -> dict[NodeId, NodeId]:
    """For each step but the first the last one that every way to it passes."""
    parent: dict[NodeId, NodeId] = {}
    for id_ in order[1:]:
        sources = sorted(before[id_], key=rank.__getitem__)
        found = sources[0]
        for other in sources[1:]:
            while found != other:  # the later of the two steps back
                if rank[found] > rank[other]:
                    found = parent[found]
                else:
                    other = parent[other]
        parent[id_] = found
    return parent
