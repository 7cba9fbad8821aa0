"""Duties that the words must keep are kept only by what everybody reads or hears: not by what may stay unsaid."""

from __future__ import annotations

import pytest

from tests.lint.designs import found, planted

MARKETING, NAMELESS = planted("18-marketing-without-stop.yaml"), planted("17-nameless-voicemail.yaml")


def codes(text: str, instead: str, path: str) -> set[str]:
    """What lint says when these are the words."""
    before, mark, _ = text.partition(f"--- file: {path}\n")
    assert mark, "the planted file has the words"
    return {finding.code for finding in found(f"{before}{mark}{instead}\n")}


@pytest.mark.parametrize(
    "words",
    [
        "{% comment %}Reply STOP{% endcomment %}An offer",
        "{% for i in (1..0) %}Reply STOP{% endfor %}An offer",
        "{% if subject.key == 'x' %}Reply STOP to get no more texts{% endif %}An offer",
        "{% if subject.key == 'x' %}Reply STOP{% elsif subject.key == 'y' %}Reply STOP{% endif %}An offer",
        "{% case subject.key %}{% when 'x' %}Reply STOP{% endcase %}An offer",
        "{{ subject.key | default: 'Reply STOP' }} An offer",
        "{% if subject.key == 'x' %}{% break %}{% endif %}Reply STOP",
        "Do not STOP reading our offers",
    ],
)
def test_a_way_out_that_some_customers_never_read_is_none(words: str) -> None:
    assert "TP322" in codes(MARKETING, words, "texts/planted.md")


@pytest.mark.parametrize(
    "words",
    [
        "An offer. Reply STOP to get no more texts",
        "An offer. Text STOP to opt out.",
        "An offer. STOP to end",
        "Oferta. Responda STOP para no recibir mas",
        "{% if subject.key == 'x' %}Reply STOP{% else %}Text STOP{% endif %}",
        "{% for i in (1..2) %}{% break %}{% endfor %}Reply STOP",
    ],
)
def test_a_way_out_that_everybody_reads_is_one(words: str) -> None:
    assert "TP322" not in codes(MARKETING, words, "texts/planted.md")


@pytest.mark.parametrize(
    "words",
    [
        "{% if subject.key == 'x' %}This is {{ house.name }}, {{ house.phone }}.{% endif %} Hello",
        "{% comment %}{{ house.name }} 312 555 0100{% endcomment %} Hello",
        "{% for i in (1..0) %}{{ house.name }} {{ house.phone }}{% endfor %}Hello",
        "{% assign n = house.name %}{% assign p = house.phone %}Hello",
        "{{ house.name | size }} {{ house.phone | size }} Hello",
    ],
)
def test_a_name_and_a_number_that_some_customers_never_hear_do_not_count(words: str) -> None:
    assert {"TP311", "TP312"} <= codes(NAMELESS, words, "voicemails/planted.md")


@pytest.mark.parametrize(
    "words",
    [
        "{{ house.name | upcase }} here, {{ house.phone }}",
        "{% if subject.key == 'x' %}{{ house.name }} {{ house.phone }}{% else %}{{ house.name }}, 312 555 0100{% endif %}",
    ],
)
def test_a_name_and_a_number_that_everybody_hears_count(words: str) -> None:
    assert not {"TP311", "TP312"} & codes(NAMELESS, words, "voicemails/planted.md")
