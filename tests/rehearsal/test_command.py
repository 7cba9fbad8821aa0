"""`touchpoint rehearse` as people use it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestrator.cli.main import app
from orchestrator.errors import InputError
from tests.rehearsal.conftest import STARTERS

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the starter playbooks."""
    return Path(shutil.copytree(STARTERS, tmp_path / "playbooks"))


@pytest.fixture
def rehearse(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("TOUCHPOINT_PLAYBOOKS", str(folder))
    monkeypatch.setenv("TOUCHPOINT_DATABASE_URL", "sqlite:///no/such/folder/there.sqlite3")  # it is never asked
    monkeypatch.setenv("COLUMNS", "100")
    return lambda *words, typed="": CliRunner().invoke(app(["rehearse"]), ["rehearse", *words], input=typed)


def test_all_files_of_the_folder_run_without_a_database(rehearse: Run) -> None:
    result = rehearse()

    assert result.exit_code == 0
    assert re.search(
        r"44 rehearsals in 5 files: as expected \(files read in \d+\.\d s, played in \d+\.\d s, \d+\.\d ms each\)", result.output
    )


def test_a_difference_ends_with_one_and_names_file_and_line(rehearse: Run, folder: Path) -> None:
    playbook = folder / "quote-follow-up.yaml"
    playbook.write_text(playbook.read_text().replace("after: 2 business days", "after: 1 business day"))

    result = rehearse("playbooks/rehearsals/quote-follow-up.yaml")

    assert result.exit_code == 1
    assert "playbooks/rehearsals/quote-follow-up.yaml:18: They have read it and think about it" in result.output
    assert "  - - {at: Thu 2026-03-12 10:30, touchpoint: quote-check-in, try: 1, is: completed}" in result.output
    assert "  + - {at: Wed 2026-03-11 10:30, touchpoint: quote-check-in, try: 1, is: completed}" in result.output
    assert "why: quote-check-in: 1 business day after quote-thanks" in result.output


def test_update_makes_it_agree_and_keeps_the_rest(rehearse: Run, folder: Path) -> None:
    playbook, file = folder / "quote-follow-up.yaml", folder / "rehearsals" / "quote-follow-up.yaml"
    playbook.write_text(playbook.read_text().replace("after: 2 business days", "after: 1 business day"))
    before = file.read_text()

    updated = rehearse("quote-follow-up", "--update")

    assert updated.exit_code == 0
    assert re.search(r"\d+ differed and are rewritten", updated.output)
    assert rehearse("quote-follow-up").exit_code == 0
    after = file.read_text()
    assert after != before
    assert [x for x in after.splitlines() if "- {at" not in x] == [x for x in before.splitlines() if "- {at" not in x]


def as_windows_writes(file: Path) -> bytes:
    """The file with the mark in front and the line ends that some editors write."""
    raw = b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n")
    file.write_bytes(raw)
    return raw


def test_update_writes_no_file_in_which_nothing_differs(rehearse: Run, folder: Path) -> None:
    file = folder / "rehearsals" / "quote-follow-up.yaml"
    raw, before = as_windows_writes(file), file.stat()

    updated = rehearse("quote-follow-up", "--update")

    assert (updated.exit_code, "rewritten" in updated.output) == (0, False)
    assert file.read_bytes() == raw
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_update_keeps_line_ends_and_the_mark_in_front_and_writes_the_file_whole(rehearse: Run, folder: Path) -> None:
    playbook, file = folder / "quote-follow-up.yaml", folder / "rehearsals" / "quote-follow-up.yaml"
    playbook.write_text(playbook.read_text().replace("after: 2 business days", "after: 1 business day"))
    raw = as_windows_writes(file)
    (reader := folder / "opened-before.txt").hardlink_to(file)  # whoever reads the old file meanwhile
    file.chmod(0o640)

    assert rehearse("quote-follow-up", "--update").exit_code == 0

    after = file.read_bytes()
    assert after != raw
    assert after.startswith(b"\xef\xbb\xbf# What")
    assert after.count(b"\n") == after.count(b"\r\n") > 0
    assert reader.read_bytes() == raw, "it was not written over in place: a crash leaves the old file or the new one"
    assert file.stat().st_mode & 0o777 == 0o640
    assert {path.name for path in file.parent.iterdir()} == {path.name for path in (STARTERS / "rehearsals").iterdir()}


def test_update_follows_a_link_to_where_the_file_is(rehearse: Run, folder: Path, tmp_path: Path) -> None:
    playbook, file = folder / "quote-follow-up.yaml", folder / "rehearsals" / "quote-follow-up.yaml"
    playbook.write_text(playbook.read_text().replace("after: 2 business days", "after: 1 business day"))
    elsewhere = tmp_path / "My stories.yaml"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)

    assert rehearse(str(file), "--update").exit_code == 0

    assert file.is_symlink()
    assert "Wed 2026-03-11 10:30, touchpoint: quote-check-in" in elsewhere.read_text()


