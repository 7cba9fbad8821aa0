"""Servers of tests that are over close behind the back of the next one: a server takes a sixth of a second to go."""

from __future__ import annotations

import threading
from collections.abc import Callable

_leaving: list[threading.Thread] = []


def close_meanwhile(close: Callable[[], object]) -> None:
    """Call it in a thread of its own. What has to be gone when the test ends is closed by the test itself."""
    thread = threading.Thread(target=close, name="leaving")
    thread.start()
    _leaving[:] = [one for one in _leaving if one.is_alive()] + [thread]


def wait_for_them() -> None:
    """Until all are gone: at the end of the run."""
    for thread in _leaving:
        thread.join(10)
