"""The PostgreSQL servers of a test run: the bundled one, or the ones on loopback.

The bundled server is started by whichever xdist worker needs it first, outlives that worker, and is
stopped by the controller; so it is not started by `EmbeddedPostgres`, whose server ends with the
thread that started it.  It listens on a Unix socket in a 0700 folder only, and gives up durability
(``fsync`` off): a crash of the machine may lose a test database, which is no loss.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gateway.embedded.account import service_account
from gateway.embedded.binaries import postgres_programs
from tests.support.run import Run

ADMIN = "postgres"


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server on which the run may create databases and roles."""

    admin: str
    """DSN of a role that may create databases and roles; any database name in it is replaced."""

    def dsn(self, database: str, *, role: str | None = None, password: str | None = None) -> str:
        """Give a ``postgresql://`` URI for *database*, as *role* or as the administrator."""
        parts = conninfo_to_dict(self.admin)
        user = role or str(parts.get("user") or "")
        if role is not None:
            parts["password"] = password
        secret = parts.get("password")
        login = quote(user, safe="") + (f":{quote(str(secret), safe='')}" if secret else "")
        query = "&".join(
            f"{key}={quote(str(parts[key]), safe='')}"
            for key in ("host", "port", "sslmode")
            if parts.get(key)
        )
        at = f"{login}@" if login else ""
        return f"postgresql://{at}/{database}" + (f"?{query}" if query else "")

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements that may not stand in a transaction, as the administrator."""
        with psycopg.connect(
            make_conninfo(self.admin, dbname=database), autocommit=True
        ) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def databases(self, prefix: str) -> list[str]:
        with psycopg.connect(make_conninfo(self.admin, dbname="postgres")) as connection:
            rows = connection.execute("select datname from pg_database").fetchall()
        return [name for (name,) in rows if name.startswith(prefix)]


def embedded_server(run: Run) -> Server:
    """Give the run's bundled server, starting it when no worker has yet."""
    home = run.folder / "pg"
    with run.lock("server"):
        if not (run.folder / "server.started").exists():
            _start(home, run.folder / "server.log")
            (run.folder / "server.started").touch()
    return Server(admin=f"postgresql://{ADMIN}@/postgres?host={quote(str(home), safe='')}")


def _start(home: Path, log: Path) -> None:
    home.mkdir(mode=0o700)
    log.touch()
    account = service_account()
    if account:  # PostgreSQL refuses to run as root
        os.chown(home, account.uid, account.gid)
        os.chown(log, account.uid, account.gid)
    _program("initdb", "-D", home / "data", "-U", ADMIN, "-A", "trust", "-E", "UTF8",
             "--locale=C", "--no-sync", "--no-instructions")  # fmt: skip
    _launch(home, log)


def start_again(folder: Path) -> None:
    """Start the bundled server of the run in *folder* after it has given up."""
    _program("pg_ctl", "-D", folder / "pg" / "data", "-m", "immediate", "stop", check=False)
    _launch(folder / "pg", folder / "server.log")


def _launch(home: Path, log: Path) -> None:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(home),
        "max_connections": "200",  # two workers, each with the pools of several processes
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "autovacuum_naptime": "10min",  # two cores: vacuuming throw-away clones helps nobody
    }
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    _program("pg_ctl", "-D", home / "data", "-l", log, "-o", options, "-w", "start")


def stop_server(folder: Path) -> None:
    """Stop the bundled server of a run, if it has one, and remove the run's folder."""
    if (folder / "pg" / "data" / "postmaster.pid").exists():
        _program("pg_ctl", "-D", folder / "pg" / "data", "-m", "immediate", "stop", check=False)
    shutil.rmtree(folder, ignore_errors=True)


def _program(name: str, *arguments: object, check: bool = True) -> None:
    account = service_account()
    subprocess.run(
        [postgres_programs(account) / name, *map(str, arguments)],
        check=check,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=None if check else subprocess.DEVNULL,
        cwd="/",
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def server_for(run: Run, dsn: str | None) -> Server:
    """Give the server at *dsn*, or the bundled one."""
    return embedded_server(run) if dsn is None else Server(admin=dsn)
