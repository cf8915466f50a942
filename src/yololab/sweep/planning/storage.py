"""The study's storage: a journal file next to the trials unless another one is named.

The password of a database is kept in the environment of the processes that need it, and in no file: not in the sweep's,
nor in what an engine is given. Without one there, the database's own ways count (`~/.pgpass`, PGPASSWORD).
"""

import os
import time
from collections.abc import Callable, Container, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import optuna
from filelock import FileLock
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.trial import FrozenTrial, TrialState

from yololab.errors import InputError, Problem
from yololab.masking import MASK, mask_secrets
from yololab.sweep.executor import PASSWORD

JOURNAL = "journal://"
SQLITE = "sqlite:///"
ATTEMPTS = 5

Found = TypeVar("Found")


def journal_url(path: Path) -> str:
    """Return the URL of a journal file."""
    return f"{JOURNAL}{path}"


def absolute_url(url: str, working_directory: Path) -> str:
    """Return the URL of a storage with its file, if it is one, made absolute.

    Raises:
        InputError: It is no URL that Optuna or we know.
    """
    for prefix in (JOURNAL, SQLITE):
        if url.startswith(prefix) and url != prefix:
            return f"{prefix}{(working_directory / Path(url.removeprefix(prefix)).expanduser()).resolve()}"
    if "://" in url and not url.startswith((JOURNAL, "sqlite")):
        return url
    allowed = "journal:///path/study.log, sqlite:///path/study.db, mysql://…, postgresql://…"
    raise InputError(Problem("search.storage", f"{mask_secrets(url)!r}", allowed))


def relative_url(url: str, sweep: Path, project: Path) -> str:
    """Return the URL of a storage with its file relative to the sweep's folder, so that both can be moved together.

    Args:
        url: What `absolute_url` returns, and takes back with the sweep's folder.
        sweep: The sweep's folder.
        project: Outside of it a file stays where it is.
    """
    for prefix in (JOURNAL, SQLITE):
        if url.startswith(prefix) and Path(url.removeprefix(prefix)).is_relative_to(project):
            return prefix + os.path.relpath(url.removeprefix(prefix), sweep)
    return url


def take_password(url: str) -> str:
    """Return the URL of a storage without its password, which is kept in this process's environment from now on.

    Raises:
        InputError: It is no URL.
    """
    from sqlalchemy.engine import URL, make_url
    from sqlalchemy.exc import ArgumentError

    if url.startswith((JOURNAL, SQLITE)):
        return url
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        raise InputError(Problem("search.storage", "not readable as a URL", "dialect://user@host/database")) from None
    names = [name for name in found.query if name in ("password", "passwd")]
    passwords = [found.password, *(found.query[name] for name in names)]
    password = next((str(item) for item in passwords if item not in (None, MASK)), None)
    if password is not None:
        os.environ[PASSWORD] = password
    rest = found.difference_update_query(names)
    bare = URL.create(rest.drivername, rest.username, None, rest.host, rest.port, rest.database, rest.query)
    return bare.render_as_string(hide_password=False)


def _with_password(url: str) -> str:
    """Return the URL with the password that the environment has, if it has one."""
    from sqlalchemy.engine import make_url

    found, password = make_url(url), os.environ.get(PASSWORD)
    return found.set(password=password).render_as_string(hide_password=False) if password and found.username else url


