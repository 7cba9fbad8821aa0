"""Drafts as the studio's pages show them: whose browser, which file, the mark that a save names, and what a check finds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from orchestrator.core.roles import Role
from tests.web.staff.office import Browser, Office

ROOT = Path(__file__).resolve().parents[3]
EDIT = "/playbooks/follow-up/edit"


def author(office: Office, role: Role = Role.AUTHOR) -> Browser:
    return office.browser(office.member(office.a_name(), role))


def mark(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]*)"', page)
    assert found is not None
    return found[1]


def shown_text(page: str) -> str:
    found = re.search(r'<textarea id="text".*?>\n(.*?)</textarea>', page, re.S)
    assert found is not None
    return found[1]


def check(browser: Browser, text: str, file: str = "follow-up.yaml", name: str = "follow-up") -> dict[str, Any]:
    answer = browser.send_form(f"/playbooks/{name}/check", file=file, text=text)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def path(office: Office, name: str = "follow-up.yaml") -> Path:
    return office.settings.playbooks / name
