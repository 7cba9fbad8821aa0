"""What is left on the desk when the six weeks are over, for whoever watches: calls worth making, to people who answer in their own way.

How each of them takes a call is in the last two digits of their number: carrier/people.py.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from orchestrator.demo.company import HERE, Diary, Person, moment

DAY = date(2026, 12, 3)  # two business days before the Monday on which the story ends
PROMISED_FOR = date(2026, 12, 7)  # that Monday
# first name, the rest of it, number, language, what the quote was for, how much
_PEOPLE = (
    ("Rosa", "Delgado", "+18725550101", "en-US", "the kitchen floor", 5200),
    ("Walter", "Brandt", "+14645550102", "en-US", "two skylights", 3100),  # a machine: leave a voicemail, and a text follows
    ("Lucía", "Fernández", "+13315550101", "es-US", "la cocina", 4400),
    ("Hank", "O'Neill", "+12245550103", "en-US", "the garage door", 1850),  # busy: try again later
    ("Mei", "Tanaka", "+18475550101", "en-US", "the front steps", 2250),
    ("Abdul", "Rahimi", "+17085550104", "en-US", "a new fence", 2900),  # lets it ring
    ("Ingrid", "Olsen", "+18155550115", "en-US", "the chimney", 6100),
    ("Theo", "Marsh", "+16305550110", "en-US", "the storm windows", 7300),  # picks up and hangs up at once
    ("Bettina", "Kraus", "+16185550101", "en-US", "the rain barrel", 940),
)
_PROMISED = ("Yusuf", "Demir", "+12175550101", "en-US", "the sun room blinds", 2650)
_EVERYTHING = dict.fromkeys(("email", "text", "call"), "service")


def leave_on_the_desk(diary: Diary) -> dict[str, tuple[str, date]]:
    """Calls that fall due on that Monday. Answers what staff promise on calls before, by subject: in words, and for which day."""
    for n, one in enumerate(_PEOPLE):
        _quote(diary, n, one, moment(DAY, f"09:{7 + 5 * n:02d}", HERE))
    subject = _quote(diary, len(_PEOPLE), _PROMISED, moment(date(2026, 12, 1), "09:20", HERE))
    diary.endings[subject] = ("completed",)
    return {subject: ("Send a quote for the two windows alone", PROMISED_FOR)}


def _quote(diary: Diary, n: int, one: tuple[str, str, str, str, str, int], at: Any) -> str:
    first, last, phone, locale, work, amount = one
    address = f"desk{n}@customers.example.com"
    person = Person(f"C-{401 + n}", f"{first} {last}", first, phone, address, HERE, _EVERYTHING, locale)
    return diary.quote(person, at, amount, work)
