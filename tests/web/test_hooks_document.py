"""docs/hooks.md names the addresses that are really there, and the limits that are really kept."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrator.channels import hook_urls
from orchestrator.web.bodies import MOST_FORM_BYTES
from orchestrator.web.signatures import FARTHEST_AHEAD, MOST_EVENT_BYTES, OLDEST
from tests.web.practice import Business

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "hooks.md").read_text()


def routes(business: Business) -> set[str]:
    with business.client() as client:
        return {getattr(route, "path", "") for route in _flat(client.app.routes)}  # type: ignore[attr-defined]


def _flat(found: list[object]) -> list[object]:
    """Routes of included routers too, however the framework nests them."""
    flat: list[object] = []
    for one in found:
        inner = getattr(getattr(one, "original_router", None), "routes", None)
        flat += _flat(inner) if inner else [one]
    return flat


def test_every_address_to_be_entered_at_a_provider_is_there(business: Business) -> None:
    entered = set(re.findall(r"https://YOUR-HOST(/[\w/-]+)", DOCUMENT))

    assert entered == {hook_urls.INCOMING_TEXT, hook_urls.INCOMING_CALL, hook_urls.SENDGRID_EVENTS}
    assert entered <= routes(business)


def test_every_address_that_travels_with_a_message_is_there_and_named(business: Business) -> None:
    travelling = (
        hook_urls.TEXT_STATUS, hook_urls.CALL_STATUS, hook_urls.SPEAK, hook_urls.KEY, hook_urls.BRIDGE, hook_urls.AGENT_LEG,
        hook_urls.CUSTOMER_LEG,
    )  # fmt: skip

    assert {f"{path}/{{handle}}" for path in travelling} <= routes(business)
    assert [path for path in travelling if f"`{path.rpartition('/')[2]}`" not in DOCUMENT] == []


def test_the_limits_are_those_of_the_program() -> None:
    assert f"{MOST_FORM_BYTES // 1000} kB" in DOCUMENT
    assert f"{MOST_EVENT_BYTES // 1_000_000} MB" in DOCUMENT
    assert f"{int(OLDEST.total_seconds()) // 3600} hours ago" in DOCUMENT
    assert f"{int(FARTHEST_AHEAD.total_seconds()) // 60} minutes in the" in DOCUMENT
