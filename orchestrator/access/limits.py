"""How often signing in may fail, so that nobody guesses a password and nobody locks somebody else out.

A browser that signed a name in before is a known device of that name (a signed cookie says so). It has a count of its own that
strangers cannot touch. Everybody else is counted by address and, all addresses together, by name: so a guesser with many addresses
is stopped too, and the most that he achieves is that the person cannot use a *new* device for a quarter of an hour.
A try counts from its beginning and is forgiven when it succeeds: a hundred at once are counted as a hundred.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.access.seals import Seals
from orchestrator.parts import Parts
from orchestrator.store import sign_ins
from orchestrator.store.database import Work

WINDOW = timedelta(minutes=15)
DEVICE_MOST = 10  # one name on a device it knows: somebody who tries all the passwords they ever had
ADDRESS_MOST = 40  # one address, all names: an office whose twenty people all start on new browsers and mistype twice
NAME_MOST = 10  # one name from unknown devices, all addresses: 960 guesses a day, at passwords of twelve characters
CODE_MOST = 5  # codes for one name on one known device, or from all others: whoever gets there knows the password already
CODE_DAY_MOST = 20  # 20 guesses a day hit one of three valid codes of a million once in 45 years
DEVICE_LASTS = timedelta(days=180)  # longer than anybody's holidays
NAMES_ON_A_DEVICE = 8  # a desk that is shared; the oldest is forgotten
SESSIONS_STAY = timedelta(days=30)  # rows of sessions that are over
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Whence:
    """Where a try comes from."""

    address: str  # as the server sees it
    device: str = ""  # the device cookie, if there was one


@dataclass(frozen=True, slots=True)
class Charged:
    """The try counts until it is forgiven."""

    number: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many failed: come back after this."""

    seconds: int


class Limits:
    """Counts tries. Safe to use from several threads and processes: the counts are in the database."""

    def __init__(self, parts: Parts, seals: Seals) -> None:
        self._parts, self._seals = parts, seals

    def charge(self, name: str, whence: Whence, now: datetime) -> Charged | Wait:
        """One try of a password for this name."""
        name_hash = self._seals.digest("name", name)
        device = self._device(whence.device, name_hash, now)
        source = f"{sign_ins.KNOWN}{device}" if device else network(whence.address)

        def count(work: Work) -> Charged | Wait:
            sign_ins.one_after_the_other(work, [source, name_hash])
            since = now - WINDOW
            if device:
                full = sign_ins.of_device(work, source, name_hash, since, DEVICE_MOST)
            else:
                by_address = sign_ins.of_source(work, source, since, ADDRESS_MOST)
                by_name = sign_ins.of_strangers(work, name_hash, since, NAME_MOST)
                full = max((at for at in (by_address, by_name) if at), default=None)
            if full is not None:
                return Wait(_seconds(full + WINDOW - now))
            return Charged(sign_ins.put(work, name_hash, source, now))

        return self._parts.database.run(count)

    def charge_code(self, name: str, whence: Whence, now: datetime) -> Charged | Wait:
        """One try of a code, by somebody who knew the password: a thief of it uses up no try of a device that signed the name in before."""
        name_hash = self._seals.digest("code", name)
        device = self._device(whence.device, self._seals.digest("name", name), now)
        source = f"{sign_ins.KNOWN}{device}" if device else "code"

        def count(work: Work) -> Charged | Wait:
            sign_ins.one_after_the_other(work, [name_hash])
            for most, within in ((CODE_DAY_MOST, _DAY), (CODE_MOST, WINDOW)):
                since = now - within
                if device:
                    full = sign_ins.of_device(work, source, name_hash, since, most)
                else:
                    full = sign_ins.of_strangers(work, name_hash, since, most)
                if full is not None:
                    return Wait(_seconds(full + within - now))
            return Charged(sign_ins.put(work, name_hash, source, now))

        return self._parts.database.run(count)

    def charge_set_up(self, name: str, now: datetime) -> Charged | Wait:
        """One try of the first code of an app, by somebody who is signed in."""
        return self._charge_here(self._seals.digest("code", name), CODE_MOST, now)

    def charge_own(self, name: str, now: datetime) -> Charged | Wait:
        """One try of their own password by somebody who is signed in: whoever sits down at a desk left open guesses no further than here."""
        return self._charge_here(self._seals.digest("own", name), DEVICE_MOST, now)

    def _charge_here(self, name_hash: str, most: int, now: datetime) -> Charged | Wait:
        source = f"{sign_ins.KNOWN}own"

        def count(work: Work) -> Charged | Wait:
            sign_ins.one_after_the_other(work, [name_hash])
            full = sign_ins.of_device(work, source, name_hash, now - WINDOW, most)
            return Wait(_seconds(full + WINDOW - now)) if full else Charged(sign_ins.put(work, name_hash, source, now))

        return self._parts.database.run(count)

    def forgive(self, work: Work, charged: Charged) -> None:
        """It succeeded."""
        sign_ins.forgive(work, charged.number)

    def device_for(self, name: str, cookie: str, now: datetime) -> str:
        """The cookie of a device that has just signed this name in; what it knew before stays known."""
        known = self._seals.read("device", cookie, now) or {"device": secrets.token_urlsafe(16), "names": []}
        short = self._seals.digest("name", name)[:16]
        names = [short, *(n for n in known["names"] if n != short)][:NAMES_ON_A_DEVICE]
        return self._seals.put("device", {"device": known["device"], "names": names}, now + DEVICE_LASTS)

    def _device(self, cookie: str, name_hash: str, now: datetime) -> str | None:
        """The device's own name when it has signed this name in before."""
        known: Mapping[str, str] | None = self._seals.read("device", cookie, now)
        return known["device"] if known is not None and name_hash[:16] in known["names"] else None


def network(address: str) -> str:
    """What counts as one address: of IPv6 the first 64 bits, for everybody gets so many to choose from."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "nowhere"
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def prune(parts: Parts) -> int:
    """Remove what no limit counts any more, and sessions that have long been over. The sweep calls it."""
    now = parts.clock()
    return parts.database.run(lambda work: sign_ins.prune(work, now - _DAY, now - SESSIONS_STAY))


def _seconds(left: timedelta) -> int:
    return max(1, int(left.total_seconds()) + 1)
