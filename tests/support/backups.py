"""A base backup and the write-ahead log after it, as a database's owner would keep them.

``BaseBackup.taken`` copies the server's files while it serves; a replication slot keeps the log
from then on.  ``put_back`` puts the copy in the place of the cluster and replays the log up to a
restore point, which is recovery to an instant (PostgreSQL, "Continuous Archiving and Point-in-Time
Recovery").
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg

from gateway.embedded import EmbeddedPostgres
from gateway.embedded.account import service_account
from gateway.embedded.binaries import postgres_programs
from gateway.embedded.processes import wait_until

SLOT = "drill"


@dataclass(frozen=True)
class BaseBackup:
    """The copy of a cluster of the installation in *data*, and where its log is kept."""

    data: Path
    copy: Path
    log: Path

    @classmethod
    def taken(cls, data: Path) -> BaseBackup:
        """Copy the files of the running server of *data*."""
        # Beside the cluster, which is as far as the account of the server can walk.
        backup = cls(data, data.parent / "base", data / "postgres" / "wal")
        with psycopg.connect(EmbeddedPostgres(data).dsn(), autocommit=True) as owner:
            owner.execute("select pg_create_physical_replication_slot(%s, true)", (SLOT,))
            where = {"PGHOST": owner.info.host, "PGPORT": str(owner.info.port)}
            who = {"PGUSER": owner.info.user, "PGPASSWORD": owner.info.password}
        program = postgres_programs(service_account()) / "pg_basebackup"
        command = [str(program), "--wal-method=none", "--checkpoint=fast", "--no-sync"]
        command += ["--pgdata", str(backup.copy)]
        subprocess.run(command, check=True, timeout=120, env=where | who)
        return backup

    def mark(self, name: str) -> None:
        """Write a point to which can be recovered into the log."""
        with psycopg.connect(EmbeddedPostgres(self.data).dsn(), autocommit=True) as owner:
            owner.execute("select pg_create_restore_point(%s)", (name,))

    def keep_log(self) -> None:
        """Copy the log of the server, which has stopped."""
        shutil.copytree(self.data / "postgres" / "cluster" / "pg_wal", self.log, dirs_exist_ok=True)

    def put_back(self, name: str) -> None:
        """Put the copy in the cluster's place, and replay the log up to the point *name*."""
        cluster = self.data / "postgres" / "cluster"
        shutil.rmtree(cluster)
        shutil.copytree(self.copy, cluster)
        with (cluster / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"restore_command = 'cp ../{self.log.name}/%f %p'\n")
            settings.write(f"recovery_target_name = '{name}'\n")
            settings.write("recovery_target_action = 'promote'\n")
        (cluster / "recovery.signal").touch()
        _given_to_the_server(cluster, self.log)
        server = EmbeddedPostgres(self.data)
        server.start()
        try:
            assert wait_until(lambda: _recovered(server.dsn()), 60)
        finally:
            server.stop()


def _recovered(dsn: str) -> bool:
    with psycopg.connect(dsn, autocommit=True) as owner:
        return owner.execute("select not pg_is_in_recovery()").fetchone() == (True,)


def _given_to_the_server(*folders: Path) -> None:
    """Let the account that the server runs as read *folders*, where that is not our own."""
    account = service_account()
    if account is None:
        return
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
