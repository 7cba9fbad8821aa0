"""Whether a telephone number may be dialled or texted at all: nobody's, expensive ones and other countries' may not. Pure."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

SATELLITE = frozenset({870, 881, 882, 883})  # and other networks of no country


def why_not(number: str, countries: Collection[str]) -> str | None:
    """Why a number may not be dialled, in words for the journal; None when it may.

    number: E.164. countries: two letters each, e.g. {"US", "CA"}; empty allows all. The number itself is never in the answer.
    Numbers for fiction, such as +1 555 …, belong to nobody: they pass as numbers of any country with their code, for rehearsals.
    """
    if not number:
        return "there is no number"
    return _why_not(number, frozenset(c.upper() for c in countries))


@lru_cache(maxsize=8192)
def _why_not(number: str, countries: frozenset[str]) -> str | None:
    import phonenumbers  # here, because the import takes 0.1 s and 20 MB
    from phonenumbers import PhoneNumberType as Kind

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return "it is not a telephone number"
    code = parsed.country_code or 0
    if code in SATELLITE:
        return "it is a satellite number or of no country"
    if not number.startswith("+") or not phonenumbers.is_possible_number(parsed):
        return "it is not a possible telephone number"
    expensive = {
        Kind.PREMIUM_RATE: "it is a premium-rate number",
        Kind.SHARED_COST: "it is a shared-cost number",
        Kind.TOLL_FREE: "it is a toll-free number, which is nobody's own",
        Kind.UAN: "it is a company's service number, which is nobody's own",
        Kind.VOICEMAIL: "it is the number of a voicemail service",
        Kind.PAGER: "it is a pager",
    }
    refused: str | None = expensive.get(phonenumbers.number_type(parsed))
    if refused is not None:
        return refused
    regions = phonenumbers.region_codes_for_country_code(code)
    if not regions or regions == ("001",):
        return "it is a number of no country"
    if phonenumbers.is_valid_number(parsed):
        region = phonenumbers.region_code_for_number(parsed)
        here = {region} if region else set(regions)
    elif _fictional(number):
        here = set(regions)
    else:
        return "no such number is in use"
    if countries and not here & countries:
        return f"numbers of {', '.join(sorted(here)[:3])} are not among the allowed countries"
    return None


def _fictional(number: str) -> bool:
    """+1 555 …, and +1 AAA 555 01NN: set aside for films and rehearsals."""
    return len(number) == 12 and (number.startswith("+1555") or (number.startswith("+1") and number[5:10] == "55501"))