class Journal(JournalStorage):
    """A journal that knows when nothing is queued: `Study.ask` looks for that first, through all trials each time."""

    def __init__(self, backend: JournalFileBackend) -> None:
        super().__init__(backend)
        # Study → the number before which no trial waits.
        self._first_waiting: dict[int, int] = {}

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials in one of these states; those before the first one that waits are not looked at again."""
        if states == (TrialState.WAITING,) and not self._any_waiting(study_id):
            return []
        return super().get_all_trials(study_id, deepcopy, states)

    def _any_waiting(self, study_id: int) -> bool:
        """Return whether a trial waits; one that has begun never does again."""
        number = self._first_waiting.get(study_id, 0)
        try:
            while self._state(study_id, number) is not TrialState.WAITING:
                number += 1
        except KeyError:
            return False
        finally:
            self._first_waiting[study_id] = number
        return True

    def _state(self, study_id: int, number: int) -> TrialState:
        return self.get_trial(self.get_trial_id_from_study_id_trial_number(study_id, number)).state


def open_storage(url: str) -> BaseStorage:
    """Open a storage, which is made when it is not there; several processes may do so at once.

    Args:
        url: `journal:///absolute/path`, or what Optuna takes: `sqlite:///…`, `mysql://…`, `postgresql://…`.

    Raises:
        InputError: It cannot be opened.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if url.startswith(JOURNAL):
        path = Path(url.removeprefix(JOURNAL))
        if path.exists() and not path.is_file():
            raise InputError(Problem("search.storage", f"{path} is no regular file", "a file"))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _drop_torn_line(path)
            return Journal(JournalFileBackend(str(path)))
        except OSError as error:
            raise InputError(Problem("search.storage", f"{path}: {error.strerror or error}", "a file")) from None
        except Exception as error:  # whatever Optuna meets in a file that is no journal, or a damaged one
            found, remedy = f"{path}: damaged ({type(error).__name__}: {error})", "restore it, or name another file"
            raise InputError(Problem("search.storage", found, "a journal of Optuna", remedy)) from None
    if not url.startswith("sqlite"):
        # Two processes that make the same tables at once disturb each other; the second time they are there.
        # A connection that the server has ended, as at its restart, is made anew.
        return _with_retries(lambda: RDBStorage(_with_password(url), engine_kwargs={"pool_pre_ping": True}))
    path = Path(url.removeprefix(SQLITE))
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock", timeout=60):
        # It waits for its lock instead of failing after 5 s.
        return _with_retries(lambda: RDBStorage(url, engine_kwargs={"connect_args": {"timeout": 60}}))


def open_study(
    url: str,
    name: str,
    directions: Sequence[str],
    sampler: optuna.samplers.BaseSampler | None = None,
    pruner: optuna.pruners.BasePruner | None = None,
) -> optuna.Study:
    """Open a study, which is made when it is not there.

    Raises:
        InputError: The storage cannot be opened, or holds a study of this name with other directions.
    """
    storage = open_storage(url)
    make = partial(optuna.create_study, storage=storage, study_name=name, sampler=sampler, load_if_exists=True)
    wanted = [optuna.study.StudyDirection[direction.upper()] for direction in directions]
    study = _with_retries(lambda: make(directions=wanted, pruner=pruner or optuna.pruners.NopPruner()))
    found = [direction.name.lower() for direction in study.directions]
    if found != list(directions):
        remedy = "name another study with search.study=…"
        raise InputError(Problem("search.study", f"{name!r} has the directions {found}", f"{list(directions)}", remedy))
    return study


def _with_retries(attempt: Callable[[], Found]) -> Found:
    """Call `attempt` until it works, a few times.

    Raises:
        InputError: It never does.
    """
    for number in range(ATTEMPTS):
        try:
            return attempt()
        except ImportError as error:
            raise InputError(Problem("search.storage", str(error).splitlines()[0], remedy="install it")) from None
        except Exception as error:
            if number == ATTEMPTS - 1:
                found = mask_secrets(f"{type(error).__name__}: {str(error).splitlines()[0]}")
                remedy = f"a password is taken from search.storage=… of this command, or from {PASSWORD}"
                raise InputError(Problem("search.storage", found, "a storage that can be opened", remedy)) from None
            time.sleep(0.2 * 2**number)
    raise AssertionError


def _drop_torn_line(path: Path) -> None:
    """Take away the end of a journal that was not written to its end (a full disk, a lost machine).

    Optuna would otherwise refuse the whole journal as soon as a line follows.
    """
    if not path.is_file() or not path.stat().st_size:
        return
    with FileLock(path.with_name(f".{path.name}.mend.lock"), timeout=60), path.open("rb+") as file:
        file.seek(-1, 2)
        if file.read(1) == b"\n":
            return
        # Somebody may be about to write the rest of the line.
        size = path.stat().st_size
        time.sleep(1.0)
        if path.stat().st_size != size:
            return
        file.seek(0)
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
