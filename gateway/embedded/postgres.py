"""How does the embedded PostgreSQL run?

Unprivileged, on a Unix socket in a folder of its own, without TCP, with passwords (SCRAM) even
there, and with a log that holds no statement and no value.

Started by root, the server steps down to an account that cannot walk to the data folder at all:
that folder stays 0700 and root's.  The server is started *inside* its cluster folder and knows
it only as ``/proc/self/cwd``, a link the kernel resolves without walking the path; its socket
lies at ``../run``.  So no parent folder is ever opened to anybody.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg

from gateway.embedded import folders, processes
from gateway.embedded.account import service_account
from gateway.embedded.binaries import major_version, postgres_programs
from gateway.embedded.errors import ClusterForeign, FolderUnsafe, ServerNotStarted

if TYPE_CHECKING:
    import subprocess

OWNER = "paravent_admin"
PORT = 5432  # only names the socket file; nothing listens on it
SOCKET = f".s.PGSQL.{PORT}.lock"  # the longer of the two names PostgreSQL makes
START_SECONDS = 60.0  # crash recovery of a busy cluster; an idle one takes 0.2 s
RETRY_SECONDS = 15.0  # how long what a kill -9 left may hold the cluster's lock
SMART_STOP = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0))  # fast shutdown, then immediate

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": "../run",
    "unix_socket_permissions": "0700",
    "max_connections": "200",  # six gateways and the one that replaces another, at 25 each
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "jit": "off",  # every statement of ours is short
    # Durable: an answered event has been written.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Nothing personal in the log.  Messages of class ERROR may quote a value ("invalid input
    # syntax for …"), so they go to the client alone; LOG, FATAL and PANIC speak of the server.
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "log_connections": "",
    "log_lock_waits": "off",
    "log_temp_files": "-1",
    "log_autovacuum_min_duration": "-1",
    "cluster_name": "paravent",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres:
    """One PostgreSQL server of the data folder *folder*: files in ``postgres``, log in ``logs``.

    Not safe for use by two processes at once; the data folder's lock sees to that.  The server
    ends with the thread that started it (see `processes.spawn`).
    """

    def __init__(self, folder: Path) -> None:
        self._home = folder.absolute()
        self._folder = self._home / "postgres"
        self._cluster = self._folder / "cluster"
        self._run = self._folder / "run"
        self._log = self._home / "logs" / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start the server, making its cluster first if there is none; give the owner's DSN.

        Files and processes that a killed server left are cleared away.  Starting what already
        runs gives its DSN.

        Raises:
            ServerNotStarted, FolderUnsafe, EmbeddedMissing, AccountMissing, ClusterForeign
        """
        if not self.alive():
            self._account = service_account()
            self._programs = postgres_programs(self._account)
            self._prepare()
            processes.stop_strangers(self._cluster, "postgres", SMART_STOP)
            self._launch()
        return self.dsn()

    def alive(self) -> bool:
        """Say whether the postmaster this object started is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The postmaster's process number while it runs."""
        return self._process.pid if self._process and self.alive() else None

    def stop(self) -> None:
        """Shut down in order: open transactions are rolled back, everything else is on disk."""
        if self._process is not None:
            processes.stop(self._process, SMART_STOP)
            self._process = None
        folders.close_address(self._run)

    def dsn(self, database: str = "postgres", *, role: str = OWNER, password: str = "") -> str:
        """Give the DSN of *database* as *role*; the owner's password is filled in."""
        if role == OWNER:
            password = self._owner_password()
        host = quote(str(folders.address_folder(self._run, SOCKET)), safe="")
        return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={host}&port={PORT}"

    def _owner_password(self) -> str:
        return folders.kept_secret(self._home / "secrets" / "postgres-owner")

    def _prepare(self) -> None:
        folders.private_folder(self._home)
        folders.private_folder(self._home / "secrets")
        folders.private_folder(self._log.parent)
        self._owner_password()
        account = self._account
        folders.private_folder(self._folder, account=account)
        folders.private_folder(self._run, account=account)
        if not self._cluster.exists():
            self._initialise()
        folders.private_folder(self._cluster, account=account)
        made_by = (self._cluster / "PG_VERSION").read_text().strip()
        ours = major_version(self._programs)
        if made_by != ours:
            raise ClusterForeign(f"the cluster is of PostgreSQL {made_by}; needed {ours}")

    def _initialise(self) -> None:
        """Make the cluster beside its place, then move it there: it exists whole or not at all."""
        work = self._folder / "cluster.new"
        if work.exists():
            shutil.rmtree(work)
        folders.private_folder(work, account=self._account)
        password = self._folder / "owner-password"
        password.unlink(missing_ok=True)
        folders.write_private(password, self._owner_password() + "\n")
        try:
            if self._account:
                os.chown(password, self._account.uid, self._account.gid, follow_symlinks=False)
            self._run_initdb(work, password)
        finally:
            password.unlink()
        work.rename(self._cluster)
        folders.sync_folder(self._folder)

    def _run_initdb(self, work: Path, password: Path) -> None:
        argv = [str(self._programs / "initdb"), f"--pgdata={self._named(work)}"]
        argv += [f"--username={OWNER}", f"--pwfile=../{password.name}", "--no-instructions"]
        argv += ["--auth-local=scram-sha-256", "--auth-host=reject", "--encoding=UTF8"]
        argv += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        log = self._log.with_name("initdb.log")
        launch = processes.Launch(argv=argv, folder=work, log=log, account=self._account)
        if processes.spawn(launch).wait() != 0:
            raise ServerNotStarted(
                f"initdb failed, see {log}: {processes.tail(log, lines=2)}; needed a new cluster"
            )

    def _named(self, cluster: Path) -> str:
        return "/proc/self/cwd" if self._account else str(cluster)

    def _launch(self) -> None:
        """Start the postmaster until it answers.

        For a moment after a kill -9 the dead server's backends hold its shared memory and the
        new one refuses; that passes, so the start is tried again.
        """
        give_up_at = time.monotonic() + RETRY_SECONDS
        while True:
            since = self._log.stat().st_size if self._log.exists() else 0
            self._process = self._spawn_postmaster()
            if self._answers():
                return
            processes.stop(self._process, SMART_STOP)
            if time.monotonic() > give_up_at:
                self._process = None
                raise ServerNotStarted(
                    f"PostgreSQL did not start, see {self._log}:"
                    f" {processes.tail(self._log, since=since)}; needed a server that answers"
                )
            time.sleep(0.25)

    def _spawn_postmaster(self) -> subprocess.Popen[bytes]:
        argv = [str(self._programs / "postgres"), "-D", self._named(self._cluster)]
        for name, value in SETTINGS.items():
            argv += ["-c", f"{name}={value}"]
        argv += ["-c", f"port={PORT}"]
        launch = processes.Launch(
            argv=argv,
            folder=self._cluster,
            log=self._log,
            account=self._account,
            death_signal=signal.SIGINT,  # the fast, clean shutdown
        )
        return processes.spawn(launch)

    def _answers(self) -> bool:
        return (
            processes.wait_until(
                lambda: not self.alive() or self._connects(), START_SECONDS, pause=0.05
            )
            and self.alive()
        )

    def _connects(self) -> bool:
        try:
            psycopg.connect(self.dsn(), connect_timeout=5).close()
        except psycopg.OperationalError as failure:
            if "password authentication failed" in str(failure):
                raise FolderUnsafe(
                    "the cluster does not accept the password kept in secrets/postgres-owner;"
                    " needed the one it was made with"
                ) from None
            return False
        return True
