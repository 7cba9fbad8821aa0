"""What browser somebody sits at, in words: for the list of their sessions."""

from __future__ import annotations

import re

_BROWSERS = (
    (r"Edg(e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/|Chromium/", "Chrome"),
    (r"Safari/", "Safari"),
    (r"curl/|python|httpx|testclient", "a program"),
)
_SYSTEMS = (
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"CrOS", "ChromeOS"),
    (r"Macintosh|Mac OS X", "Mac"),
    (r"Linux|X11", "Linux"),
)


def words(user_agent: str) -> str:
    """ "Firefox on Windows"; only words of ours, whatever the browser claims."""
    said = user_agent[:400]
    browser = next((name for pattern, name in _BROWSERS if re.search(pattern, said, re.IGNORECASE)), "A browser")
    system = next((name for pattern, name in _SYSTEMS if re.search(pattern, said)), "")
    return f"{browser} on {system}" if system else browser
