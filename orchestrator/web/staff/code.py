"""/account/code: the second step of signing in, switched on with an authenticator app and off with the password."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from orchestrator.access import codes
from orchestrator.access.limits import Limits, Wait
from orchestrator.access.seals import Seals
from orchestrator.core.roles import Right
from orchestrator.store import staff
from orchestrator.store.database import Work
from orchestrator.web.staff.account import password_is_wrong, show, wait
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes

SET_UP_LASTS = timedelta(minutes=15)  # from the picture to the first code


def add(routes: StaffRoutes) -> None:
    """The pages of this file."""

    @routes.get("/account/code", Right.OWN_ACCOUNT)
    def ask(here: Here) -> Response:
        if not _may_have_one(here):
            return here.go("/account")
        return _picture(here, codes.new_secret())

    @routes.post("/account/code", Right.OWN_ACCOUNT)
    def switch_on(here: Here) -> Response:
        member, seals = here.visitor.member, Seals(here.parts.database)
        set_up = seals.read("code", here.form.get("set_up", ""), here.now)
        if set_up is None or set_up["member"] != str(member.id) or not _may_have_one(here):
            return here.refuse(422, "The picture is too old.", "Begin again at your account.")
        limits = Limits(here.parts, seals)
        charged = limits.charge_set_up(member.name, here.now)
        if isinstance(charged, Wait):
            return wait(here, charged)
        secret = str(set_up["secret"])
        step = codes.step_of(secret, here.form.get("code", "")[:20], here.now)
        if step is None:
            return _picture(here, secret, "this is not the code that the app shows now")

        def switch(work: Work) -> None:
            limits.forgive(work, charged)
            staff.change(work, member.id, {"totp_secret": secret, "totp_step": step})
            here.note(work, "member.code_on", f"member:{member.id}", f"{member.name} switched on a code for signing in")

        here.parts.database.run(switch)
        return here.go("/account?done=code")

    @routes.post("/account/code/off", Right.OWN_ACCOUNT)
    def switch_off(here: Here) -> Response:
        member = here.visitor.member
        wrong = password_is_wrong(here, here.form.get("current", ""))
        if isinstance(wrong, Response):
            return wrong
        if wrong:
            return show(here, 422, code=wrong)

        def switch(work: Work) -> None:
            staff.change(work, member.id, {"totp_secret": None, "totp_step": None})
            here.note(work, "member.code_off", f"member:{member.id}", f"{member.name} switched off the code for signing in")

        here.parts.database.run(switch)
        return here.go("/account?done=code-off")


def _may_have_one(here: Here) -> bool:
    """Whether they sign in with a password of ours, and have no code yet."""
    secrets = here.parts.database.run(lambda work: staff.secrets_of(work, here.visitor.member.id))
    return secrets is not None and secrets.password_hash is not None and secrets.totp_secret is None


def _picture(here: Here, secret: str, wrong: str = "") -> Response:
    member = here.visitor.member
    content = {"member": str(member.id), "secret": secret}  # readable: it is theirs, and they are looking at it
    set_up = Seals(here.parts.database).put("code", content, here.now + SET_UP_LASTS)
    picture, groups = codes.picture(secret, member.name), [secret[i : i + 4] for i in range(0, len(secret), 4)]
    return here.show("account_code.html", 422 if wrong else 200, picture=picture, groups=groups, set_up=set_up, wrong=wrong)
