"""Passwords: argon2id, slow on purpose, and at most two at once in a process. Length is what counts; there are no rules of composition."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestrator.errors import Problem

if TYPE_CHECKING:
    from pwdlib import PasswordHash

SHORTEST, LONGEST = 12, 200
# RFC 9106's second choice. 64 MiB and 0.1 s each: whoever steals the table pays that for every guess.
MEMORY_KIB, ROUNDS, LANES = 65_536, 3, 4
AT_ONCE = 2  # 128 MiB, and both cores of a small machine
WAITING = 8  # more than these are sent away: a flood of tries must not hold every thread of the web
# The hash of random bytes that nobody kept: an unknown name takes as long to refuse as a wrong password.
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$OugkpDLeftmyabiSegsHHw$JGRdjf2KDQZ/pOFRCB2ZXTYbhK49AivTq2rm0fXA688"
# The commonest of twelve characters and more in lists of leaked passwords, without those that repeat or count.
_COMMON = """
    password1234 password12345 password123456 passwordpassword mypassword123 password2024 password2025 password2026 passw0rd1234
    p@ssw0rd1234 p@ssword1234 qwertyuiop12 qwertyuiop123 qwertyuiop[] qwertyqwerty qwerty123456 qwerty12345678 qwertyasdfgh
    1qaz2wsx3edc 1q2w3e4r5t6y 1q2w3e4r5t6y7u qazwsxedcrfv zaq12wsxcde3 asdfghjkl123 zxcvbnm12345 iloveyou1234 iloveyouforever
    letmein12345 letmeinletmein welcome12345 welcome123456 welcome2024! welcome2025! welcome2026! changeme1234 changemenow1
    administrator administrator1 adminadmin12 admin1234567 admin12345678 football1234 baseball1234 princess1234 sunshine1234
    monkey123456 dragon123456 superman1234 trustno1trustno1 touchpoint12 touchpoint123 touchpointtouchpoint abcd12345678
    abc123456789 a1b2c3d4e5f6 correcthorsebatterystaple
"""
COMMON = frozenset(_COMMON.split())
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm")


class Busy(Exception):
    """So many passwords are being checked that this one has to come back in a moment."""


_slots = threading.BoundedSemaphore(AT_ONCE)
_places = threading.BoundedSemaphore(AT_ONCE + WAITING)


def hashed(password: str) -> str:
    """What is kept of a password. Raises Busy."""
    with _turn():
        return _argon().hash(_one_form(password))


def fits(password: str, hash_: str | None) -> bool:
    """Whether it is the password; a missing hash takes as long as a wrong password. Raises Busy."""
    with _turn():
        right = _argon().verify(_one_form(password[: LONGEST + 1]), hash_ or NOBODYS)
    return right and hash_ is not None


def problems_with(password: str, *names: str) -> Sequence[Problem]:
    """Why it cannot be a password; nothing when it can. names: of the member."""
    plain = _one_form(password)
    lower = plain.casefold()
    if len(plain) < SHORTEST:
        return [
            Problem(
                f"the password has fewer than {SHORTEST} characters", "four words that you remember are a good one", "password"
            )
        ]
    if len(plain) > LONGEST:
        return [Problem(f"the password has more than {LONGEST} characters", "", "password")]
    if lower in COMMON or len(set(lower)) < 4 or any(lower in row or lower in row[::-1] for row in _ROWS):
        return [
            Problem("this password is among the first that anybody would try", "take four words that you remember", "password")
        ]
    if any(lower.replace(" ", "") == name.casefold().replace(" ", "") for name in names):
        return [Problem("the password is the name", "take four words that you remember", "password")]
    return []


def _one_form(password: str) -> str:
    """The same letters whichever way the keyboard composes them."""
    return unicodedata.normalize("NFKC", password)


def _argon() -> PasswordHash:
    from pwdlib import PasswordHash  # here: the import is slow
    from pwdlib.hashers.argon2 import Argon2Hasher

    return PasswordHash((Argon2Hasher(time_cost=ROUNDS, memory_cost=MEMORY_KIB, parallelism=LANES),))


@contextmanager
def _turn() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        with _slots:
            yield
    finally:
        _places.release()