def test_update_cannot_mend_an_ending_that_the_desk_refuses_and_says_so(rehearse: Run, folder: Path) -> None:
    file = folder / "rehearsals" / "quote-follow-up.yaml"
    file.write_text(file.read_text().replace("ends: completed,", "ends: call_back, call_back: Fri 2029-03-02 10:00,", 1))
    before = file.read_bytes()

    result = rehearse("quote-follow-up", "--update")

    assert result.exit_code == 1
    assert "this follow-up is over by then" in result.output
    assert "1 cannot be rewritten: mend what its 'when' says" in result.output
    assert file.read_bytes() == before


def test_a_broken_file_is_told_and_the_others_run_and_update_leaves_it_alone(rehearse: Run, folder: Path) -> None:
    file = folder / "rehearsals" / "broken.yaml"
    file.write_text("playbook: quote-follow-up\nrehearsals: nothing\n")

    result = rehearse("--update")

    assert result.exit_code == 1
    assert "broken.yaml:2:13: 'nothing' does not fit here" in result.output
    assert "44 rehearsals in 6 files; 1 cannot be run" in result.output
    assert file.read_text() == "playbook: quote-follow-up\nrehearsals: nothing\n"


def test_files_may_be_named_by_path_folder_or_playbook(rehearse: Run) -> None:
    assert "10 rehearsals in 1 file:" in rehearse("visit-reminder").output
    assert "44 rehearsals in 5 files:" in rehearse("playbooks/rehearsals").output
    unknown = rehearse("visit-remindr")
    assert isinstance(unknown.exception, InputError)
    assert "did you mean 'visit-reminder'?" in str(unknown.exception)


def test_the_rehearsals_of_a_playbook_are_found_however_their_files_name_it(rehearse: Run, folder: Path) -> None:
    quotes, visits = folder / "rehearsals" / "quote-follow-up.yaml", folder / "rehearsals" / "visit-reminder.yaml"
    quotes.write_text(quotes.read_text().replace("playbook: quote-follow-up\n", 'playbook: "quote-follow-up"\n', 1))
    visits.write_text(visits.read_text() + "        playbook: quote-follow-up\n")  # of one of its lines, not of its head

    assert "9 rehearsals in 1 file:" in rehearse("quote-follow-up").output


def test_a_playbook_without_rehearsals_is_told(rehearse: Run, folder: Path) -> None:
    shutil.rmtree(folder / "rehearsals")

    result = rehearse()

    assert result.exit_code == 0
    assert "There are no rehearsals in" in result.output


def test_the_other_commands_of_the_group_are_there(rehearse: Run) -> None:
    help_ = rehearse("--help").output

    assert all(word in help_ for word in ("carrier", "record", "FILES"))
    assert "--senders" in rehearse("carrier", "--help").output or "--sender" in rehearse("carrier", "--help").output


def test_play_reads_what_is_typed_and_stops_at_its_end(rehearse: Run) -> None:
    result = rehearse("--play", "quote-follow-up", typed="Tue 2026-03-10 10:00\namount=700\n\n")

    assert result.exit_code == 0
    assert "Tue 2026-03-10 10:10  Thanks for asking us: sent" in result.output
    assert "$700.00" in result.output
    assert "Stopped. Nobody was contacted." in result.output


def test_what_customers_are_called_cannot_move_the_cursor(rehearse: Run, folder: Path) -> None:
    file = folder / "rehearsals" / "x.yaml"
    file.write_text(
        (folder / "rehearsals" / "quote-follow-up.yaml").read_text().replace("They have read it", "They \\u001b[2J have read it")
        .replace("rehearsal: They \\u001b[2J have read it and think about it; then one last word", 'rehearsal: "They \\u009b2J read"')
    )  # fmt: skip
    playbook = folder / "quote-follow-up.yaml"
    playbook.write_text(playbook.read_text().replace("after: 2 business days", "after: 1 business day"))

    assert "\x9b" not in rehearse(str(file)).output
