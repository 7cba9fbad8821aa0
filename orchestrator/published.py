"""What publishing and everything after it have in common: its answers, what it says to journal and audit, and what must still fit."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from orchestrator.errors import InputError, PlaybookError, Problem
from orchestrator.language.design import load_document
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.source import parse, read_yaml
from orchestrator.language.system_events import BUILT_IN
from orchestrator.rulebook import HOUSE_RULES
from orchestrator.store import audit, versions
from orchestrator.store import changes as written
from orchestrator.store.audit import By
from orchestrator.store.changes import entry
from orchestrator.store.database import Row, Work
from orchestrator.store.versions import Beside

What = Literal["new", "changed", "unchanged", "retired", "proposed", "shadow", "left retired", "left restored"]


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did with one playbook (or the house rules, or the lifecycle)."""

    name: str
    number: int
    what: What
    inside: tuple[tuple[int, int], ...] = ()  # (version, how many customers stay on it), of other versions


def called(name: str) -> str:
    """How people call what the database files under this name: "@house-rules" is "house-rules"."""
    return name.removeprefix("@")


def told(work: Work, by: By | str, what: str, name: str, why: str, now: datetime) -> None:
    """Into the journal and the audit trail, in the unit of work that does it. A name alone is no person: replays have no audit."""
    written.write(work, [], [entry(now, what, why, rule=name_of(by))])
    if isinstance(by, By):
        audit.note(work, by, what, f"playbook:{called(name)}", why, now)


def takes_its_place(
    work: Work, by: By | str, name: str, kind: Beside, did: str, now: datetime, *, but: UUID | None = None
) -> None:
    """A proposal or a shadow that stands beside is over because of something else, if there is one.

    did: what somebody did instead, e.g. "published again". but: this version is not over: it comes into use.
    """
    row = versions.beside(work).get((name, kind))
    if row is None or row.id == but:
        return
    if kind == "proposed":
        what, over = "playbook.superseded", f"the proposal of version {row.number} of {called(name)} is superseded"
    else:
        what, over = "playbook.shadow_ended", f"the shadow of {called(name)}, version {row.number}, is over"
    put_away(work, by, name, kind, what, f"{name_of(by)} {did}: {over}", now)


def put_away(work: Work, by: By | str, name: str, kind: Beside, what: str, why: str, now: datetime) -> None:
    """A proposal or a shadow stands beside no more, and journal and audit trail say so."""
    versions.put_away(work, name, kind)
    told(work, by, what, name, why, now)


def name_of(by: By | str) -> str:
    """Who it is, for sentences."""
    return by.name if isinstance(by, By) else by


def needs_another_person(work: Work, name: str, *, asked: bool) -> bool:
    """Whether a version may come into use, or people into it, only when another person has approved it.

    asked: it says so itself, or the house rules that come with it do. Otherwise what was last in use decides, current or not: taking
    the line out of a file, or retiring the playbook first, is no way around the other person.
    """
    last = versions.last_used(work, name)
    if name in BUILT_IN or (last is None and name.startswith("@")):
        return False  # before the first rules there is nobody whom anything could reach
    return asked or asks_for_approval(last) or asks_for_approval(versions.last_used(work, HOUSE_RULES))


def same_person(one: str, other: str) -> bool:
    """Whether two names mean the same person, whatever their case, their spaces and signs that nobody sees."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    return (
        "".join(sign for sign in unicodedata.normalize("NFKC", name) if unicodedata.category(sign) not in ("Cf", "Cc"))
        .strip()
        .casefold()
    )


def check_target(work: Work, row: Any) -> None:
    """People may be put into this version. Raises InputError when it never was in use, or lacks the approval that is asked for."""
    if row.used_since is None:
        hint = "publish what it says, or say a version that was"
        raise InputError(Problem(f"version {row.number} of {row.playbook} was never approved and never in use", hint))
    if row.current or row.approved_by is not None:
        return
    if needs_another_person(work, row.playbook, asked=asks_for_approval(versions.document(work, row.id))):
        hint = "restore it, and let somebody else approve it"
        raise InputError(Problem(f"version {row.number} of {row.playbook} was never approved", hint))


def asks_for_approval(row: Row[Any] | None) -> bool:
    """Whether this version, of a playbook or of the house rules, says that changes need another person."""
    text = _text(row) if row is not None else ""
    if "needs_approval" not in text and "\\" not in text:  # only an escape could spell it otherwise
        return False  # without reading most of them: this is asked for each file that is published
    return read_yaml(text, "the published file").data.get("needs_approval") is True


def rules_in_use(work: Work) -> HouseRules:
    """The house rules that are current."""
    row = versions.document(work, versions.current(work)[HOUSE_RULES].id)
    assert row is not None, "a current version exists"
    return parse(HouseRules, read_yaml(_text(row), "house-rules.yaml"))


def check_in_flight(work: Work, rules: HouseRules) -> None:
    """Versions that customers are in must make sense under these house rules. Raises PlaybookError."""
    _check(((row, "has customers in it and would break") for row in versions.in_flight(work)), rules)


def check_current(work: Work, rows: Iterable[Any], rules: HouseRules) -> None:
    """These versions must make sense under these house rules. Raises PlaybookError."""
    found = (versions.document(work, row.id) for row in rows if not row.playbook.startswith("@"))
    _check(((row, "does not fit the house rules that are published") for row in found if row is not None), rules)


def _check(rows: Iterable[tuple[Row[Any], str]], rules: HouseRules) -> None:
    problems: list[Problem] = []
    for row, what in rows:
        try:
            load_document(row.document, rules)
        except PlaybookError as error:
            problems += [
                Problem(f"version {row.number} of {row.playbook} {what}: {p.problem}", p.hint, "house-rules.yaml")
                for p in error.problems
            ]
    if problems:
        raise PlaybookError(problems)


def _text(row: Row[Any]) -> str:
    """The file of a version: rules are kept as text, playbooks with what they say."""
    return str(row.document.get("text") or row.document["playbook"])
