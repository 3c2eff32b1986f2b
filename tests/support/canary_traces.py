"""Everything an installation leaves behind, as bytes to be searched.

And a way to plant another canary in all of it, which proves that the search would find one.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis

from gateway.addresses import Addresses
from gateway.cli.servers import Servers
from gateway.embedded.account import service_account
from gateway.embedded.binaries import postgres_programs
from gateway.embedded.processes import wait_until
from gateway.installation import Installation
from tests.support.canaries import Canary
from tests.support.installation import Installed

DRAIN_S = 60.0
SCRATCH = "public.scratch"
BROKEN = {
    "store": ("store.event", "store.consent_record"),
    "vault": ("vault.identifier", "rights.case"),
}
KEY = "scratch"
# How the keys of each type are read whole; `DUMP` would compress what is looked for.
READ = {
    b"string": ("GET",), b"list": ("LRANGE", 0, -1), b"set": ("SMEMBERS",),
    b"zset": ("ZRANGE", 0, -1), b"hash": ("HGETALL",), b"stream": ("XRANGE", "-", "+"),
    b"none": ("GET",),
}  # fmt: skip


@dataclass
class Traces:
    """What lies in one installation's databases, broker and processes while it runs."""

    home: Installed

    def __post_init__(self) -> None:
        self.addresses: Addresses = Servers(Installation.open(self.home.data)).addresses()

    def wait_for_the_workers(self) -> None:
        """Wait until the bulk lane is folded: the broker has then carried all it has to."""
        waiting = "select (select count(*) from store.dirty) + (select count(*) from store.outbox)"
        with psycopg.connect(self.addresses.store_owner, autocommit=True) as store:

            def idle() -> bool:
                return store.execute(waiting).fetchone() == (0,)

            assert wait_until(idle, DRAIN_S, pause=0.1)

    def dumps(self) -> dict[str, bytes]:
        """Give `pg_dump` of both databases."""
        program = postgres_programs(service_account()) / "pg_dump"
        owners = {"store": self.addresses.store_owner, "vault": self.addresses.vault_owner}
        return {
            f"pg_dump of the {name}": subprocess.run(
                [program, "--dbname", dsn], check=True, capture_output=True
            ).stdout
            for name, dsn in owners.items()
        }

    def audit_headers(self) -> list[str]:
        with psycopg.connect(self.addresses.store_owner) as store:
            rows = store.execute("select header from audit.entry order by seq").fetchall()
        return [str(header) for (header,) in rows]

    def words_of_events(self) -> list[str]:
        """Give every word that is kept of events."""
        words = (
            "select value from store.dictionary where kind > 1 union select text from store.event"
        )
        with psycopg.connect(self.addresses.store_owner) as store:
            return [str(word) for (word,) in store.execute(words).fetchall() if word]

    def broker(self) -> bytes:
        """Give all keys of the broker and all they hold."""
        with redis.Redis(unix_socket_path=str(self._broker_socket())) as broker:
            return b"\n".join(key + b" " + _held(broker, key) for key in broker.scan_iter())

    @contextmanager
    def broker_overheard(self) -> Iterator[list[bytes]]:
        """Give, at the end, every command that any client sent the broker meanwhile."""
        heard: list[bytes] = []
        with socket.socket(socket.AF_UNIX) as listener:
            listener.connect(str(self._broker_socket()))
            listener.sendall(b"MONITOR\r\n")
            assert listener.recv(5) == b"+OK\r\n"
            yield heard
            listener.settimeout(0.5)
            try:
                while chunk := listener.recv(1 << 20):
                    heard.append(chunk)
            except TimeoutError:
                pass

    @contextmanager
    def broken(self) -> Iterator[None]:
        """Make every row that is written to be refused, which PostgreSQL explains by quoting it."""
        self._alter("add constraint broken check (false) not valid")
        yield
        self._alter("drop constraint broken")

    def _alter(self, change: str) -> None:
        owners = {"store": self.addresses.store_owner, "vault": self.addresses.vault_owner}
        for name, tables in BROKEN.items():
            with psycopg.connect(owners[name]) as database:
                for table in tables:
                    database.execute(f"alter table {table} {change}".encode())

    def plant(self, canary: Canary) -> None:
        """Put *canary*, in every encoding, wherever a careless program might."""
        texts = [text for _, _, text in canary.spellings()]
        for dsn in (self.addresses.store_owner, self.addresses.vault_owner):
            with psycopg.connect(dsn) as database:
                database.execute(f"create table {SCRATCH} (said text)")
                with database.cursor() as cursor:
                    cursor.executemany(
                        f"insert into {SCRATCH} values (%s)", [(text,) for text in texts]
                    )
                    for text in texts:
                        told = text.replace("'", "''").replace("%", "%%")
                        cursor.execute(f"do $$ begin raise log '{told}'; end $$".encode())
        with redis.Redis(unix_socket_path=str(self._broker_socket())) as broker:
            broker.rpush(KEY, *texts)
        with (self.home.data / "logs" / "gateway.log").open("a") as log:
            log.write("\n".join(texts) + "\n")

    def _broker_socket(self) -> Path:
        return self.home.data / "broker" / "valkey.sock"


def _held(broker: redis.Redis, key: bytes) -> bytes:
    kind: Any = broker.type(key)
    command, *bounds = READ[kind]
    ask: Any = broker.execute_command
    return b"\n".join(_flat(ask(command, key, *bounds)))


def _flat(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        yield from _flat(list(value.items()))
    elif value is not None:
        for part in value:
            yield from _flat(part)
