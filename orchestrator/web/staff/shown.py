"""Templates of the staff's pages, the headers that every page carries, and how moments, numbers and people's words are shown."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

from orchestrator.briefing import hidden
from orchestrator.core.roles import Right
from orchestrator.core.zones import zone_of
from orchestrator.reports import named

if TYPE_CHECKING:
    from jinja2 import Environment

WEB = Path(__file__).parents[1]
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# Signs that turn the direction of text around them, and others that nobody sees: shown as nothing, so that a name cannot rewrite a page.
_UNSEEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


class Shown:
    """Makes pages out of the templates in templates/staff/."""

    @cached_property
    def _templates(self) -> Environment:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # here, because the import takes 100 ms

        loader = FileSystemLoader(WEB / "templates" / "staff")
        made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        made.filters |= {
            "clock": clock, "day": day, "moment": moment, "ago": ago, "plain": plain, "count": count, "named": named, "hidden": hidden,
        }  # fmt: skip
        made.globals |= {"asset": asset, "rights": Right.__members__}
        made.tests["set"] = lambda value: value is not None
        return made

    def show(self, template: str, status: int = 200, *, block: str | None = None, **known: Any) -> Response:
        """The template, or one of its blocks, filled in."""
        return HTMLResponse(self.text(template, block=block, **known), status, dict(HEADERS))

    def text(self, template: str, *, block: str | None = None, **known: Any) -> str:
        """The same without the answer around it, for a part that several pages have in common."""
        found = self._templates.get_template(template)
        return found.render(known) if block is None else "".join(found.blocks[block](found.new_context(known)))


def plain(text: object, most: int = 10_000) -> str:
    """What people wrote, shown literally: without signs that nobody sees, and never longer than `most`."""
    clean = _UNSEEN.sub("", "" if text is None else str(text))
    return clean if len(clean) <= most else clean[:most] + "…"


def clock(at: datetime, zone: str | None = None) -> str:
    """ "14:05" on the wall in that zone."""
    return f"{_there(at, zone):%H:%M}"


def day(at: datetime, zone: str | None = None) -> str:
    """ "Mon 23 Nov"."""
    there = _there(at, zone)
    return f"{there:%a} {there.day} {there:%b}"


def moment(at: datetime, zone: str | None = None) -> str:
    """ "Mon 23 Nov 14:05"."""
    return f"{day(at, zone)} {clock(at, zone)}"


def ago(at: datetime, now: datetime) -> str:
    """ "5 min ago", "in 2 h"."""
    gone = now - at
    size = abs(gone)
    if size < timedelta(minutes=1):
        return "now"
    if size < timedelta(hours=1):
        words = f"{size // timedelta(minutes=1)} min"
    elif size < timedelta(days=1):
        words = f"{size // timedelta(hours=1)} h"
    else:
        words = f"{size.days} d"
    return f"{words} ago" if gone > timedelta(0) else f"in {words}"


def count(n: int, one: str, many: str | None = None) -> str:
    """ "1 call", "2 calls"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def asset(path: str) -> str:
    """The address of a static file with its fingerprint: browsers keep it for ever and still get the new one."""
    return f"/static/{path}?v={_print_of(path)}"


_PRINTS: dict[str, str] = {}


def _print_of(path: str) -> str:
    if path not in _PRINTS:
        where = WEB / "static" / path
        files = [where] if where.is_file() else sorted((WEB / "static" / "staff").glob("*.css"))
        _PRINTS[path] = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    return _PRINTS[path]


def _there(at: datetime, zone: str | None) -> datetime:
    return at.astimezone((zone_of(zone) if zone else None) or UTC)
