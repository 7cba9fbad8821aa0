"""A file of the folder is written whole or not at all, only where it was read, and never over what somebody else has written."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from orchestrator.errors import NotFound, PlaybookError
from orchestrator.studio.folder import Conflict, Folder, ReadOnly, read_file
from tests.stories import designs
from tests.web.staff.office import SALES


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(designs.write(tmp_path / "playbooks", designs.playbook(SALES)))


def names(folder: Folder) -> set[str]:
    return {path.relative_to(folder.path).as_posix() for path in folder.path.rglob("*") if path.is_file()}


def test_what_is_written_is_read_again_and_nothing_is_left_beside_it(folder: Folder) -> None:
    before, there = folder.read("follow-up.yaml"), names(folder)

    after = folder.write("follow-up.yaml", before.text + "# more\n", before.mark)

    assert folder.read("follow-up.yaml") == after
    assert after.text.endswith("# more\n")
    assert names(folder) == there


def test_nobody_writes_over_what_somebody_else_has_written(folder: Folder) -> None:
    seen = folder.read("follow-up.yaml").mark
    (folder.path / "follow-up.yaml").write_text("# by hand\n")

    with pytest.raises(Conflict) as conflict:
        folder.write("follow-up.yaml", "# by the studio\n", seen)

    assert conflict.value.now.text == "# by hand\n"
    assert (folder.path / "follow-up.yaml").read_text() == "# by hand\n"


def test_a_new_file_is_not_written_over_one_that_came_meanwhile(folder: Folder) -> None:
    folder.write("texts/new.md", "Hello\n", "")

    with pytest.raises(Conflict):
        folder.write("texts/new.md", "Hello again\n", "")


def test_of_two_who_save_at_the_same_moment_one_is_told(folder: Folder) -> None:
    seen = folder.read("follow-up.yaml").mark
    start, told = threading.Barrier(4), []

    def saves(number: int) -> None:
        start.wait()
        try:
            folder.write("follow-up.yaml", f"# {number}\n", seen)
        except Conflict:
            told.append(number)

    threads = [threading.Thread(target=saves, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(told) == 3
    assert folder.read("follow-up.yaml").text not in {f"# {n}\n" for n in told}


def test_when_what_belongs_to_it_cannot_be_stored_the_file_stays_as_it_was(folder: Folder) -> None:
    before, there = folder.read("follow-up.yaml"), names(folder)

    def no_database() -> None:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        folder.write("follow-up.yaml", "# new\n", before.mark, no_database)

    assert folder.read("follow-up.yaml") == before
    assert names(folder) == there


def test_line_breaks_and_the_mark_in_front_stay_as_the_file_has_them(folder: Folder) -> None:
    path = folder.path / "follow-up.yaml"
    path.write_bytes("\ufeffa: 1\r\nb: 2\r\n".encode())
    file = folder.read("follow-up.yaml")

    folder.write("follow-up.yaml", file.text.replace("2", "3"), file.mark)

    assert file.text == "a: 1\nb: 2\n"
    assert path.read_bytes() == "\ufeffa: 1\r\nb: 3\r\n".encode()


def test_who_may_read_a_file_may_read_it_afterwards(folder: Folder) -> None:
    path = folder.path / "follow-up.yaml"
    path.chmod(0o664)

    folder.write("follow-up.yaml", "# new\n", folder.read("follow-up.yaml").mark)

    assert path.stat().st_mode & 0o777 == 0o664


@pytest.mark.parametrize("name", ["../secret.yaml", "/etc/passwd", "emails/../../x.md", "emails/x.yaml", "x.yml", "Emails/x.md", "emails//x.md", ".env", "x.yaml\n",
                                  "a" * 99 + ".yaml", "rehearsals/../x.yaml", "other/x.md", "emails/.x.md", "", "x\x00.yaml"])  # fmt: skip
def test_no_name_leads_out_of_the_folder(folder: Folder, name: str) -> None:
    with pytest.raises(NotFound):
        folder.read(name)
    with pytest.raises(NotFound):
        folder.write(name, "x", "")


def test_a_link_to_elsewhere_is_not_followed(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "x.md").write_text("secret")
    (folder.path / "rehearsals").symlink_to(tmp_path / "secret")
    (folder.path / "linked.yaml").symlink_to(tmp_path / "secret" / "x.md")

    for name in ("linked.yaml", "rehearsals/x.yaml"):
        with pytest.raises(NotFound, match="leads out"):
            folder.read(name)


def test_where_nothing_may_be_written_it_says_why(folder: Folder) -> None:
    only_read = Folder(folder.path, editable=False)

    with pytest.raises(ReadOnly, match="TOUCHPOINT_EDIT_PLAYBOOKS"):
        only_read.write("follow-up.yaml", "x", only_read.read("follow-up.yaml").mark)
    assert "no such folder" in Folder(folder.path / "nowhere").why_read_only
    assert folder.why_read_only == ""


def test_a_file_that_is_too_large_is_refused_before_it_is_written(folder: Folder) -> None:
    with pytest.raises(PlaybookError, match="256 kB"):
        folder.write("texts/long.md", "x" * 300_000, "")
    assert not folder.read("texts/long.md").is_there


def test_a_file_that_somebody_names_by_its_path_is_written_as_carefully(folder: Folder, tmp_path: Path) -> None:
    path = tmp_path / "My stories.yaml"
    path.write_bytes(b"a: 1\r\n")
    seen = read_file(path, str(path))

    folder.rewrite(path, "a: 2\n", seen.mark)
    with pytest.raises(Conflict, match=r"My stories.yaml was changed meanwhile"):
        folder.rewrite(path, "a: 3\n", seen.mark)

    assert path.read_bytes() == b"a: 2\r\n"
    assert [one.name for one in tmp_path.iterdir()] in (["My stories.yaml", "playbooks"], ["playbooks", "My stories.yaml"])
