"""A picture as SVG: cards with their ways, lines between them, and a count of who stands where. Classes only, no style attributes.

Every word stands inside a card, in a row of its own, so that no two can overlap; only lines run between cards.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape

from orchestrator.language.picture import ENDS, Picture, Spot, leads
from orchestrator.language.program import AGAIN, NodeId
from orchestrator.placing import JOIN, WIDTH, Blocks, Kind, Place, Size

MARGIN, PAD = 8, 14
INNER = WIDTH - 2 * PAD
SMALL, TITLE, LINE = 12.5, 14.5, 18  # sizes of letters, and the height of a line, px
BOLD = 1.12  # how much wider bold letters are
ROW_PAD, ROUND = 6, 10
MOST_TITLE, MOST_SAID, MOST_LABEL = 3, 2, 3  # lines
MARKS: Mapping[Kind, str] = {"again": "↻", "end": "■", "jump": "→", "below": "↓", "side": ""}
ICONS: Mapping[str, str] = {
    "start": "M5 3l9 5.5-9 5.5z",
    "email": "M2 4h13v9H2zM2 4l6.500 5L15 4",
    "text": "M2 3h13v8H8l-4 3v-3H2z",
    "call": "M4.500 2.500h2l1 3.500-1.700 1.300c.8 1.800 2 3 3.900 3.900L11 9.500l3.500 1v2c0 1-.8 1.700-1.800 1.600"
    "C7 13.600 3.400 10 2.900 4.300c-.1-1 .6-1.800 1.600-1.800z",
    "voice": "M3 6.500v4M6 4v9M9 2v13M12 5v7M15 7v3",
    "voicemail": "M2 8.500a3 3 0 1 0 6 0 3 3 0 1 0-6 0M9 8.500a3 3 0 1 0 6 0 3 3 0 1 0-6 0M5 11.500h7",
    "wait": "M2.500 8.500a6 6 0 1 0 12 0 6 6 0 1 0-12 0M8.500 5v4l2.500 1.500",
    "wait_for": "M2.500 8.500a6 6 0 1 0 12 0 6 6 0 1 0-12 0M8.500 5v4l2.500 1.500",
    "branch": "M8.500 2l6 6.500-6 6.500-6-6.500z",
    "split": "M8.500 15V9M8.500 9L3 3M8.500 9L14 3M3 7V3h4M10 3h4v4",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """One way of a card: its label in lines, and what is said about where it leads."""

    lines: tuple[str, ...]
    said: str  # "" for a way with a line of its own
    beside: bool  # whether both fit one line
    kind: Kind
    to: NodeId
    full: str

    @property
    def height(self) -> int:
        return 2 * ROW_PAD + LINE * (len(self.lines) + (1 if self.said and not self.beside else 0))


@dataclass(frozen=True, slots=True)
class _Card:
    """Everything that stands on one card."""

    spot: Spot
    title: tuple[str, ...]
    said: tuple[str, ...]
    rows: tuple[_Row, ...]

    @property
    def head(self) -> int:
        return PAD + 20 + 20 * len(self.title) + LINE * len(self.said) + 10

    @property
    def size(self) -> Size:
        lowest = max((y for row, y in self.ports() if row.kind == "side"), default=self.head)
        return Size(self.head + sum(row.height for row in self.rows), lowest)

    def ports(self) -> Iterator[tuple[_Row, int]]:
        """Each row with the height at which its line begins."""
        y = self.head
        for row in self.rows:
            yield row, y + ROW_PAD + LINE // 2
            y += row.height


def draw(
    picture: Picture,
    link: Callable[[Spot], str] | None = None,
    counts: Mapping[NodeId, int] | None = None,
    *,
    chosen: NodeId | None = None,
    panel: str = "",
    style: str = "",
) -> str:
    """The picture as one <svg>. link: address of a step; counts: how many stand at it.

    panel: what a link fills in the page (a selector) in place of a new page; style: for files, which have no stylesheet.
    """
    blocks = Blocks(picture)
    cards = {spot.id: _card(spot, blocks) for spot in picture.spots}
    placed = blocks.place(lambda id_: cards[id_].size)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" width="{placed.width + 2 * MARGIN}" '
        f'height="{placed.height + 2 * MARGIN}" viewBox="{-MARGIN} {-MARGIN} {placed.width + 2 * MARGIN} '
        f'{placed.height + 2 * MARGIN}" role="group" aria-label="{_attr(picture.title)}, step by step">',
        f"<style>{style}</style>" if style else "",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path class="tip" d="M0 0.500L8 4L0 7.500z"/></marker></defs>',
    ]
    for id_, card in cards.items():
        out += _lines(card, placed.places, blocks.below[id_])
    for id_, card in cards.items():
        number = (counts or {}).get(id_, 0)
        where = link(card.spot) if link and card.spot.number else ""
        out += _drawn(card, placed.places[id_], where, panel, number, chosen=id_ == chosen)
    return "".join([*out, "</svg>"])


def mermaid(picture: Picture) -> str:
    """The picture as a Mermaid flowchart, for documents that draw such."""
    names = {spot.id: f"s{spot.number}" for spot in picture.spots}
    ends = {end: f"end{n}" for n, end in enumerate(picture.ends)}
    lines = ["flowchart TD"]
    lines += [f'  {names[spot.id]}["{_quoted(" · ".join((spot.sort, spot.title, *spot.said)))}"]' for spot in picture.spots]
    used = {to for _, _, to in picture.edges}
    lines += [f'  {name}(["{_quoted(ENDS[picture.ends[end]])}"])' for end, name in ends.items() if end in used]
    for spot in picture.spots:
        for labels, to in [*((way.labels, way.to) for way in spot.ways), *([((), spot.then)] if spot.then is not None else [])]:
            target = names.get(to.removeprefix(AGAIN)) or ends.get(to, "")
            said = [*labels, "again"] if to.startswith(AGAIN) else list(labels)
            label = f'|"{_quoted(" · ".join(said))}"| ' if said else ""
            lines.append(f"  {names[spot.id]} {'-.->' if to.startswith(AGAIN) else '-->'}{label or ' '}{target}")
    return "\n".join(lines) + "\n"


def _card(spot: Spot, blocks: Blocks) -> _Card:
    before = "At any time: " if spot.kind == "start" else ""
    rows = [_row(before + " · ".join(way.labels), way.to, blocks, spot) for way in spot.ways]
    if spot.then is not None and blocks.kind(spot.id, spot.then) != "below":
        rows.append(_row("Otherwise" if rows else "Then", spot.then, blocks, spot))
    # Ways with a line come first, so that their blocks stand high; the highest leads farthest out and crosses none of the others.
    sides = blocks.sides[spot.id]
    rows.sort(key=lambda row: -sides.index(row.to) if row.kind == "side" else 1)
    said = tuple(line for words in spot.said for line in wrapped(words, SMALL, INNER, MOST_SAID))
    return _Card(spot, wrapped(spot.title, TITLE * BOLD, INNER, MOST_TITLE), said, tuple(rows))


def _row(label: str, to: NodeId, blocks: Blocks, spot: Spot) -> _Row:
    kind = blocks.kind(spot.id, to)
    said = ""
    if kind != "side":
        words = {"below": "goes on", "jump": f"on to {leads(blocks.picture, spot.id, to)}"}.get(kind)
        said = f"{MARKS[kind]} {words or leads(blocks.picture, spot.id, to)}"
    beside = not said or wide(label, SMALL) + wide(said, SMALL) + 12 <= INNER
    return _Row(wrapped(label, SMALL, INNER, MOST_LABEL), said, beside, kind, to, label)


def _lines(card: _Card, places: Mapping[NodeId, Place], below: NodeId | None) -> Iterator[str]:
    here = places[card.spot.id]
    for row, y in card.ports():
        if row.kind == "side":
            there = places[row.to]
            x, top = there.x + WIDTH // 2, there.y
            path = f"M{here.x + WIDTH} {here.y + y}H{x - ROUND}q{ROUND} 0 {ROUND} {ROUND}V{top - 2}"
            yield _line(path, card.spot.id, row.to)
    if below is not None:
        there = places[below]
        x, y, to = here.x + WIDTH // 2, here.y + card.size.height, there.x + WIDTH // 2
        if x == to:
            path = f"M{x} {y}V{there.y - 2}"
        else:
            bus = there.y - JOIN // 2
            path = f"M{x} {y}V{bus - ROUND}q0 {ROUND} {-ROUND} {ROUND}H{to + ROUND}q{-ROUND} 0 {-ROUND} {ROUND}V{there.y - 2}"
        yield _line(path, card.spot.id, below)


def _line(path: str, source: NodeId, target: NodeId) -> str:
    return f'<path class="line" d="{path}" marker-end="url(#tip)" data-from="{_attr(source)}" data-to="{_attr(target)}"/>'


def _drawn(card: _Card, at: Place, link: str, panel: str, count: int, *, chosen: bool) -> Iterator[str]:
    spot, high = card.spot, card.size.height
    inside = f", {count:,} here now" if count else ""
    name = f"{spot.number}. {spot.sort}: {spot.title}{inside}" if spot.number else f"{spot.sort}: {spot.title}"
    classes = f"step {spot.kind}{' chosen' if chosen else ''}"
    tag = "a" if link else "g"
    where = f' href="{_attr(link)}" aria-label="{_attr(name)}"' if link else ""
    if link and panel:
        where += f' hx-get="{_attr(link)}" hx-target="{_attr(panel)}" hx-swap="innerHTML"'
    yield f'<{tag} class="{classes}"{where} data-step="{_attr(spot.id)}" transform="translate({at.x} {at.y})">'
    yield f"<title>{escape(name)}</title>" if tag == "g" else ""
    yield f'<rect class="card" width="{WIDTH}" height="{high}" rx="{ROUND}"/>'
    yield f'<path class="band" d="M5 1.920A9.500 9.500 0 0 0 0.500 10V{high - 10}A9.500 9.500 0 0 0 5 {high - 1.92:g}z"/>'
    yield f'<path class="icon" transform="translate({PAD + 2} {PAD - 3})" d="{ICONS[spot.kind]}"/>'
    yield _text(PAD + 25, PAD + 10, "sort", _cut(f"{spot.number} · {spot.sort}" if spot.number else spot.sort, SMALL, INNER - 75))
    if count:
        words = f"{count:,} here"
        size = wide(words, SMALL) + 14
        yield f'<rect class="here" x="{WIDTH - PAD - size + 4}" y="{PAD - 5}" width="{size}" height="20" rx="10"/>'
        yield _text(WIDTH - PAD + 4 - size // 2, PAD + 9, "count", words)
    y = PAD + 34
    for line in card.title:
        yield _text(PAD + 2, y, "title", line)
        y += 20
    y -= 1
    for line in card.said:
        yield _text(PAD + 2, y, "said", line)
        y += LINE
    for row, port in card.ports():
        yield from _ways(row, port, spot.id)
    yield f"</{tag}>"


def _ways(row: _Row, port: int, source: NodeId) -> Iterator[str]:
    top = port - LINE // 2 - ROW_PAD
    yield f'<g class="way {row.kind}" data-from="{_attr(source)}" data-to="{_attr(row.to)}" data-label="{_attr(row.full)}">'
    yield f'<path class="rule" d="M{ROUND} {top}H{WIDTH - 0.5}"/>'
    y = port + 4
    for line in row.lines:
        yield _text(PAD + 2, y, "label", line)
        y += LINE
    if row.said:
        yield _text(WIDTH - PAD, port + 4 if row.beside else y, "leads", row.said)
    if row.kind == "side":
        yield f'<circle class="port" cx="{WIDTH}" cy="{port}" r="4"/>'
    yield "</g>"


def _text(x: float, y: float, kind: str, words: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(words)}</text>'


# -- how wide words are ---------------------------------------------------------------------------------------------------


def wide(words: str, size: float) -> int:
    """At most so many px in any usual typeface: nothing measures text on a server."""
    return int(sum(_em(sign) for sign in words) * size) + 1


def wrapped(words: str, size: float, most: int, lines: int) -> tuple[str, ...]:
    """The words in at most so many lines of that width; what does not fit ends in "…"."""
    found: list[str] = []
    line = ""
    for word in _clean(words).split():
        if line and wide(f"{line} {word}", size) > most:
            found.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    found.append(line)
    if len(found) > lines:
        found = [*found[: lines - 1], " ".join(found[lines - 1 :])]
    return tuple(_cut(line, size, most) for line in found if line)


def _cut(words: str, size: float, most: int) -> str:
    words = _clean(words)
    if wide(words, size) <= most:
        return words
    while words and wide(words + "…", size) > most:
        words = words[:-1]
    return words.rstrip() + "…"


def _em(sign: str) -> float:
    if sign in "iljtfrI.,:;'|!()[] ":
        return 0.38
    if unicodedata.east_asian_width(sign) in "WF" or ord(sign) > 0x2FFF:
        return 1.3
    if sign in "mwMW@%—…↻→↓■&":
        return 0.95
    return 0.74 if sign.isupper() else 0.6


def _clean(words: str) -> str:
    """Without signs that nobody sees or that turn the direction of text."""
    return "".join(sign if unicodedata.category(sign)[0] != "C" else " " for sign in words)


def _attr(words: str) -> str:
    return escape(_clean(words), quote=True)


def _quoted(words: str) -> str:
    """For a label of Mermaid, which has no escapes but entities."""
    return _clean(words).replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
