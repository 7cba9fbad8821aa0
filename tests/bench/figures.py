"""How figures are kept and printed: three runs, ratios taken within each run, min / median / max."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class Figures:
    """Measured values by name, one for each run."""

    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, value: float) -> None:
        self.values[name].append(value)
        print(f"    {name}: {_shown(value)}", flush=True)

    def ratio(self, name: str, over: str) -> list[float]:
        return [a / b for a, b in zip(self.values[name], self.values[over], strict=True)]


def spread(values: list[float]) -> str:
    """ "2.1 / 2.4 / 2.5": min, median, max."""
    return " / ".join(_shown(v) for v in (min(values), statistics.median(values), max(values)))


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
