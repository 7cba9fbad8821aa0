"""How long the long stories are: with `make test-long` all of their kills and months, otherwise about a third of them."""

from __future__ import annotations

import os

LONG = bool(os.environ.get("TOUCHPOINT_LONG_TESTS"))
