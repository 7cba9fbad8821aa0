"""`touchpoint diff` and `touchpoint move` as an author uses them, with customers inside."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from orchestrator import authoring, engine
from orchestrator.cli.main import app
from orchestrator.config import Settings
from orchestrator.errors import InputError, NotFound
from orchestrator.store import versions
from orchestrator.store.schema import audit
from orchestrator.store.upgrade import upgrade
from orchestrator.wiring import build
from tests.stories import designs
from tests.stories.designs import playbook
from tests.stories.world import World

STEPS = "- touchpoint: thanks\n  email: thanks\n  after: 5 days\n- touchpoint: check-in\n  call: check-in\n  queue: sales\n  after: 2 business days\n"
FASTER = STEPS.replace("after: 5 days", "after: 3 days").replace("2 business days", "1 business day")
Run = Callable[..., Result]


class Terminal(io.StringIO):
    """Somebody at a terminal who says yes; something happens while they make up their mind."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__("y\n")
        self._meanwhile = meanwhile

    def isatty(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> str:
        self._meanwhile()
        return super().readline(size)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return designs.write(tmp_path / "playbooks", playbook(STEPS))


@pytest.fixture
def touchpoint(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`touchpoint …` with version 1 published and three customers inside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOUCHPOINT_DATABASE_URL", f"sqlite:///{tmp_path / 'mine.sqlite3'}")
    monkeypatch.setenv("TOUCHPOINT_PLAYBOOKS", str(folder))
    parts = build(Settings())
    upgrade(parts.database)
    authoring.publish(parts, folder, "ops")
    world = World(parts.database.url, tmp_path / "unused")
    world.clock.at = parts.clock()
    engine.handle_events(parts, [world.event("quote.sent", f"P{n}", f"quote/Q-{n}") for n in range(3)])
    world.close()

    def run(*words: str) -> Result:
        result = CliRunner().invoke(app(list(words)), list(words))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def test_nothing_differs_from_what_is_published(touchpoint: Run) -> None:
    assert touchpoint("diff").stdout == "Nothing differs.\n"


def test_the_difference_is_told_in_words_with_head_counts(touchpoint: Run, folder: Path) -> None:
    designs.write(folder, playbook(FASTER), words={"emails/thanks.md": "---\nsubject: thanks\n---\nHello, this is new.\n"})

    assert touchpoint("diff", "follow-up").stdout == (
        "follow-up: version 1 → the files\n"
        "  The thanks e-mail moves from 5 to 3 days after the event; applies to 3 waiting customers.\n"
        "  The check-in call moves from 2 to 1 business days after “thanks”.\n"
        "  emails/thanks.md: instead of “Hello {{ customer.first_name | default: 'there' }}, this is thanks.” it says “Hello, this is"
        " new.”; applies to 3 waiting customers.\n"
        "  3 customers are inside version 1: 3 at thanks. They stay on version 1 unless they are moved; the next touch of 3 would be"
        " another.\n"
    )


def test_a_change_that_reaches_nobody_s_next_touch_says_so(touchpoint: Run, folder: Path) -> None:
    designs.write(folder, playbook(STEPS.replace("2 business days", "1 business day")))

    said = touchpoint("diff", "follow-up").stdout

    assert "3 at thanks. They stay on it; moving them would change nothing that is next for them.\n" in said
    assert "of 0" not in said


def test_those_in_still_earlier_versions_are_counted_too(touchpoint: Run, folder: Path, tmp_path: Path) -> None:
    designs.write(folder, playbook(STEPS, stops_on="{quote.accepted: goal}"))
    parts = build(Settings())
    authoring.publish(parts, folder, "ops")
    world = World(parts.database.url, tmp_path / "unused")
    world.clock.at = parts.clock()
    engine.handle_events(parts, [world.event("quote.sent", "P9", "quote/Q-9", key="later")])
    world.close()
    designs.write(folder, playbook(FASTER))

    said = touchpoint("diff", "follow-up").stdout
    (data,) = json.loads(touchpoint("diff", "follow-up", "--format", "json").stdout)

    assert "from 5 to 3 days after the event; applies to 4 waiting customers, 3 of them in other versions.\n" in said
    assert "1 customer is inside version 2: 1 at thanks." in said
    assert "  3 more are inside other versions (3 in version 1); moved, the next touch of 3 would be another.\n" in said
    assert (data["altered"], data["elsewhere"], data["altered_elsewhere"]) == (1, {"1": 3}, 3)
    assert "other versions" not in touchpoint("diff", "follow-up", "--from", "2").stdout  # these two, as asked


def test_lines_and_data_are_there_for_those_who_want_them(touchpoint: Run, folder: Path) -> None:
    designs.write(folder, playbook(FASTER))

    lines = touchpoint("diff", "--lines").stdout
    (data,) = json.loads(touchpoint("diff", "--format", "json").stdout)

    assert "\n-    after: 5 days\n+    after: 3 days\n" in lines
    assert (data["name"], data["from"], data["to"], data["altered"]) == ("follow-up", 1, "the files", 3)
    assert data["sentences"][0] == {
        "about": "steps", "field": "Touchpoint.after", "text": "The thanks e-mail moves from 5 to 3 days after the event.", "steps": ["thanks"], "applies_to": 3,
        "elsewhere": 0,
    }  # fmt: skip


def test_house_rules_comments_and_files_that_are_gone_or_new_are_told(touchpoint: Run, folder: Path) -> None:
    designs.write(
        folder,
        playbook(STEPS.replace("5 days", "5 days # as ever")),
        playbook(STEPS, name="another"),
        house={"skip_when_late": "1 day"},
    )

    said = touchpoint("diff").stdout

    assert "After how long something late is left out: 1 day, before 2 days.\n" in said
    assert "follow-up: version 1 → the files\n  Only comments or layout differ." in said
    assert "another: not published → the files\n  It is new: nothing of it is published.\n" in said
    designs.write(folder, playbook(STEPS, name="another"))
    assert (
        "It is gone from the files: publishing retires it, and those inside go on; applies to 3 waiting customers."
        in touchpoint("diff").stdout
    )


def test_two_versions_are_compared_with_each_other(touchpoint: Run, folder: Path) -> None:
    designs.write(folder, playbook(FASTER))
    authoring.publish(build(Settings()), folder, "ops")

    assert (
        "follow-up: version 2 → version 1\n  The thanks e-mail moves from 3 to 5 days after the event."
        in touchpoint("diff", "follow-up", "--to", "1").stdout
    )
    assert "follow-up: version 1 → version 2\n" in touchpoint("diff", "follow-up", "--from", "1", "--to", "2").stdout
    with pytest.raises(NotFound, match="no version 9"):
        touchpoint("diff", "follow-up", "--from", "9")
    with pytest.raises(NotFound, match="did you mean 'follow-up'"):
        touchpoint("diff", "folow-up", "--to", "1")


def test_a_move_is_shown_first_and_done_only_when_somebody_says_so(touchpoint: Run, folder: Path) -> None:
    designs.write(folder, playbook(FASTER))
    authoring.publish(build(Settings()), folder, "ops")

    seen = touchpoint("move", "follow-up").stdout
    half = touchpoint("move", "follow-up", "--share", "50%", "--yes", "--by", "olga").stdout
    rest = json.loads(touchpoint("move", "follow-up", "--yes", "--format", "json").stdout)
    back = touchpoint("move", "follow-up", "--to", "1", "--yes").stdout

    assert seen.startswith(
        "follow-up: 3 inside other versions → version 2\n  3 at “1. Thanks” of version 1: planned anew\n      due "
    )
    assert "3 earlier" in seen
    assert seen.endswith("Nobody was moved: say --yes to move them.\n")
    assert half.endswith("2 follow-ups were moved to version 2.\n")
    assert (rest["chosen"], rest["done"]) == (1, {"moved": 1, "kept": 0, "ended": 0, "stayed": {}})
    assert back.endswith("3 follow-ups were moved to version 1.\n")
    with build(Settings()).database.work() as work:
        assert "olga" in set(work.connection.execute(select(audit.c.who).where(audit.c.about == "playbook:follow-up")).scalars())


@pytest.mark.usefixtures("touchpoint")
def test_they_go_to_the_version_that_was_shown_and_only_those_who_were_shown(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the question waits for its answer, version 3 is published and somebody enters it."""
    designs.write(folder, playbook(FASTER))
    authoring.publish(build(Settings()), folder, "ops")

    def meanwhile() -> None:
        parts = build(Settings())
        designs.write(folder, playbook(STEPS.replace("5 days", "0 minutes")))
        authoring.publish(parts, folder, "ops")
        world = World(parts.database.url, tmp_path / "unused")
        world.clock.at = parts.clock()
        engine.handle_events(parts, [world.event("quote.sent", "P9", "quote/Q-9", key="later")])
        world.close()

    monkeypatch.setattr(sys, "stdin", Terminal(meanwhile))

    app(["move", "follow-up"])(["move", "follow-up"], standalone_mode=False)

    said = capsys.readouterr().out
    assert "Move them? [y/N]" in said
    assert said.endswith("3 follow-ups were moved to version 2.\n")
    with build(Settings()).database.work() as work:
        assert versions.inside(work) == {"follow-up": {2: 3, 3: 1}}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--share", "150%"], "no share"),
        (["--step", "thanks"], "OLD=NEW"),
    ],
)
def test_what_cannot_be_meant_is_refused(touchpoint: Run, words: list[str], said: str) -> None:
    result = touchpoint("move", "follow-up", *words)

    assert result.exit_code == 2
    assert said in result.output


def test_a_move_to_where_they_are_is_refused(touchpoint: Run) -> None:
    with pytest.raises(InputError, match="in version 1 already"):
        touchpoint("move", "follow-up", "--from", "1")
