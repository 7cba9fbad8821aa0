"""Why a call is to be made now, in one sentence for whoever makes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from orchestrator.core.zones import zone_of
from orchestrator.language.program import Program, TouchNode
from orchestrator.store import staff
from orchestrator.store.database import Work
from orchestrator.store.promises import Promise
from orchestrator.store.touches import Due


def why_now(work: Work, due: Due, program: Program | None, open_: Sequence[Promise], zone: str, now: datetime) -> str:
    """Why this call is to be made, in one sentence.

    The journal's, with steps called by their titles: "2 business days after 'Thanks for the quote'". Of what a person began, what they
    said: "Ari promised for Fri 18 Sep (on Thu 10 Sep): …". open_: what this customer still waits for. zone: in which days are meant.
    """
    touch, said = due.touch, due.run.event
    words = touch.why.removeprefix(f"{touch.touchpoint}: ")
    if due.run.playbook == "promise":
        still = next((one for one in open_ if str(one.id) == said.get("promise")), None)
        day = day_words(still.due_at if still else _moment(said.get("due_at"), now), zone, now)
        who = title_of(work, still.owner if still else str(said.get("owner") or ""))
        made = day_words(_moment(said.get("made_at"), now), zone, now)
        began = f"{who} promised for {day} (on {made}): “{said.get('what') or ''}”"
    elif due.run.playbook == "by-hand":
        began = f"{title_of(work, str(said.get('asked_by') or ''))} asked for this call"
    else:
        began = ""
    if began:  # a first try is made because of that alone
        return began if touch.tries == 1 else f"{began}; {words.rpartition(': ')[2]}"
    nodes = program.nodes.values() if program else ()
    titles = {node.touchpoint: node.title for node in nodes if isinstance(node, TouchNode)}
    for name in sorted(titles, key=len, reverse=True):
        words = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", lambda _, title=titles[name]: f"“{title}”", words)  # type: ignore[misc]
    return words[:1].upper() + words[1:]


def title_of(work: Work, who: str) -> str:
    """How somebody is called on pages: by their title, or by the name in the journal."""
    found = staff.by_name(work, who) if who else None
    return found.title if found else who or "Somebody"


def day_words(at: datetime, zone: str, now: datetime) -> str:
    """A day as people there say it: "Fri 18 Sep"; in another year that too."""
    there, today = at.astimezone(zone_of(zone) or UTC), now.astimezone(zone_of(zone) or UTC)
    return f"{there:%a} {there.day} {there:%b}" + (f" {there.year}" if there.year != today.year else "")


def _moment(value: object, otherwise: datetime) -> datetime:
    """A time of an event of our own, which is always one."""
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return otherwise
