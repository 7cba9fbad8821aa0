"""docs/first-playbook.md: its files and commands, from an empty folder to the end, print what the page shows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.session import UnknownBlock, blocks, commands, play

FILE = ROOT / "docs" / "first-playbook.md"
PAGE = FILE.read_text(encoding="utf-8")
MOMENT = datetime(2027, 3, 2, 16, 0, 2, tzinfo=UTC)  # a Tuesday, just past ten in Chicago: when somebody sits down with the page
WAY = [
    "check", "check", "check", "rehearse", "rehearse --update", "rehearse", "rehearse --play", "backtest", "db upgrade", "publish", "event",
    "timeline", "serve", "rehearse --update", "diff", "publish", "move", "timeline", "why",
]  # fmt: skip

SMALL = """
```yaml playbooks/lifecycle.yaml
stages: {quote: {title: Quote, about: They decide.}}
events: {}
```

```console
$ touchpoint check
SAID
```
"""


def test_every_command_of_the_tutorial_prints_what_the_page_shows(tmp_path: Path) -> None:
    all_shown = list(play(PAGE, tmp_path, at=MOMENT))

    differences = [shown.difference for shown in all_shown]

    hint = f"To write the outputs anew: python -m tests.docs.session {FILE.relative_to(ROOT)}"
    assert not any(differences), "\n\n".join([*filter(None, differences), hint])
    (sent,) = [one for shown in all_shown for one in shown.went_out]
    assert sent.startswith("dana@example.com: ")
    assert "Your quote for the back porch" in sent


def test_the_tutorial_goes_the_whole_way() -> None:
    shown = [command for block in blocks(PAGE) if block.language == "console" for command, *_ in commands(block)]

    assert len(shown) == len(WAY)
    assert [(c, w) for c, w in zip(shown, WAY, strict=True) if not c.startswith(f"touchpoint {w}")] == []


def test_a_command_that_prints_something_else_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    [before] = play(SMALL, tmp_path / "one", at=MOMENT)

    [after] = play(SMALL.replace("SAID\n", before.got), tmp_path / "other", at=MOMENT)

    assert "-SAID" in before.difference
    assert after.difference == ""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("```bash", "```bash"),
        ("```", "```"),
        ("```yaml", "```yaml"),  # a file without a name
    ],
)
def test_a_block_that_nothing_checks_is_refused(line: str, told: str) -> None:
    with pytest.raises(UnknownBlock, match=told):
        blocks(f"{line}\ntouchpoint serve\n```\n")


def test_only_the_product_is_run(tmp_path: Path) -> None:
    with pytest.raises(UnknownBlock, match="only touchpoint"):
        list(play("```console\n$ rm -r playbooks\n```\n", tmp_path, at=MOMENT))
