"""A real PostgreSQL for tests: a server on loopback that they start and stop, as a user that is not root."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from dying_with_us import die_with_parent

USER, PASSWORD, DATABASE = "sweeper", "p4ss/w0rd%of:the@study", "studies"
ACCOUNTS = ("postgres", "nobody")


def programs() -> Path | None:
    """Return the folder of the server's programs: that of PATH, else the newest of Debian's."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").is_file()), None)


def why_not_here() -> str | None:
    """Return why there can be no server; None when there can."""
    if find_spec("psycopg") is None:
        return "psycopg is not installed: pip install '.[database]'"
    return None if programs() else "PostgreSQL is not installed: apt-get install postgresql"


class PostgresServer:
    """A server whose files lie in a folder of their own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self.server: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.account = {} if os.geteuid() else {"user": _account(), "group": _account(), "extra_groups": []}
        if self.account:
            shutil.chown(self.folder, self.account["user"])

    @property
    def bare_url(self) -> str:
        """The URL of the database without the password."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Make the database, when it is not there, and start the server."""
        data = self.folder / "data"
        if not data.exists():
            secret = self.folder / "secret"
            secret.write_text(PASSWORD)
            secret.chmod(0o644)
            self._run("initdb", "-D", str(data), "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync")
            secret.unlink()
        options = ("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}")
        with (self.folder / "server.log").open("ab") as log:
            self.server = subprocess.Popen(
                [str(_programs() / "postgres"), "-D", str(data), "-p", str(self.port), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                preexec_fn=die_with_parent,  # noqa: PLW1509 (one system call)
                **self.account,
            )
        self._wait()

    def stop(self) -> None:
        """End the server at once, with all that is connected to it."""
        if self.server is not None:
            self.server.send_signal(signal.SIGINT)
            self.server.wait(60)

    def restart(self, seconds_away: float) -> None:
        """End the server and start it again after a while."""
        self.stop()
        time.sleep(seconds_away)
        self.start()

    def close(self) -> None:
        """Stop the server and take its files away."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        """Wait until the server answers, and has the database."""
        import psycopg

        deadline = time.monotonic() + 60
        while True:
            try:
                with psycopg.connect(
                    host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname="postgres", autocommit=True
                ) as connection:
                    if not connection.execute("SELECT 1 FROM pg_database WHERE datname=%s", (DATABASE,)).fetchone():
                        connection.execute(f"CREATE DATABASE {DATABASE}")
                    return
            except psycopg.OperationalError:
                assert self.server is not None
                assert self.server.poll() is None, (self.folder / "server.log").read_text()
                assert time.monotonic() < deadline, (self.folder / "server.log").read_text()
                time.sleep(0.1)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(_programs() / program), *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=self.folder,
            **self.account,
        )
        assert done.returncode == 0, done.stderr


def _programs() -> Path:
    found = programs()
    assert found is not None
    return found


def _account() -> str:
    """Return an account that is not root's: the server refuses that one."""
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ACCOUNTS if name in known)
