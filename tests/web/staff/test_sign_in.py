"""People come in with their name and password, and nobody else does."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from orchestrator.access.limits import (
    ADDRESS_MOST,
    CODE_DAY_MOST,
    CODE_MOST,
    DEVICE_MOST,
    NAME_MOST,
    WINDOW,
    Whence,
    network,
    prune,
)
from orchestrator.access.seals import Seals
from orchestrator.access.signing_in import Browser, SigningIn
from orchestrator.core.roles import Role
from orchestrator.store import schema, staff
from tests.web.staff.office import Office
from tests.web.staff.ways_in import PASSWORD, Person, with_password

ELSEWHERE = "198.51.100.9"


def test_with_name_and_password_somebody_gets_where_they_wanted_to_go(office: Office) -> None:
    with_password(office, "ari")
    ari = Person(office)

    answer = ari.sign_in(" ARI ", then="/customers")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/customers")
    assert ari.is_in
    cookie = next(c for c in answer.headers.get_list("Set-Cookie") if c.startswith("touchpoint_session="))
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
    assert office.audit()[-1][:2] == ("ari", "session.begin")


@pytest.mark.parametrize(
    ("name", "password"), [("ari", "wrong password here"), ("nobody", PASSWORD), ("", ""), ("out", PASSWORD), ("new", "")]
)
def test_whatever_is_wrong_the_answer_is_the_same(office: Office, name: str, password: str) -> None:
    for known in ("ari", "out"):
        member = with_password(office, known)
    with office.parts.database.work() as work:
        staff.change(work, member.id, {"disabled_at": office.clock.now})
    office.member("new")  # invited, without a password yet
    somebody = Person(office)

    answer = somebody.sign_in(name, password)

    assert answer.status_code == 422
    assert "The name or the password is wrong." in answer.text
    assert not somebody.is_in


@pytest.mark.parametrize(
    "then", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/\t/evil.example", "", "/sign-out"]
)
def test_nobody_is_sent_elsewhere_by_a_link_to_our_sign_in(office: Office, then: str) -> None:
    with_password(office, "ari")

    assert Person(office).sign_in("ari", then=then).headers["Location"] == "/"


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
)
def test_another_site_cannot_sign_somebody_in(office: Office, headers: dict[str, str]) -> None:
    with_password(office, "ari")
    ari = Person(office)

    assert ari.post("/sign-in", headers=headers, name="ari", password=PASSWORD).status_code == 403
    assert not ari.is_in


def test_a_form_of_another_browser_signs_nobody_in(office: Office) -> None:
    with_password(office, "ari")
    theirs, ours = Person(office), Person(office)
    token = theirs.get("/sign-in").text.split('name="token" value="')[1].split('"')[0]
    ours.get("/sign-in")

    for given in (token, "", "made-up"):
        fields = {"token": given, "name": "ari", "password": PASSWORD}
        assert ours.browser.post("/sign-in", data=fields, follow_redirects=False).status_code == 403
    assert not ours.is_in


def test_each_sign_in_has_a_session_of_its_own_and_ends_the_one_before(office: Office) -> None:
    with_password(office, "ari")
    ari = Person(office)
    ari.sign_in("ari")
    first = ari.browser.cookies["touchpoint_session"]

    with office.parts.database.work() as work:
        member = staff.by_name(work, "ari")
        assert member is not None
        browser = Browser(Whence("192.0.2.1"), "Firefox on Linux", first)
        second = SigningIn(office.parts).let_in(work, member, "password", browser, office.clock.now).session

    assert second != first
    assert not ari.is_in


def test_signing_out_ends_the_session_and_not_only_the_cookie(office: Office) -> None:
    with_password(office, "ari")
    ari = Person(office)
    ari.sign_in("ari")
    cookie = ari.browser.cookies["touchpoint_session"]

    assert ari.send("/sign-out").headers["Location"] == "/sign-in"

    assert not ari.is_in
    ari.browser.cookies.set("touchpoint_session", cookie)
    assert not ari.is_in


def test_a_session_is_over_after_a_shift_and_after_a_long_break(office: Office) -> None:
    with_password(office, "ari")
    ari = Person(office)
    ari.sign_in("ari")

    office.clock.now += timedelta(hours=3, minutes=59)
    assert ari.is_in
    office.clock.now += timedelta(hours=4, minutes=1)
    assert not ari.is_in


# -- limits ---------------------------------------------------------------------------------------------------------


def _fail(person: Person, name: str, times: int) -> int:
    """Answers the status of the last."""
    return [int(person.sign_in(name, "wrong password here").status_code) for _ in range(times)][-1]


def _rows(office: Office, name: str, source: str, times: int) -> None:
    """Tries that failed, without the slow hash of each."""
    digest = Seals(office.parts.database).digest("name", name)
    with office.parts.database.work() as work:
        for _ in range(times):
            work.connection.execute(schema.sign_in_failure.insert().values(name_hash=digest, source=source, at=office.clock.now))


def test_a_guesser_is_stopped_and_told_when_to_come_back(office_on_both: Office) -> None:
    office = office_on_both
    with_password(office, "ari")
    _rows(office, "ari", "192.0.2.1", NAME_MOST - 1)
    guesser = Person(office, ELSEWHERE)
    assert _fail(guesser, "ari", 1) == 422

    answer = guesser.sign_in("ari")  # the right one, at last

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= WINDOW.total_seconds() + 1
    assert "Too many tries" in answer.text
    assert not guesser.is_in


def test_strangers_cannot_lock_somebody_out_of_their_own_device(office_on_both: Office) -> None:
    office = office_on_both
    with_password(office, "ari")
    ari = Person(office, ELSEWHERE)
    ari.sign_in("ari")
    ari.send("/sign-out")
    _rows(office, "ari", "192.0.2.1", NAME_MOST)
    _rows(office, "others", ELSEWHERE, ADDRESS_MOST)

    assert Person(office, "192.0.2.77").sign_in("ari").status_code == 429
    assert ari.sign_in("ari").status_code == 303


def test_a_device_is_known_for_the_names_that_signed_in_there_only(office: Office) -> None:
    with_password(office, "ari")
    with_password(office, "kim")
    ari = Person(office)
    ari.sign_in("ari")
    ari.send("/sign-out")
    _rows(office, "kim", "192.0.2.1", NAME_MOST)

    assert ari.sign_in("kim").status_code == 429


def test_a_known_device_guesses_no_further_than_ten_times(office: Office) -> None:
    with_password(office, "ari")
    thief = Person(office)
    thief.sign_in("ari")
    thief.send("/sign-out")
    device = _last_source(office, thief)
    _rows(office, "ari", device, DEVICE_MOST - 1)

    assert thief.sign_in("ari").status_code == 429
    office.clock.now += WINDOW + timedelta(seconds=1)
    assert thief.sign_in("ari").status_code == 303


def _last_source(office: Office, person: Person) -> str:
    person.sign_in("ari", "wrong password here")
    return str(office.rows(select(schema.sign_in_failure.c.source))[-1].source)


def test_one_address_may_not_try_everybody(office: Office) -> None:
    with_password(office, "ari")
    for n in range(ADDRESS_MOST):
        _rows(office, f"name-{n}", "198.51.100.9", 1)

    assert Person(office, ELSEWHERE).sign_in("ari").status_code == 429
    assert Person(office, "203.0.113.7").sign_in("ari").status_code == 303


def test_the_table_of_failures_names_nobody_and_is_emptied(office: Office) -> None:
    _fail(Person(office), "my password by mistake", 1)
    assert "mistake" not in repr(office.rows(select(schema.sign_in_failure)))

    office.clock.now += timedelta(days=1, minutes=1)
    prune(office.parts)

    assert office.rows(select(schema.sign_in_failure)) == []


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.9", "198.51.100.9"),
        ("fe80::1%eth0", "fe80::/64"),
        ("x", "nowhere"),
    ],
)
def test_ipv6_is_counted_by_its_network(address: str, counted: str) -> None:
    assert network(address) == counted


# -- codes ----------------------------------------------------------------------------------------------------------


def _with_code(office: Office) -> tuple[Person, pyotp.TOTP]:
    """Ari switches a code on, by the page."""
    with_password(office, "ari", Role.LEAD)
    ari = Person(office)
    ari.sign_in("ari")
    page = ari.get("/account/code").text
    assert "data:image/svg+xml" in page
    made = pyotp.TOTP("".join(page.split('class="mono">')[1].split("<")[0].split()))
    set_up = page.split('name="set_up" value="')[1].split('"')[0]
    assert (
        ari.send("/account/code", set_up=set_up, code="000000" if made.at(office.clock.now) != "000000" else "1").status_code
        == 422
    )
    assert ari.send("/account/code", set_up=set_up, code=made.at(office.clock.now)).status_code == 303
    ari.send("/sign-out")
    return ari, made


def test_with_a_code_the_password_alone_lets_nobody_in(office: Office) -> None:
    ari, made = _with_code(office)
    office.clock.now += timedelta(seconds=60)

    assert ari.sign_in("ari", then="/board").headers["Location"] == "/sign-in/code?then=/board"
    assert not ari.is_in
    wrong = ari.post("/sign-in/code", code="12345")
    assert (wrong.status_code, ari.is_in) == (422, False)
    right = ari.post("/sign-in/code", code=made.at(office.clock.now), then="/board")

    assert (right.status_code, right.headers["Location"]) == (303, "/board")
    assert ari.is_in


def test_a_code_is_never_taken_twice(office: Office) -> None:
    ari, made = _with_code(office)
    used = made.at(office.clock.now)  # to switch it on

    ari.sign_in("ari")

    assert ari.post("/sign-in/code", code=used).status_code == 422
    assert not ari.is_in


def test_half_a_sign_in_is_over_after_five_minutes(office: Office) -> None:
    ari, made = _with_code(office)
    ari.sign_in("ari")
    office.clock.now += timedelta(minutes=5, seconds=1)

    assert ari.get("/sign-in/code").headers["Location"] == "/sign-in"
    assert ari.post("/sign-in/code", form="/sign-in", code=made.at(office.clock.now)).headers["Location"] == "/sign-in"
    assert not ari.is_in


def test_codes_cannot_be_guessed_on_and_on(office: Office) -> None:
    ari, made = _with_code(office)
    office.clock.now += timedelta(minutes=20)
    ari.sign_in("ari")
    for _ in range(CODE_MOST):
        assert ari.post("/sign-in/code", code="12345").status_code == 422

    assert ari.post("/sign-in/code", code=made.at(office.clock.now)).status_code == 429


def test_a_thief_of_the_password_locks_nobody_out_of_the_device_they_know(office: Office) -> None:
    ari, made = _with_code(office)
    thief = Person(office, ELSEWHERE)
    for _ in range(CODE_DAY_MOST // CODE_MOST):
        office.clock.now += timedelta(minutes=16)
        thief.sign_in("ari")
        for _ in range(CODE_MOST):
            assert thief.post("/sign-in/code", code="12345").status_code == 422
    thief.sign_in("ari")
    assert thief.post("/sign-in/code", code="12345").status_code == 429, "the thief is stopped"

    ari.sign_in("ari")
    right = ari.post("/sign-in/code", code=made.at(office.clock.now))

    assert (right.status_code, ari.is_in) == (303, True)


def test_the_code_is_switched_off_with_the_password(office: Office) -> None:
    ari, made = _with_code(office)
    office.clock.now += timedelta(seconds=60)
    ari.sign_in("ari")
    ari.post("/sign-in/code", code=made.at(office.clock.now))

    assert ari.send("/account/code/off", current="not my password").status_code == 422
    assert ari.send("/account/code/off", current=PASSWORD).status_code == 303
    ari.send("/sign-out")
    assert ari.sign_in("ari").headers["Location"] == "/"
