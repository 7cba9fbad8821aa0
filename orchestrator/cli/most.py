"""`touchpoint check --most`: the most contacts that anybody can get, as tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from orchestrator.lint.caps import contacts_words
from orchestrator.lint.most import KINDS, PERIODS, CapVerdict, Counts, MostContacts
from orchestrator.lint.text import printable


def as_json(most: MostContacts) -> dict[str, Any]:
    """The same for programs: numbers by kind and period; null: not known, or for `allowed`: no cap."""
    return {
        "playbooks": {name: _plain(counts) for name, counts in most.playbooks.items()},
        "one_of_each": _plain(most.together),
        "allowed": _plain(most.allowed),
        "caps": [
            {"most": v.cap.most, "per": v.cap.per, "of": v.cap.of, "held_back": v.says, "alone": v.alone, "one_of_each": v.together,
             "example": v.example}
            for v in most.caps
        ],
    }  # fmt: skip


def shown(most: MostContacts) -> Iterator[Table | Text]:
    """The table of counts, and a line with an example for each cap."""
    table = Table("the most on one day / within seven days", *KINDS, box=None, pad_edge=False)
    for name, counts in most.playbooks.items():
        table.add_row(name, *_cells(counts, "?"))
    table.add_section()
    table.add_row("one of each, added up", *_cells(most.together, "?"))
    table.add_row("the house allows", *_cells(most.allowed, "-"))
    yield table
    for verdict in most.caps:
        yield Text(f"\n{_words(verdict)}")
        if verdict.example:
            yield Text(f"  for example: {printable(verdict.example)}")


def _words(verdict: CapVerdict) -> str:
    cap = f"At most {verdict.cap.most} {contacts_words(verdict.cap)}:"
    match verdict.says:
        case "never":
            return f"{cap} holds nobody back who goes through each playbook once."
        case "alone":
            return f"{cap} can hold back a playbook by itself."
        case "beside":
            return f"{cap} can hold back playbooks beside each other."
    return f"{cap} whether it holds a playbook back is not known: lint found no example, and no proof that there is none."


def _cells(counts: Counts, without: str) -> Iterator[str]:
    for kind in KINDS:
        numbers = [counts[kind, per] for per in PERIODS]
        yield " / ".join(without if number is None else str(number) for number in numbers)


def _plain(counts: Counts) -> dict[str, dict[str, int | None]]:
    return {kind: {per: counts[kind, per] for per in PERIODS} for kind in KINDS}
