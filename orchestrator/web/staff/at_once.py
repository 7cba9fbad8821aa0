"""One long piece of work at a time in this process: a backtest, a comparison, a move or a rehearsal takes a whole processor, and the
desk needs one too. Whoever comes meanwhile hears that somebody else is at it."""

from __future__ import annotations

import threading

ONE = threading.Lock()  # held while one of them runs; several pages, one lock
