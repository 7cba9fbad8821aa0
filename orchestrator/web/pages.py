"""What customers see who follow a link out of an e-mail: no more e-mails, or how it went. GET never changes anything.

Programs that look at every link of a mail before its reader does only GET: what acts is a POST, by a button, by the small script
of the survey's page, or by the mail program itself (RFC 8058), without cookies in any case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import ImmutableMultiDict
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from orchestrator import answering
from orchestrator.answering import MOST_COMMENT
from orchestrator.links import SURVEY, UNSUBSCRIBE
from orchestrator.parts import Parts
from orchestrator.web.bodies import MOST_FORM_BYTES, body_of, form_of

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
STATIC = "/static"
STAFF_SHEET = "staff.css"
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address is the key
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
_PATHS = (f"{UNSUBSCRIBE}/", f"{SURVEY}/")

Form = ImmutableMultiDict[str, str]


class Pages:
    """Makes pages out of the templates."""

    @cached_property
    def _templates(self) -> Environment:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # here, because the import takes 100 ms

        loader = FileSystemLoader(HERE / "templates")
        return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)

    def show(self, template: str, status: int = 200, **known: object) -> Response:
        return HTMLResponse(self._templates.get_template(template).render(known), status, dict(HEADERS))

    def error(self, path: str, status: int) -> Response | None:
        """The page for an error at this path; None where no people are."""
        if not path.startswith(_PATHS):
            return None
        if status in (404, 405):
            return self.show("unknown.html", status)
        return self.show("failed.html", status, again=status >= 500)


class Static(StaticFiles):
    """The pages' own style and script; asked for again when they have changed, or kept for ever where the address has a fingerprint."""

    def __init__(self) -> None:
        super().__init__(directory=HERE / "static")
        self._sheets: str | None = None

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = self._one_sheet() if path == STAFF_SHEET else await super().get_response(path, scope)
        fixed = scope.get("query_string", b"").startswith(b"v=")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if fixed else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def _one_sheet(self) -> Response:
        """The staff's stylesheet: the files of static/staff, one after the other."""
        if self._sheets is None:
            self._sheets = "\n".join(file.read_text("utf-8") for file in sorted((HERE / "static" / "staff").glob("*.css")))
        return Response(self._sheets, media_type="text/css")


def router(parts: Parts, pages: Pages) -> APIRouter:
    """The routes of this file."""
    routes = APIRouter()

    async def read_and_forget(request: Request) -> None:
        await body_of(request, MOST_FORM_BYTES)  # One-Click or our own form: following the link with POST says it all

    @routes.api_route(f"{UNSUBSCRIBE}/{{token}}", methods=["GET", "HEAD"])
    def ask_to_unsubscribe(token: str) -> Response:
        asked = answering.look(parts, "unsubscribe", token)
        if asked is None:
            return pages.show("unknown.html", 404)
        return pages.show("unsubscribed.html" if asked.done else "unsubscribe.html", asked=asked)

    @routes.post(f"{UNSUBSCRIBE}/{{token}}", dependencies=[Depends(read_and_forget)])
    def unsubscribe(token: str) -> Response:
        if not answering.unsubscribe(parts, token):
            return pages.show("unknown.html", 404)
        return pages.show("unsubscribed.html", asked=answering.look(parts, "unsubscribe", token))

    @routes.api_route(f"{SURVEY}/{{token}}", methods=["GET", "HEAD"])
    def ask(token: str, answer: str = "") -> Response:
        asked = answering.look(parts, "survey", token)
        if asked is None or asked.scale is None:
            return pages.show("unknown.html", 404)
        clicked = _point(answer, asked.scale)
        chosen = asked.rating if clicked is None else clicked
        return pages.show("survey.html", asked=asked, chosen=chosen, submit=clicked is not None, action=f"{SURVEY}/{token}")

    @routes.post(f"{SURVEY}/{{token}}")
    def answer(token: str, form: Form = Depends(form_of)) -> Response:
        asked = answering.look(parts, "survey", token)
        if asked is None or asked.scale is None:
            return pages.show("unknown.html", 404)
        rating = _point(form.get("answer", ""), asked.scale)
        if rating is None or not answering.answer(parts, token, rating):
            return pages.show("survey.html", 422, asked=asked, chosen=None, submit=False, action=f"{SURVEY}/{token}")
        return pages.show("thanks.html", asked=asked, rating=rating, action=f"{SURVEY}/{token}", most=MOST_COMMENT)

    @routes.post(f"{SURVEY}/{{token}}/comment")
    def comment(token: str, form: Form = Depends(form_of)) -> Response:
        asked = answering.look(parts, "survey", token)
        if asked is None:
            return pages.show("unknown.html", 404)
        said = _words(form.get("comment", ""))
        if said and not answering.comment(parts, token, said):
            return pages.show("survey.html", 422, asked=asked, chosen=None, submit=False, action=f"{SURVEY}/{token}")
        return pages.show("commented.html", asked=asked)

    return routes


def _point(text: str, scale: range) -> int | None:
    """A point of the scale; None for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,2}", text) and int(text) in scale else None


def _words(text: str) -> str:
    """What somebody wrote, without signs that nobody can see or store."""
    lines = text[: 2 * MOST_COMMENT].replace("\r\n", "\n")
    return "".join(c for c in lines if c.isprintable() or c in "\n\t").strip()
