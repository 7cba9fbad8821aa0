"""GET, POST /sign-in: name and password, then a code where one is wanted; or the company's directory. /welcome: choosing a password."""

from __future__ import annotations

import logging
from datetime import timedelta
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from orchestrator.access import invitations, oidc, passwords
from orchestrator.access.limits import Wait
from orchestrator.access.signing_in import BUSY_S, HALF_WAY, AskCode, Wrong
from orchestrator.access.visitors import visitor
from orchestrator.errors import InputError, NotFound
from orchestrator.web.staff.doors import AtDoor, Doors, own_path
from orchestrator.web.staff.here import COOKIE

log = logging.getLogger(__name__)
HALF_COOKIE, DIRECTORY_COOKIE = "touchpoint_half_way", "touchpoint_directory"
WRONG = "The name or the password is wrong."
WRONG_CODE = "This is not the code of this moment, or it was used before."
AT_DIRECTORY = "/sign-in/directory"
NOTHING = timedelta(0)


def add(doors: Doors) -> None:
    """The pages of this file."""

    @doors.get("/sign-in")
    def ask(at: AtDoor) -> Response:
        then = own_path(at.request.query_params.get("then", "/"))
        cookie = at.request.cookies.get(COOKIE, "")
        if cookie and visitor(at.parts, cookie, at.now) is not None:
            return RedirectResponse(then, 303)
        return _form(at, then)

    @doors.post("/sign-in")
    def try_password(at: AtDoor) -> Response:
        then, name = own_path(at.form.get("then", "/")), at.form.get("name", "")
        result = at.ways_in.with_password(name, at.form.get("password", ""), at.browser, at.now)
        match result:
            case Wait():
                return at.wait(result)
            case Wrong():
                return _form(at, then, 422, name=name[:200], wrong=WRONG)
            case AskCode(note):
                at.note(HALF_COOKIE, note, HALF_WAY)
                return RedirectResponse("/sign-in/code" if then == "/" else f"/sign-in/code?then={quote(then, safe='/')}", 303)
            case _:
                return at.enter(result, then)

    @doors.get("/sign-in/code")
    def ask_code(at: AtDoor) -> Response:
        if at.ways_in.half_way(at.request.cookies.get(HALF_COOKIE, ""), at.now) is None:
            return RedirectResponse("/sign-in", 303)
        return at.show("sign_in_code.html", then=own_path(at.request.query_params.get("then", "/")), wrong="")

    @doors.post("/sign-in/code")
    def try_code(at: AtDoor) -> Response:
        then, note = own_path(at.form.get("then", "/")), at.request.cookies.get(HALF_COOKIE, "")
        result = at.ways_in.with_code(note, at.form.get("code", "")[:20], at.browser, at.now)
        match result:
            case None:
                return RedirectResponse("/sign-in", 303)
            case Wait():
                return at.wait(result)
            case Wrong():
                return at.show("sign_in_code.html", 422, then=then, wrong=WRONG_CODE)
            case _:
                at.note(HALF_COOKIE, "", NOTHING)
                return at.enter(result, then)

    @doors.get(AT_DIRECTORY)
    def leave(at: AtDoor) -> Response:
        if at.directory is None:
            return at.refuse(404, "There is nothing here.", "People sign in with a password here.")
        try:
            leaving = at.directory.leave(at.now)
        except oidc.Refused as error:
            return _refused(at, error)
        then = own_path(at.request.query_params.get("then", "/"))
        content = {**leaving.note, "then": then}
        at.note(DIRECTORY_COOKIE, at.ways_in.seals.put("directory", content, at.now + oidc.TAKES), oidc.TAKES)
        return RedirectResponse(leaving.url, 303)

    @doors.get(oidc.BACK)
    def come_back(at: AtDoor) -> Response:
        if at.directory is None:
            return at.refuse(404, "There is nothing here.", "People sign in with a password here.")
        note = at.ways_in.seals.read("directory", at.request.cookies.get(DIRECTORY_COOKIE, ""), at.now)
        at.note(DIRECTORY_COOKIE, "", NOTHING)  # one note lets one person come back once
        try:
            if note is None:
                raise oidc.Refused("nobody set out from this browser, or too long ago")
            claims = at.directory.come_back(dict(at.request.query_params), note, at.now)

            signed = at.parts.database.run(
                lambda work: at.ways_in.let_in(work, oidc.member_for(at.parts, work, claims, at.now), "oidc", at.browser, at.now)
            )
        except oidc.Refused as error:
            return _refused(at, error)
        return at.enter(signed, note["then"])

    @doors.get(f"{invitations.WELCOME}/{{token}}")
    def welcome(at: AtDoor, token: str) -> Response:
        member = invitations.invited(at.parts, token, at.now)
        if member is None:
            return _no_link(at)
        return at.show("welcome.html", member=member, wrong="", shortest=passwords.SHORTEST)

    @doors.post(f"{invitations.WELCOME}/{{token}}")
    def choose(at: AtDoor, token: str) -> Response:
        member = invitations.invited(at.parts, token, at.now)
        if member is None:
            return _no_link(at)
        wrong, password = "", at.form.get("password", "")
        if password != at.form.get("again", ""):
            wrong = "The two passwords are not the same."
        else:
            try:
                signed = invitations.accept(at.parts, at.ways_in, token, password, at.browser, at.now)
                return RedirectResponse("/sign-in", 303) if signed is None else at.enter(signed, "/")
            except InputError as error:
                wrong = f"{_sentence(error.problems[0].problem)} {_sentence(error.problems[0].hint)}".strip()
            except NotFound:  # somebody was quicker with the same link
                return _no_link(at)
            except passwords.Busy:
                return at.wait(Wait(BUSY_S))
        return at.show("welcome.html", 422, member=member, wrong=wrong, shortest=passwords.SHORTEST)


def _form(at: AtDoor, then: str, status: int = 200, *, name: str = "", wrong: str = "") -> Response:
    directory = at.directory.name if at.directory is not None else ""
    return at.show("sign_in.html", status, then=then, name=name, wrong=wrong, directory=directory, leave=AT_DIRECTORY)


def _refused(at: AtDoor, error: oidc.Refused) -> Response:
    log.warning("a sign-in through the directory was refused: %s", error, extra={"action": "sign_in.directory_refused"})
    hint = "Try once more. If it goes on, an admin sees to it that your e-mail address here is the one that the directory has."
    return at.refuse(403, "The directory did not let you in here.", hint)


def _no_link(at: AtDoor) -> Response:
    return at.refuse(
        404, "This link opens nothing.", "It was used before, or it is older than two days. Ask an admin for another."
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
