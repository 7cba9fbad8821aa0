"""Finds at Twilio what became of texts and calls whose answer we never got. In doubt it cannot tell: a person decides then.

Twilio's lists filter by whole days in UTC, by the moment of sending, which a queued message does not have yet. So both the days in
question and the newest page without a day are read, and everything is compared again here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from twilio.base.exceptions import TwilioRestException, TwilioServiceException

from orchestrator.channels.base import Accepted, Found, Sought, fingerprint
from orchestrator.channels.twilio_client import FAILURES
from orchestrator.channels.twilio_reports import ANSWERED_BY, CALL_RESULTS
from orchestrator.core.receipts import CALL_ENDS, Report

EARLIER = timedelta(seconds=5)  # Twilio's clock may be behind ours, and it keeps whole seconds
LATER = timedelta(seconds=60)  # it may have taken what we had given up
MAY_WAIT = timedelta(hours=10)  # a text in Twilio's queue, which is dated when it is sent
PAGE = 200  # records; 1,000 would be larger than an answer may be
MOST_PAGES = 20  # of one day to one number
TRIAL = "Sent from your Twilio trial account - "  # stands before each text of a trial account

_SID = re.compile(r"(SM|MM|CA)[0-9a-fA-F]{32}")


class _TooMany(Exception):
    """A list that does not end proves nothing."""


@dataclass(frozen=True, slots=True)
class _Record:
    """What a list says of one text or call to the number in question."""

    sid: str
    created_at: datetime | None
    words: str | None  # fingerprint; None: a call
    ours: bool  # from the sender that the settings name
    call: Any = None  # the SDK's object; Any: it has no types


class Finding:
    """Looks for a batch at one moment."""

    def __init__(self, client: Any, text_from: str, caller_id: str, now: datetime) -> None:  # Any: the SDK has no types
        self._client, self._text_from, self._caller_id, self._now = client, text_from, caller_id, now

    def groups(self, sought: Sequence[Sought]) -> list[list[Sought]]:
        """What has to be looked for together: two attempts that say the same to one number must not both adopt one message."""
        found: dict[tuple[object, ...], list[Sought]] = {}
        for s in sought:
            key = (s.handle,) if s.ref else (s.channel == "text", s.to)
            found.setdefault(key, []).append(s)
        return list(found.values())

    def look(self, group: Sequence[Sought]) -> dict[UUID, Found]:
        """The answer for each of a group; an error means that nobody can tell."""
        try:
            first = group[0]
            if first.ref:
                return {first.handle: self._by_name(first, first.ref)}
            days = self._days(group, first.channel == "text")
            records = list(self._texts(first.to, days) if first.channel == "text" else self._calls(first.to, days))
            return self._match(group, records)
        except (*FAILURES, _TooMany):
            return dict.fromkeys((s.handle for s in group), "cannot tell")

    def _by_name(self, s: Sought, ref: str) -> Found:
        if not _SID.fullmatch(ref):
            return "cannot tell"
        if ref.startswith("CA"):
            return call_report(self._client.calls(ref).fetch(), s.handle, self._now)
        return Accepted(ref) if self._client.messages(ref).fetch().sid == ref else "cannot tell"

    def _days(self, group: Sequence[Sought], text: bool) -> list[str]:
        day = min(s.began_at for s in group) - EARLIER
        end = max(s.until for s in group) + LATER + (MAY_WAIT if text else timedelta(0))
        days = []
        while day.date() <= end.date():
            days.append(day.date().isoformat())
            day += timedelta(days=1)
        return days

    def _texts(self, to: str, days: Iterable[str]) -> Iterator[_Record]:
        for m in _all(lambda **day: self._client.messages.page(to=to, page_size=PAGE, **day), "date_sent", days):
            if m.to == to and m.direction in ("outbound-api", None) and isinstance(m.sid, str):
                body = m.body if isinstance(m.body, str) else ""
                words = fingerprint(body.strip().removeprefix(TRIAL))
                ours = self._text_from in (_sender(m), m.messaging_service_sid)
                yield _Record(m.sid, _moment(m.date_created), words, ours)

    def _calls(self, to: str, days: Iterable[str]) -> Iterator[_Record]:
        for c in _all(lambda **day: self._client.calls.page(to=to, page_size=PAGE, **day), "start_time", days):
            if c.to == to and c.direction in ("outbound-api", None) and isinstance(c.sid, str):
                yield _Record(c.sid, _moment(c.date_created), None, _sender(c) == self._caller_id, c)

    def _match(self, group: Sequence[Sought], records: Sequence[_Record]) -> dict[UUID, Found]:
        """Who may have which record. Those that share candidates are decided together: as many records as attempts, or nobody knows."""
        fits = {s.handle: [r for r in records if _fits(s, r)] for s in group}
        answers: dict[UUID, Found] = {}
        for together in _sharing(group, fits):
            candidates = {r.sid: r for s in together for r in fits[s.handle]}
            pairs = _pairs(together, fits) if len(candidates) == len(together) else None
            sure = all(r.ours and r.created_at is not None for r in candidates.values())
            for s in together:
                if not candidates:
                    answers[s.handle] = "absent"
                elif pairs is None or not sure:
                    answers[s.handle] = "cannot tell"
                else:
                    answers[s.handle] = self._found(s, candidates[pairs[s.handle]])
        return answers

    def _found(self, s: Sought, record: _Record) -> Found:
        return Accepted(record.sid) if record.call is None else call_report(record.call, s.handle, self._now)


def call_report(call: Any, handle: UUID | None, now: datetime) -> Report | Literal["cannot tell"]:  # Any: the SDK has no types
    """How a call stands, from its resource."""
    result = CALL_RESULTS.get(str(call.status))
    if result is None or not isinstance(call.sid, str) or not _SID.fullmatch(call.sid):
        return "cannot tell"
    at = (_moment(call.end_time) if result in CALL_ENDS else _moment(call.start_time)) or _moment(call.date_updated) or now
    by = call.answered_by if call.answered_by in ANSWERED_BY else None
    lasted = int(call.duration) if str(call.duration or "").isdigit() else None
    return Report(min(at, now), result, handle, call.sid, answered_by=by, duration_s=lasted)


def cancelled(client: Any, ref: str, now: datetime) -> Report | Literal["cannot tell"]:  # Any: the SDK has no types
    """Cancel a call that has not been answered, and say how it stands now."""
    if not _SID.fullmatch(ref) or not ref.startswith("CA"):
        return "cannot tell"
    call = client.calls(ref)
    try:
        try:
            return call_report(call.update(status="canceled"), None, now)
        except (TwilioRestException, TwilioServiceException):  # refused, as when it is over already
            return call_report(call.fetch(), None, now)
    except FAILURES:
        return "cannot tell"


def _all(page: Any, filtered_by: str, days: Iterable[str]) -> Iterator[Any]:  # Any: the SDK has no types
    """Each record once: the newest page, and every page of each day."""
    seen: set[str] = set()
    for at in ({}, *({filtered_by: day} for day in days)):
        here, count = page(**at), 0
        while here is not None:
            for record in here:
                if record.sid not in seen:
                    seen.add(record.sid)
                    yield record
            count += 1
            if not at:
                break
            here = here.next_page()
            if here is not None and count >= MOST_PAGES:
                raise _TooMany


def _fits(s: Sought, r: _Record) -> bool:
    if r.sid in s.taken or (r.words is not None and r.words != s.fingerprint):
        return False
    return r.created_at is None or s.began_at - EARLIER <= r.created_at <= s.until + LATER


def _sharing(group: Sequence[Sought], fits: Mapping[UUID, Sequence[_Record]]) -> list[list[Sought]]:
    """The attempts in sets that share no record with another set."""
    sets: list[tuple[list[Sought], set[str]]] = []
    for s in group:
        mine, names = [s], {r.sid for r in fits[s.handle]}
        apart = []
        for other, taken in sets:
            if names & taken:
                mine, names = other + mine, names | taken
            else:
                apart.append((other, taken))
        sets = [*apart, (mine, names)]
    return [each for each, _ in sets]


def _pairs(together: Sequence[Sought], fits: Mapping[UUID, Sequence[_Record]]) -> dict[UUID, str] | None:
    """One record for each attempt, the earlier for the earlier where that can be; None when there is no way."""
    attempts = sorted(together, key=lambda s: (s.began_at, s.handle))
    records = sorted({r.sid: r for s in together for r in fits[s.handle]}.values(), key=lambda r: (str(r.created_at), r.sid))
    in_order = list(zip(attempts, records, strict=True))
    if all(r in fits[s.handle] for s, r in in_order):
        return {s.handle: r.sid for s, r in in_order}
    owner: dict[str, Sought] = {}

    def give(s: Sought, tried: set[str]) -> bool:
        for r in fits[s.handle]:
            if r.sid not in tried:
                tried.add(r.sid)
                if r.sid not in owner or give(owner[r.sid], tried):
                    owner[r.sid] = s
                    return True
        return False

    if not all(give(s, set()) for s in attempts):
        return None
    return {s.handle: sid for sid, s in owner.items()}


def _sender(record: Any) -> object:  # Any: the SDK has no types
    """Who it was from: the SDK's texts call it from_, its calls _from."""
    return getattr(record, "from_", None) or getattr(record, "_from", None)


def _moment(given: object) -> datetime | None:
    return given if isinstance(given, datetime) else None
