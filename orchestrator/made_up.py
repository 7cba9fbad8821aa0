"""Imaginary contact points for logs that have none: the same for the same customer, and nobody's in real life.

Numbers are of the block 555-0100 … 555-0199 that North America keeps for fiction; addresses are below example.com (RFC 2606).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping

AREA_CODES = (
    "201", "202", "206", "212", "213", "214", "215", "216", "267", "302", "303", "305", "312", "313", "314", "315", "317", "404",
    "405", "407", "412", "414", "415", "503", "504", "505", "510", "512", "513", "515", "601", "602", "603", "605", "606", "608",
    "612", "614", "615", "616", "617", "701", "702", "704", "713", "716", "717", "718", "801", "802", "803", "804", "808", "816",
    "901", "904", "907", "913", "916", "919",
)  # fmt: skip
FIRST_NAMES = (
    "Ada", "Amir", "Ana", "Ben", "Carla", "Chen", "Dana", "Elif", "Femi", "Grace", "Hugo", "Ines", "Ivan", "Jo", "Kofi", "Lena", "Luca",
    "Maya", "Nadia", "Omar", "Priya", "Quinn", "Rosa", "Sam", "Tariq", "Uma", "Vera", "Wes", "Yara", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Adler", "Brandt", "Castro", "Diaz", "Evans", "Fischer", "Garcia", "Haddad", "Ito", "Jansen", "Khan", "Lopez", "Meyer", "Nguyen",
    "Okafor", "Ortiz", "Park", "Quist", "Rossi", "Silva", "Tanaka", "Usman", "Varga", "Walker", "Xu", "Young", "Zeller",
)  # fmt: skip


def phone(ref: str) -> str:
    """One of 6,000 numbers, E.164; two customers may share one."""
    number = _chance(ref, "phone")
    return f"+1{AREA_CODES[number // 100 % len(AREA_CODES)]}55501{number % 100:02d}"


def email(ref: str) -> str:
    """An address that names the customer's id, so that a ledger can be read."""
    word = re.sub(r"[^a-z0-9]+", "-", ref.lower()).strip("-")[:48]
    if word != ref.lower():  # what was lost must not make two customers one
        word = f"{word}-{_chance(ref, 'email') % 10**8:08d}".strip("-")
    return f"{word}@customers.example.com"


def first_name(ref: str) -> str:
    """One of thirty."""
    return FIRST_NAMES[_chance(ref, "first") % len(FIRST_NAMES)]


def name(ref: str) -> str:
    """First and last name; the first is that of `first_name`."""
    return f"{first_name(ref)} {LAST_NAMES[_chance(ref, 'last') % len(LAST_NAMES)]}"


MADE_UP: Mapping[str, Callable[[str], str]] = {"name": name, "first_name": first_name, "email": email, "phone": phone}


def _chance(ref: str, what: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{what}/{ref}".encode()).digest()[:8], "big")
