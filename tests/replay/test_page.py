"""docs/replay.md: its example is run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_example_of_the_page_gives_the_lines_that_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "deals.csv").write_text(blocks("csv")[0])
    for name, text in zip(("deals-map.yaml", "deals-outcomes.yaml"), blocks("yaml"), strict=True):
        (tmp_path / name).write_text(text)
    (tmp_path / "playbooks").symlink_to(ROOT / "playbooks")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", blocks("bash")[0].split())

    with pytest.raises(SystemExit) as left:
        main()

    ledger = (tmp_path / "ledger.jsonl").read_text().splitlines()
    assert not left.value.code
    assert len(ledger) == 5
    assert set(blocks("json")[0].splitlines()) <= set(ledger)
    assert "the playbook's condition was not met 1" in " ".join(capsys.readouterr().out.split())


def test_the_commands_for_the_public_logs_name_files_that_are_there() -> None:
    named = re.findall(r"tests/replay/[\w./-]+", blocks("bash")[1])

    assert len(named) == 6
    assert [path for path in named if not (ROOT / path).exists()] == []
