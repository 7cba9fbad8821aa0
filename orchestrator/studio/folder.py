"""The playbooks folder as authors write it: its files, and writing one so that nobody's change is lost and no half of a file is ever read."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.authoring import MOST_FILES, read_folder
from orchestrator.errors import NotFound, PlaybookError, Problem, TouchpointError
from orchestrator.language.source import MOST_BYTES
from orchestrator.language.words import FOLDERS

REHEARSALS = "rehearsals"
BOM = "\ufeff"
# The only files that the studio touches; a name like these leads nowhere else.
NAME = re.compile(
    rf"([a-z0-9]+(-[a-z0-9]+)*\.yaml|{REHEARSALS}/[a-z0-9]+(-[a-z0-9]+)*\.yaml|({'|'.join(FOLDERS.values())})/[a-z0-9]+(-[a-z0-9]+)*\.md)"
)
MOST_NAME = 100
_ONE_AT_A_TIME = threading.Lock()  # flock holds processes apart, not the threads of one


class ReadOnly(TouchpointError):
    """The folder cannot be written to; the message says why."""


class Conflict(TouchpointError):
    """Somebody changed the file since it was read; `now` is what it is now."""

    def __init__(self, now: File) -> None:
        super().__init__(f"{now.path} was changed meanwhile")
        self.now = now


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is now. The mark of a file that is not there is empty."""

    path: str  # relative to the folder
    text: str  # with \n at the ends of lines, without a byte order mark
    mark: str  # tells whether it is still the same
    crlf: bool = False  # its lines end with \r\n
    bom: bool = False

    @property
    def is_there(self) -> bool:
        return bool(self.mark)

    def as_bytes(self, text: str) -> bytes:
        """Another text, written down as this file is."""
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        return ((BOM if self.bom else "") + (lines.replace("\n", "\r\n") if self.crlf else lines)).encode()


class Folder:
    """The files of one folder. editable: False where the settings say that it is only read."""

    def __init__(self, path: Path, *, editable: bool = True) -> None:
        self.path, self._editable = path, editable

    @property
    def why_read_only(self) -> str:
        """Why nothing can be written here; empty when it can."""
        if not self._editable:
            return "the settings say that it is only read (TOUCHPOINT_EDIT_PLAYBOOKS)"
        if not self.path.is_dir():
            return "there is no such folder"
        return "" if os.access(self.path, os.W_OK | os.X_OK) else "this program may not write there"

    def files(self) -> dict[str, str]:
        """Everything that belongs to the design, and the rehearsals: relative path -> text. Raises PlaybookError for what is no text."""
        found = read_folder(self.path)
        rehearsals = sorted((self.path / REHEARSALS).glob("*.yaml"))
        if len(found) + len(rehearsals) > MOST_FILES:
            raise PlaybookError(Problem(f"more than {MOST_FILES} files", "is this the right folder?", str(self.path)))
        for path in rehearsals:
            name = path.relative_to(self.path).as_posix()
            found[name] = read_file(path, name).text
        return found

    def read(self, name: str) -> File:
        """One file; one that is not there is empty and has no mark. Raises NotFound for a name that belongs to nothing of ours."""
        return read_file(self._at(name), name)

    def write(self, name: str, text: str, seen: str, then: Callable[[], None] = lambda: None) -> File:
        """The file with this text, if it is still the one whose mark was seen; answers what it is now.

        then: what is to be stored elsewhere about it; done when nothing but the last rename is left, so that neither is without the
        other. Raises Conflict (nothing is written), ReadOnly, NotFound.
        """
        path = self._at(name)
        if why := self.why_read_only:
            raise ReadOnly(why)
        return self._replaced(path, name, text, seen, then)

    def rewrite(self, path: Path, text: str, seen: str) -> File:
        """The same for a file that whoever sits at this machine has named by its path, wherever it is."""
        try:
            return self._replaced(path.resolve(), str(path), text, seen, lambda: None)
        except ReadOnly as wrong:
            raise ReadOnly(f"{path} cannot be written: {wrong}") from None

    def _replaced(self, path: Path, name: str, text: str, seen: str, then: Callable[[], None]) -> File:
        if len(text.encode()) > MOST_BYTES:
            raise PlaybookError(Problem("the file is larger than 256 kB", "split it into several playbooks", name))
        with self._alone():
            now = read_file(path, name)
            if now.mark != seen:
                raise Conflict(now)
            raw = now.as_bytes(text)
            with _told_as_read_only():
                beside = _written_beside(path, raw)
            try:
                then()
                with _told_as_read_only():
                    os.replace(beside, path)  # whoever reads meanwhile gets the old file or the new one
            except BaseException:
                os.unlink(beside)
                raise
        return File(name, text, hashlib.sha256(raw).hexdigest(), now.crlf, now.bom)

    def _at(self, name: str) -> Path:
        if len(name) > MOST_NAME or not NAME.fullmatch(name):
            raise NotFound(f"no file {name!r} belongs to a design")
        path = self.path / name
        home = self.path.resolve()
        if path.is_symlink() or path.parent.resolve() not in (home, home / path.parent.name):
            raise NotFound(f"{name} leads out of the folder")
        return path

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with _ONE_AT_A_TIME:
            handle = os.open(self.path, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                os.close(handle)


def read_file(path: Path, name: str) -> File:
    """A file as it is now, under the name that people know it by; one that is not there is empty and has no mark."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return File(name, "", "")
    except OSError as error:
        raise PlaybookError(Problem(f"it cannot be read: {error.strerror}", "", name, 1, 1)) from None
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise PlaybookError(Problem(f"byte {error.start} is not UTF-8", "save the file as UTF-8", name, 1, 1)) from None
    crlf = text.count("\r\n") * 2 > text.count("\n")
    plain = text.removeprefix(BOM).replace("\r\n", "\n")
    return File(name, plain, hashlib.sha256(raw).hexdigest(), crlf, text.startswith(BOM))


def _written_beside(path: Path, raw: bytes) -> str:
    """The whole of it, safely on the disk, under a name that nobody reads."""
    path.parent.mkdir(exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, beside = tempfile.mkstemp(prefix=".", suffix="~", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, mode)
    except BaseException:
        os.unlink(beside)
        raise
    return beside


@contextmanager
def _told_as_read_only() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReadOnly(error.strerror or str(error)) from error
