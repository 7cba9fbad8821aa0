"""`touchpoint graph` draws what is in the folder, as a file that looks right on its own."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from orchestrator.cli.graph import graph
from orchestrator.errors import InputError

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"


def test_the_svg_brings_its_own_colours(tmp_path: Path) -> None:
    out = tmp_path / "quote.svg"

    graph("quote-follow-up", PLAYBOOKS, "svg", out)

    style = ElementTree.parse(out).find("{http://www.w3.org/2000/svg}style")
    assert style is not None
    assert "--sheet:" in str(style.text)
    assert "prefers-color-scheme: dark" in str(style.text)
    assert ".graph .card" in str(style.text)


def test_mermaid_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    graph("quote-follow-up", PLAYBOOKS, "mermaid", None)

    assert capsys.readouterr().out.startswith("flowchart TD\n")


def test_a_wrong_name_is_told_with_the_right_one() -> None:
    with pytest.raises(InputError, match="did you mean 'quote-follow-up'"):
        graph("quote-folow-up", PLAYBOOKS, "svg", None)
