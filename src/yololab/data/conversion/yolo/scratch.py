"""A folder beside the new dataset for what is unpacked on the way; made when it is needed, and gone at the end."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

from yololab.errors import InputError, Problem
from yololab.files.atomic import scratch_folder


class Scratch:
    """The folder.

    Args:
        beside: The folder of the new dataset, on whose file system it lies: files in it need no second copy.
        held: Takes it away.
    """

    def __init__(self, beside: Path, held: ExitStack) -> None:
        self._beside, self._held = beside, held

    @cached_property
    def folder(self) -> Path:
        """The folder, absolute and without links.

        Raises:
            InputError: It cannot be made.
        """
        try:
            return self._held.enter_context(scratch_folder(self._beside.parent, self._beside.name)).resolve()
        except OSError as error:
            found = f"nothing can be written beside {self._beside} ({error.strerror or error})"
            raise InputError(Problem("out", found, "a folder in one that can be written to")) from None

    def holds(self, file: Path) -> bool:
        """Return whether a file lies in it."""
        return "folder" in self.__dict__ and file.is_relative_to(self.folder)


@contextmanager
def scratch_beside(folder: Path) -> Iterator[Scratch]:
    """Yield a folder that is gone when the block ends."""
    with ExitStack() as held:
        yield Scratch(folder, held)
