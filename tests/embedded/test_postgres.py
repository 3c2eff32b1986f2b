"""The embedded PostgreSQL is private, durable, and comes back after anything."""

from __future__ import annotations

import os
import pwd
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest

from gateway.embedded import EmbeddedPostgres
from gateway.embedded.errors import ClusterForeign, FolderUnsafe
from gateway.embedded.processes import wait_until

REPOSITORY = Path(__file__).parents[2]


def ask(dsn: str, statement: str) -> str:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return str(row[0])


def run(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def gone(pid: int) -> bool:
    """Say whether *pid* has ended, reaped or not."""
    command = Path(f"/proc/{pid}/cmdline")
    return not command.exists() or not command.read_bytes()


def remember(dsn: str) -> None:
    run(dsn, "create table kept (n int)", "insert into kept values (1843)")


def test_the_server_answers_and_keeps_its_rows_over_a_restart(postgres: EmbeddedPostgres) -> None:
    remember(postgres.start())
    postgres.stop()
    assert not postgres.alive()
    assert ask(postgres.start(), "select n from kept") == "1843"


def test_starting_twice_is_one_server(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    before = postgres.pid
    postgres.start()
    assert postgres.pid == before


def test_it_survives_a_kill_and_a_start_right_after(postgres: EmbeddedPostgres) -> None:
    remember(postgres.start())
    for _ in range(2):
        assert postgres.pid is not None
        os.kill(postgres.pid, signal.SIGKILL)
        wait_until(lambda: not postgres.alive(), 5)
        assert ask(postgres.start(), "select n from kept") == "1843"


def test_a_server_whose_starter_was_killed_is_replaced(
    postgres: EmbeddedPostgres, data: Path
) -> None:
    starter = textwrap.dedent(f"""
        import os, signal, sys
        from pathlib import Path
        from gateway.embedded import EmbeddedPostgres, processes
        processes._libc = None  # as on a system without parent-death signals
        server = EmbeddedPostgres(Path({str(data)!r}))
        server.start()
        print(server.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    orphan = int(subprocess.run([sys.executable, "-c", starter], cwd=REPOSITORY,
                                stdout=subprocess.PIPE, check=False).stdout)  # fmt: skip
    assert not gone(orphan)
    postgres.start()
    assert gone(orphan)


def test_the_server_ends_when_its_starter_is_killed(data: Path) -> None:
    starter = textwrap.dedent(f"""
        import os, signal
        from pathlib import Path
        from gateway.embedded import EmbeddedPostgres
        server = EmbeddedPostgres(Path({str(data)!r}))
        server.start()
        print(server.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    pid = int(subprocess.run([sys.executable, "-c", starter], cwd=REPOSITORY,
                             stdout=subprocess.PIPE, check=False).stdout)  # fmt: skip
    assert wait_until(lambda: gone(pid), 15)


def test_what_a_kill_left_of_a_first_start_is_made_anew(
    postgres: EmbeddedPostgres, data: Path
) -> None:
    half = data / "postgres" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(data / "postgres", nobody.pw_uid, nobody.pw_gid)
    assert ask(postgres.start(), "select 1") == "1"


def test_there_is_no_tcp_listener(postgres: EmbeddedPostgres) -> None:
    dsn = postgres.start()
    assert ask(dsn, "show listen_addresses") == ""
    links = [str(fd.readlink()) for fd in Path(f"/proc/{postgres.pid}/fd").iterdir()]
    sockets = {name[8:-1] for name in links if name.startswith("socket:[")}
    listening = [
        line.split()[9]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    assert not sockets & set(listening)


def test_every_folder_is_closed_and_no_parent_was_opened(
    postgres: EmbeddedPostgres, data: Path
) -> None:
    postgres.start()
    for folder in (data.parent, data, data / "secrets", data / "logs", data / "postgres",
                   data / "postgres" / "run", data / "postgres" / "cluster"):  # fmt: skip
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    for file in (*(data / "secrets").iterdir(), *(data / "logs").iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    socket = data / "postgres" / "run" / ".s.PGSQL.5432"
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700


@pytest.mark.usefixtures("root")
def test_started_by_root_the_server_is_somebody_else(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    status = Path(f"/proc/{postgres.pid}/status").read_text()
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    assert "0" not in lines["Uid"].split() + lines["Gid"].split() + lines["Groups"].split()
    assert int(lines["CapEff"], 16) == 0


def test_the_password_is_needed_and_shown_nowhere(postgres: EmbeddedPostgres, data: Path) -> None:
    dsn = postgres.start()
    secret = (data / "secrets" / "postgres-owner").read_text().strip()
    assert len(secret) >= 43
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(dsn.replace(secret, "guessed"))
    for commands in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert secret.encode() not in commands.read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
    assert not any(secret in log.read_text() for log in (data / "logs").iterdir())


def test_no_value_reaches_the_log(postgres: EmbeddedPostgres, data: Path) -> None:
    dsn = postgres.start()
    run(dsn, "create table t (a text unique)", "insert into t values ('ada@example.org')")
    for statement in (
        "insert into t values ('ada@example.org')",
        "select 'ada@example.org'::int",
        "select * from t where a = 'ada@example.org' and nonsense",
        "do $$ begin raise warning 'ada@example.org'; end $$",
    ):
        with psycopg.connect(dsn) as connection:
            try:
                connection.execute(statement.encode())
            except psycopg.Error:
                connection.rollback()
    postgres.stop()
    assert "ada" not in (data / "logs" / "postgres.log").read_text()


def test_it_is_durable(postgres: EmbeddedPostgres) -> None:
    dsn = postgres.start()
    for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert ask(dsn, f"show {name}") == "on"


def test_a_folder_with_a_long_path_is_reached_by_a_detour(data: Path) -> None:
    server = EmbeddedPostgres(data / ("d" * 120))
    try:
        assert ask(server.start(), "select 1") == "1"
    finally:
        server.stop()


def test_a_cluster_of_another_version_is_refused(postgres: EmbeddedPostgres, data: Path) -> None:
    postgres.start()
    postgres.stop()
    (data / "postgres" / "cluster" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ClusterForeign, match="needed 18"):
        postgres.start()


@pytest.mark.usefixtures("root")
def test_a_folder_of_somebody_else_is_refused(postgres: EmbeddedPostgres, data: Path) -> None:
    data.mkdir()
    os.chown(data, 12345, 12345)
    with pytest.raises(FolderUnsafe, match="needed one that is"):
        postgres.start()


def test_a_secret_that_others_can_read_is_refused(postgres: EmbeddedPostgres, data: Path) -> None:
    postgres.start()
    postgres.stop()
    (data / "secrets" / "postgres-owner").chmod(0o644)
    with pytest.raises(FolderUnsafe, match="chmod 0600"):
        postgres.start()


@pytest.mark.usefixtures("root")
def test_an_ordinary_user_starts_it_too(data: Path) -> None:
    """Forks, because the interpreter itself may lie where an ordinary user cannot start it."""
    nobody = pwd.getpwnam("nobody")
    os.chown(data.parent, nobody.pw_uid, nobody.pw_gid)
    psycopg.connect  # noqa: B018 - loaded before the step down
    child = os.fork()
    if child == 0:
        failed = 1
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            server = EmbeddedPostgres(data)
            remember(server.start())
            os.kill(server.pid or 0, signal.SIGKILL)
            wait_until(lambda: not server.alive(), 5)
            failed = int(ask(server.start(), "select n from kept") != "1843")
            server.stop()
        finally:
            os._exit(failed)
    assert os.waitpid(child, 0)[1] == 0
