"""Where a customer may be, and how numbers are written."""

from __future__ import annotations

import pytest

from orchestrator.core.zones import candidate_zones, normal_phone, zone_exists


@pytest.mark.parametrize(
    ("time_zone", "country", "phone", "expected"),
    [
        ("America/Chicago", "DE", "+6495551234", ("America/Chicago",)),  # their own comes first
        ("Europe/Atlantis", "NZ", None, ("Pacific/Auckland", "Pacific/Chatham")),  # no such zone: as if not given
        (None, "GB", "+13125550142", ("Europe/London",)),  # then the address
        (None, "gb", None, ("Europe/London",)),
        (None, None, "+13125550142", ("America/Chicago",)),  # then the number
        (None, "XX", "+13125550142", ("America/Chicago",)),
        (None, None, "+61891234567", ("Australia/Adelaide", "Australia/Perth")),
        (None, None, "+883510012345678", ()),  # a number of no place
        (None, None, "not a number", ()),
        (None, "ZZ", None, ()),  # "unknown region" has only Etc/… zones
        (None, None, None, ()),
        ("", "", "", ()),
    ],
)
def test_the_own_zone_then_the_address_then_the_number_then_nothing(
    time_zone: str | None, country: str | None, phone: str | None, expected: tuple[str, ...]
) -> None:
    assert sorted(candidate_zones(time_zone, country, phone)) == sorted(expected)


def test_an_american_address_may_be_anywhere_from_new_york_to_honolulu() -> None:
    zones = candidate_zones(None, "US", None)

    assert {"America/New_York", "America/Chicago", "America/Los_Angeles", "Pacific/Honolulu"} <= set(zones)


def test_a_toll_free_number_may_be_anywhere_in_its_numbering_plan() -> None:
    zones = candidate_zones(None, None, "+18002345678")

    assert {"America/St_Johns", "America/New_York", "Pacific/Honolulu", "Pacific/Guam"} <= set(zones)
    assert not [name for name in zones if not zone_exists(name)]


@pytest.mark.parametrize("name", ["America/Chicago", "Asia/Kolkata", "UTC"])
def test_a_zone_of_the_list_exists(name: str) -> None:
    assert zone_exists(name)


@pytest.mark.parametrize(
    "name",
    ["", "Chicago", "america/chicago", "America", "America/Chicago ", "../America/Chicago", "/etc/localtime", "CST-ish",
     "right/America/Chicago", "posixrules", "localtime", "Etc/Unknown", "Ame\0rica"],
)  # fmt: skip
def test_what_is_no_zone_does_not_exist_whatever_lies_in_the_folder(name: str) -> None:
    assert not zone_exists(name)


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("+1 (312) 555-0142", None, "+13125550142"),
        ("(312) 555-0142", "US", "+13125550142"),
        ("(312) 555-0142", "us", "+13125550142"),
        ("312-555-0142 ext. 7", "US", "+13125550142"),
        ("030 901820", "DE", "+4930901820"),
        ("+64 9 355 1234", "US", "+6493551234"),  # the plus decides, not the country
        ("(312) 555-0142", None, None),  # nobody knows where
        ("+1 312 555", "US", None),  # too short
        ("+1 112 555 0142", None, None),  # no such area
        ("911", "US", None),
        ("", "US", None),
        ("call me", "US", None),
        ("+" + "1" * 300, None, None),
    ],
)
def test_numbers_are_written_one_way_or_refused(text: str, country: str | None, expected: str | None) -> None:
    assert normal_phone(text, country) == expected
