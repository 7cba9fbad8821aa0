"""Where a customer may be: their own time zone, else the zones of their country, else those of their number."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo

# Files beside the time zones that are none: leap-second copies, the machine's own setting, a placeholder.
_NO_ZONES = ("right/", "posix/", "posixrules", "localtime", "Factory")


@lru_cache(maxsize=2048)
def zone_of(name: str) -> ZoneInfo | None:
    """The time zone of that name; None when there is none. Upper and lower case matter: "America/Chicago"."""
    if name.startswith(_NO_ZONES):
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # unknown; not a relative path; a folder such as "America"
        return None


def zone_exists(name: str) -> bool:
    """Whether a time zone of that name is known."""
    return zone_of(name) is not None


def candidate_zones(time_zone: str | None, country: str | None, phone: str | None) -> tuple[str, ...]:
    """Every time zone the customer may be in; empty means that only the house's strictest are left.

    time_zone: their own; one that does not exist counts as not given.
    country: of their address, two letters. phone: E.164, or as written when there is a country.
    A toll-free number has dozens of zones, from Guam to Newfoundland: no business hours are open in all of them.
    """
    if time_zone and zone_exists(time_zone):
        return (time_zone,)
    return (_country_zones(country) if country else ()) or (_number_zones(phone, country) if phone else ())


def normal_phone(text: str, country: str | None) -> str | None:
    """The number as E.164, e.g. "+13125550142"; None when it is not a possible and valid one.

    country: two letters, needed for numbers written without "+". An extension is dropped.
    """
    import phonenumbers  # here, because the import takes 0.1 s and 20 MB

    try:
        number = phonenumbers.parse(text, country.upper() if country else None)
    except phonenumbers.NumberParseException:
        return None
    if not (phonenumbers.is_possible_number(number) and phonenumbers.is_valid_number(number)):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=512)
def _country_zones(country: str) -> tuple[str, ...]:
    """The zones of a country, e.g. all 29 of the US, Hawaii included. Obsolete ones and Etc/… are left out."""
    from babel.core import get_global  # 30 ms

    names = get_global("territory_zones").get(country.strip().upper(), ())
    return _real(names)


@lru_cache(maxsize=8192)
def _number_zones(phone: str, country: str | None) -> tuple[str, ...]:
    """The zones of a number; empty when it is unreadable or belongs to no place, such as +883."""
    import phonenumbers
    from phonenumbers.timezone import time_zones_for_number  # never phonenumbers.geocoder: 4 s and 190 MB

    try:
        number = phonenumbers.parse(phone, country.upper() if country else None)
    except phonenumbers.NumberParseException:
        return ()
    return _real(time_zones_for_number(number))


def _real(names: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return tuple(name for name in names if not name.startswith("Etc/") and zone_exists(name))
