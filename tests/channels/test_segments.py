"""How many messages a text costs, at the borders where one character doubles the price."""

from __future__ import annotations

import pytest

from orchestrator.channels.segments import BASIC, segments


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", "GSM-7", 0, 1),
        ("x" * 160, "GSM-7", 160, 1),
        ("x" * 161, "GSM-7", 161, 2),
        ("x" * 306, "GSM-7", 306, 2),
        ("x" * 307, "GSM-7", 307, 3),
        ("Ärger über Ñandù? £5 ¿Δ", "GSM-7", 23, 1),
        ("€" * 80, "GSM-7", 160, 1),  # each takes two
        ("€" * 80 + "x", "GSM-7", 161, 2),
        ("x" * 152 + "€" + "x" * 10, "GSM-7", 164, 2),  # the pair does not fit the first message any more
        ("x" * 152 + "€" + "x" * 151, "GSM-7", 305, 2),
        ("x" * 152 + "€" + "x" * 152, "GSM-7", 306, 3),  # 306 units fit two messages only when no pair stands on the border
        ("ж" * 70, "UCS-2", 70, 1),
        ("ж" * 71, "UCS-2", 71, 2),
        ("ж" * 134, "UCS-2", 134, 2),
        ("ж" * 135, "UCS-2", 135, 3),
        ("\U0001f44b" * 35, "UCS-2", 70, 1),
        ("\U0001f44b" * 36, "UCS-2", 72, 2),
        ("ж" * 66 + "\U0001f44b" + "ж" * 66, "UCS-2", 134, 3),
    ],
)
def test_a_text_costs_so_many_messages(text: str, encoding: str, units: int, count: int) -> None:
    found = segments(text)

    assert (found.encoding, found.units, found.count) == (encoding, units, count)


@pytest.mark.parametrize("foreign", ["\u00a0", "’", "“", "–", "…", "ç", "á", "\t", "👋", "\u200b"])
def test_one_foreign_character_makes_the_whole_text_dear_and_is_named(foreign: str) -> None:
    found = segments("x" * 100 + foreign)

    assert found.encoding == "UCS-2"
    assert found.count == 2
    assert found.first_foreign == foreign


def test_the_alphabet_has_its_127_characters_without_the_escape() -> None:
    assert len(BASIC) == 127
