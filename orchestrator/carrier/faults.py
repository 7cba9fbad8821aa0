"""What goes wrong on purpose, and how often. Seeded, so that a bad day can be had again."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from orchestrator.errors import InputError, Problem, did_you_mean

BEFORE = ("too_many", "error_before", "hang_before", "reset_before", "redirect", "html", "huge")  # nothing was accepted
AFTER = ("error_after", "hang_after", "reset_after", "slow")  # it was accepted, and the caller is not told, or hardly
CALLBACKS = ("doubled", "shuffled", "delayed", "lost_once")
SHARES = (*BEFORE, *AFTER, *CALLBACKS)


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares from 0 to 1. Of the first two groups a request meets one at most; a callback may meet several."""

    too_many: float = 0.0  # 429 with Retry-After or X-RateLimit-Reset
    error_before: float = 0.0  # 500, not accepted
    hang_before: float = 0.0  # no answer for hang_s, not accepted
    reset_before: float = 0.0  # the connection breaks, not accepted
    redirect: float = 0.0  # 307 to elsewhere
    html: float = 0.0  # a page for people, as proxies give
    huge: float = 0.0  # 100 MB
    error_after: float = 0.0  # 500, and yet accepted
    hang_after: float = 0.0
    reset_after: float = 0.0
    slow: float = 0.0  # accepted, and answered one byte at a time
    doubled: float = 0.0  # callbacks that come twice
    shuffled: float = 0.0  # callbacks that others overtake
    delayed: float = 0.0  # callbacks that come delay_s later
    lost_once: float = 0.0  # callbacks that only arrive when they are repeated
    hang_s: float = 30.0  # in real seconds
    retry_after_s: int = 1  # what 429 asks for
    delay_s: float = 60.0  # in imagined seconds
    lookups: bool = False  # whether lists and single resources meet the faults too


NONE = Faults()


def read(given: Mapping[str, Any], now: Faults = NONE) -> Faults:
    """Faults from JSON: what is not named stays. Raises InputError naming the field that cannot be used."""
    known = {f.name: f for f in fields(Faults)}
    problems = []
    for name, value in given.items():
        if name not in known:
            problems.append(Problem(f"there is no fault '{name}'", did_you_mean(name, known), name))
        elif name == "lookups":
            if not isinstance(value, bool):
                problems.append(Problem(f"{name} is {value!r}", "give true or false", name))
        elif isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or (name in SHARES and value > 1):
            problems.append(Problem(f"{name} is {value!r}", "give a share from 0 to 1, or seconds", name))
    if problems:
        raise InputError(problems)
    changed = replace(now, **given)
    if sum(getattr(changed, name) for name in (*BEFORE, *AFTER)) > 1.0 + 1e-9:
        raise InputError(Problem("the shares of a request's faults add up to more than 1", "lower some of them", "faults"))
    return changed


class Dice:
    """Decides what goes wrong next. May be used from several threads."""

    def __init__(self, seed: int, faults: Faults = NONE) -> None:
        self.faults = faults
        self.met: dict[str, int] = dict.fromkeys(SHARES, 0)  # how often each fault happened
        self._random = random.Random(f"faults {seed}")  # noqa: S311 - an imagined bad day, not a secret
        self._lock = threading.Lock()

    def for_request(self) -> str:
        """Which fault this request meets; empty: none."""
        shares = self.faults
        if shares is NONE:
            return ""
        with self._lock:
            point = self._random.random()
            for name in (*BEFORE, *AFTER):
                point -= getattr(shares, name)
                if point < 0:
                    self.met[name] += 1
                    return name
        return ""

    def for_callback(self) -> frozenset[str]:
        """Which faults this callback meets."""
        if self.faults is NONE:
            return frozenset()
        with self._lock:
            met = frozenset(name for name in CALLBACKS if self._random.random() < getattr(self.faults, name))
            for name in met:
                self.met[name] += 1
            return met

    def seconds(self, most: float) -> float:
        """Some seconds up to so many."""
        with self._lock:
            return self._random.uniform(0, most)

    def as_json(self) -> dict[str, Any]:
        """The shares as they stand, and how often each happened."""
        return {**asdict(self.faults), "met": dict(self.met)}
