"""The life of a touch: every way from one state to another, and what makes it happen. The database holds the same rules.

planned ──allowed──> sending ──accepted──> sent ──receipt──> done | failed
  │  ^                 │  │  ├─refused for good──> failed
  │  └─refused safely──┘  │  └─no answer, lease over──> unknown ──found, or a person──> sent | done | failed | planned
  │  ^                    └─an automatic call is placed──> calling ──it ended──> done | failed
  │  └─called off before anybody answered───────────────────┘└─lease over──> unknown   └─called off──> cancelled | skipped | expired
  ├──a staff call──> ready ──claim──> in_call ──disposition──> filed ──half a minute──> done
  │                    │                 │  ^                      │ └─cannot become final──> unknown
  │                    │                 │  └──────────undone──────┘
  │                    └─policy says later──> planned   └─walked away──> unknown   └─put back, taken back──> ready
  ├──a wait is over──> done
  └──policy or condition says no──> skipped; too late──> expired; enrollment ended──> cancelled
"""

from __future__ import annotations

from orchestrator.core.model import TouchState as S

WAYS: dict[S, frozenset[S]] = {
    S.PLANNED: frozenset({S.PLANNED, S.SENDING, S.READY, S.DONE, S.SKIPPED, S.CANCELLED, S.EXPIRED}),
    S.SENDING: frozenset({S.SENT, S.CALLING, S.DONE, S.FAILED, S.UNKNOWN, S.PLANNED}),
    S.READY: frozenset({S.READY, S.IN_CALL, S.PLANNED, S.SKIPPED, S.CANCELLED, S.EXPIRED}),
    S.IN_CALL: frozenset({S.IN_CALL, S.FILED, S.DONE, S.UNKNOWN, S.READY}),
    S.FILED: frozenset({S.DONE, S.IN_CALL, S.UNKNOWN}),
    S.CALLING: frozenset({S.DONE, S.FAILED, S.UNKNOWN, S.PLANNED, S.CANCELLED, S.SKIPPED, S.EXPIRED}),
    S.SENT: frozenset({S.DONE, S.FAILED}),
    S.UNKNOWN: frozenset({S.SENT, S.DONE, S.FAILED, S.PLANNED}),
    S.DONE: frozenset(),
    S.FAILED: frozenset(),
    S.SKIPPED: frozenset(),
    S.CANCELLED: frozenset(),
    S.EXPIRED: frozenset(),
}


def may_go(now: S, then: S) -> bool:
    """Whether a touch may go from one state to the other."""
    return then in WAYS[now]
