"""Published versions: approve and withdraw what is proposed, retire, restore, and let one decide as a shadow.

Everything here works on what the database has already; files reach it in authoring.py. Each act, and each proposal or shadow that is
over because of it, is an entry in the journal and in the audit trail, written with the change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from orchestrator import in_force
from orchestrator.core.intake import ended
from orchestrator.core.model import Change, EndReason
from orchestrator.errors import InputError, NotFound, Overtaken, Problem, did_you_mean
from orchestrator.language.system_events import BUILT_IN
from orchestrator.parts import Parts
from orchestrator.published import (
    Published,
    asks_for_approval,
    called,
    check_current,
    check_in_flight,
    needs_another_person,
    put_away,
    rules_in_use,
    same_person,
    takes_its_place,
    told,
)
from orchestrator.rulebook import HOUSE_RULES, LIFECYCLE
from orchestrator.store import changes as written
from orchestrator.store import enrollments, standing, versions
from orchestrator.store.audit import By
from orchestrator.store.database import Row, Work

T = TypeVar("T")
BATCH = 500  # enrollments that are ended in one unit of work


@dataclass(frozen=True, slots=True)
class Retired:
    """A playbook that takes nobody new."""

    number: int  # of the version that was current
    inside: int  # customers who were inside then, over all its versions
    ended: int = 0  # of whom these follow-ups were ended


def approve(parts: Parts, playbook: str, by: By, number: int | None = None) -> int:
    """What is proposed is current from now on; answers its number.

    number: of the version that was looked at; None: whatever is proposed. Raises NotFound, Overtaken when another one is proposed by
    now, and InputError for the person who proposed it.
    """
    name = _filed(playbook)

    def unit(work: Work) -> int:
        row, now = _proposal(work, name, number), parts.clock()
        if same_person(row.published_by, by.name):
            raise InputError(Problem(f"{by.name} proposed it", "another person approves; 'touchpoint withdraw' takes it back"))
        replaced = versions.current(work).get(name)
        versions.make_current(work, name, row.id, now, by.name)
        _shadow_is_over(work, by, name, row.hash, "approved what it says", now)
        earlier = [r for r in standing.version_rows(work, name) if r.hash == row.hash and r.number < row.number]
        if earlier and replaced is not None:  # it was to be restored: the file may still say what it replaces
            versions.hold_back(work, name, "restored", by.name, now, replaced.hash)
        else:
            versions.let_back(work, name)
        _fits(work, name)
        why = f"{by.name} approved version {row.number} of {called(name)}, which {row.published_by} proposed"
        told(work, by, "playbook.approved", name, why, now)
        return int(row.number)

    return in_force.bring(parts, lambda work: in_force.Plan({name: _document(work, _proposal(work, name, number))}), [name], unit)


def withdraw(parts: Parts, playbook: str, by: By, number: int | None = None) -> int:
    """What is proposed is not to become current; answers its number. Raises NotFound when nothing is proposed.

    number: of the version that was looked at; None: whatever is proposed. Raises Overtaken when another one is proposed by now.
    """
    name = _filed(playbook)

    def unit(work: Work) -> int:
        row = _proposal(work, name, number)
        why = f"{by.name} withdrew version {row.number} of {called(name)}, which {row.published_by} proposed"
        put_away(work, by, name, "proposed", "playbook.withdrawn", why, parts.clock())
        return int(row.number)

    return _alone(parts, unit)


def retire(parts: Parts, playbook: str, by: By, *, end_inside: bool = False) -> Retired:
    """Nobody enters it any more. Those inside go on, or are ended. It comes back when it is published by name, or restored.

    Raises NotFound when it is not in use, unless those inside are to be ended: that can be asked for afterwards too.
    """
    _no_rules(playbook, "retired")
    now = parts.clock()

    def unit(work: Work) -> Retired:
        current = versions.current(work).get(playbook)
        versions.retire(work, playbook)  # first: it waits for events that are under way, and who begins there is counted
        inside = sum(versions.inside(work).get(playbook, {}).values())
        if current is None and not (end_inside and inside):
            raise NotFound(f"the playbook '{playbook}' is not in use{_meant(work, playbook)}")
        if current is None:
            return Retired(0, inside)
        versions.hold_back(work, playbook, "retired", by.name, now)
        why = f"{by.name} retired {playbook}, version {current.number}: nobody enters it; {inside} inside"
        told(work, by, "playbook.retired", playbook, f"{why} {'are ended' if end_inside else 'go on'}", now)
        return Retired(int(current.number), inside)

    done = _alone(parts, unit)
    if not end_inside:
        return done
    return Retired(done.number, done.inside, _end_all(parts, playbook, by, now))


def inside(parts: Parts, playbook: str) -> dict[int, int]:
    """How many customers are inside, by version."""
    return parts.database.run(lambda work: versions.inside(work).get(playbook, {}))


def restore(parts: Parts, playbook: str, number: int, by: By) -> Published:
    """An earlier version is current again, as a new version with the same content (a proposal where approval is needed).

    Publishing the whole folder leaves it so until the file says something new. Raises NotFound, InputError.
    """
    name = _filed(playbook)

    def unit(work: Work) -> Published:
        now, before = parts.clock(), versions.current(work)
        row, current = _version(work, name, number), before.get(name)
        if current is not None and current.hash == row.hash:
            raise InputError(
                Problem(f"version {current.number} of {called(name)} is current and says the same", "nothing to restore")
            )
        alone = not needs_another_person(work, name, asked=asks_for_approval(row))
        takes_its_place(work, by, name, "proposed", f"restored version {number}", now)
        made = versions.add(
            work, parts.new_id(), name, row.hash, row.document, row.listens, by.name, now, None if alone else "proposed"
        )
        if alone and current is not None:
            versions.hold_back(work, name, "restored", by.name, now, current.hash)
        elif alone:
            versions.let_back(work, name)
        if alone:
            _shadow_is_over(work, by, name, row.hash, f"restored version {number}", now)
            _fits(work, name)
        done = f"{by.name} {'restored' if alone else 'proposed to restore'} version {number} of {called(name)} as version {made}"
        told(work, by, "playbook.restored" if alone else "playbook.proposed", name, done, now)
        there = tuple(sorted((n, many) for n, many in versions.inside(work).get(name, {}).items() if n != made))
        return Published(name, made, "changed" if alone else "proposed", there)

    return in_force.bring(parts, lambda work: in_force.Plan({name: _version(work, name, number).document}), [name], unit)


def start_shadow(parts: Parts, playbook: str, number: int, by: By) -> int:
    """A version decides on live events beside the current one, from now on, and contacts nobody. Answers the shadow's number.

    It is a new version with the same content: a shadow never has an enrollment, and the earlier one may have some.
    """
    _no_rules(playbook, "a shadow")

    def unit(work: Work) -> int:
        now, current = parts.clock(), versions.current(work).get(playbook)
        row = _version(work, playbook, number)
        if current is not None and current.hash == row.hash:
            raise InputError(
                Problem(f"version {number} of {playbook} says what the current one says", "there is nothing to compare")
            )
        takes_its_place(work, by, playbook, "shadow", "started another one", now)
        made = versions.add(work, parts.new_id(), playbook, row.hash, row.document, row.listens, by.name, now, "shadow")
        check_current(work, [versions.beside(work)[playbook, "shadow"]], rules_in_use(work))
        why = f"{by.name} lets version {made} of {playbook} (as version {number}) decide as a shadow; it contacts nobody"
        told(work, by, "playbook.shadow", playbook, why, now)
        return made

    return in_force.bring(
        parts, lambda work: in_force.Plan({playbook: _version(work, playbook, number).document}), [playbook], unit
    )


def stop_shadow(parts: Parts, playbook: str, by: By) -> int:
    """The shadow decides no more; answers its number. Raises NotFound when there is none."""

    def unit(work: Work) -> int:
        row = _beside(work, playbook, "shadow", f"{playbook} has no shadow")
        why = f"{by.name} ended the shadow of {playbook}, version {row.number}"
        put_away(work, by, playbook, "shadow", "playbook.shadow_ended", why, parts.clock())
        return int(row.number)

    return _alone(parts, unit)


def _alone(parts: Parts, unit: Callable[[Work], T]) -> T:
    """One publishes at a time."""

    def locked(work: Work) -> T:
        versions.lock(work)
        return unit(work)

    return parts.database.run(locked)


def _end_all(parts: Parts, playbook: str, by: By, now: datetime) -> int:
    """End what is inside, a batch in a unit of work. A call that somebody has is theirs to finish; nothing follows it.

    Until nobody is left: somebody may move people to a version that was passed already.
    """
    done = 0
    while inside(parts, playbook) and (ends := _end_each(parts, playbook, by, now)):
        done += ends
    return done


def _end_each(parts: Parts, playbook: str, by: By, now: datetime) -> int:
    done = 0
    for version in parts.database.run(lambda work: standing.version_rows(work, playbook)):
        after: UUID | None = None
        while True:
            ends, after = parts.database.run(partial(_end_some, version, after, by, now))
            done += ends
            if after is None:
                break
    return done


def _end_some(version: Row[Any], after: UUID | None, by: By, now: datetime, work: Work) -> tuple[int, UUID | None]:
    some = standing.inside(work, version.id, after, BATCH)
    if not some:
        return 0, None
    wanted = {one.id for one in some}
    changes: list[Change] = []
    ends = 0
    for run, touch in enrollments.open_of_customers(work, sorted({one.customer for one in some})):
        if run.id in wanted:
            changes += ended(run, touch, EndReason.STOPPED, now, f"{by.name} retired {run.playbook} and ended who was inside")
            ends += 1
    written.write(work, changes)
    if ends:
        of = f"{ends} follow-up{'' if ends == 1 else 's'} of {version.playbook}, version {version.number}"
        told(work, by, "playbook.ended", version.playbook, f"{by.name} ended {of}, which nobody enters any more", now)
    return ends, some[-1].id


def _shadow_is_over(work: Work, by: By, name: str, hash_: str, did: str, now: datetime) -> None:
    """What is current need not be compared with itself."""
    row = versions.beside(work).get((name, "shadow"))
    if row is not None and row.hash == hash_:
        takes_its_place(work, by, name, "shadow", did, now)


def _filed(name: str) -> str:
    return f"@{name}" if f"@{name}" in (HOUSE_RULES, LIFECYCLE) else name


def _no_rules(playbook: str, what: str) -> None:
    if _filed(playbook).startswith("@") or playbook in BUILT_IN:
        raise InputError(Problem(f"{playbook} cannot be {what}", "name a playbook"))


def _proposal(work: Work, name: str, number: int | None) -> Any:
    """What is proposed now, if it is the version that somebody means."""
    row = _beside(work, name, "proposed", f"nothing is proposed for {called(name)}")
    if number not in (None, row.number):
        found = f"version {number} of {called(name)} is not proposed: version {row.number} is, by {row.published_by}"
        raise Overtaken(Problem(found, f"look at that one; at a terminal it is --version {row.number}"))
    return row


def _beside(work: Work, name: str, what: str, otherwise: str) -> Any:
    row = versions.beside(work).get((name, what))
    if row is None:
        raise NotFound(f"{otherwise}: see 'touchpoint status'")
    return row


def _version(work: Work, name: str, number: int) -> Any:
    row = versions.numbered(work, name, number)
    if row is None:
        raise NotFound(f"{called(name)} has no version {number}{_meant(work, name)}")
    return row


def _document(work: Work, row: Any) -> Any:
    found = versions.document(work, row.id)
    assert found is not None, "it stands beside the current one"
    return found.document


def _meant(work: Work, name: str) -> str:
    known = {row.playbook for row in standing.version_rows(work)}
    hint = "" if name in known else did_you_mean(name, known)
    return f": {hint}" if hint else ""


def _fits(work: Work, name: str) -> None:
    """What has just become current makes sense under the rules, or the rules under what is in use."""
    rules = rules_in_use(work)
    current = versions.current(work)
    if name == HOUSE_RULES:
        check_in_flight(work, rules)
        check_current(work, current.values(), rules)
    elif name in current:
        check_current(work, [current[name]], rules)
