"""The limits our figures are held against, measured on the same server in the same run."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from workers.store.event_rows import FOOTER, HEADER

NOOP = """
import uvicorn
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})
uvicorn.run(app, host="127.0.0.1", port=PORT, loop="uvloop", http="httptools",
            log_level="critical", access_log=False)
"""


class Copied:
    """A table like that of the events, with its key and partitions, and rows to copy into it.

    It begins with what the real one holds, so that neither of the two indexes is the smaller.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(
                "create table store.bench_event (like store.event including all)"
                " partition by hash (subject)"
            )
            for part in range(16):
                connection.execute(
                    f"create table store.bench_event_{part} partition of store.bench_event"
                    f" for values with (modulus 16, remainder {part})".encode()
                )
            connection.execute("insert into store.bench_event select * from store.event")

    def rows_per_second(self, count: int, *, commit: int) -> float:
        """Give rows a second of binary COPY on one connection, *commit* rows a transaction.

        They are the events stored last, as other messages.
        """
        rows = [_renamed(row) for row in self._stored_last(count)]
        chunks = [b"".join(rows[at : at + commit]) for at in range(0, len(rows), commit)]
        copying = b"copy store.bench_event from stdin (format binary)"
        with psycopg.connect(self._owner, autocommit=True) as connection:
            began = time.perf_counter()
            for chunk in chunks:
                with connection.cursor().copy(copying) as stream:
                    stream.write(HEADER + chunk + FOOTER)
            return len(rows) / (time.perf_counter() - began)

    def _stored_last(self, count: int) -> list[bytes]:
        query = f"select * from store.event order by batch desc limit {count}"
        copying = f"copy ({query}) to stdout (format binary)".encode()
        with (
            psycopg.connect(self._owner) as connection,
            connection.cursor().copy(copying) as stream,
        ):
            return _split(b"".join(bytes(chunk) for chunk in stream))


def _renamed(row: bytes) -> bytes:
    """Give a row another message: the second column, behind the first and two lengths."""
    return row[:18] + os.urandom(8) + row[26:]


def _split(body: bytes) -> list[bytes]:
    """Cut a binary COPY stream into its rows."""
    position = 19 + int.from_bytes(body[15:19], "big")
    rows = []
    while (columns := int.from_bytes(body[position : position + 2], "big", signed=True)) >= 0:
        start = position
        position += 2
        for _ in range(columns):
            size = int.from_bytes(body[position : position + 4], "big", signed=True)
            position += 4 + max(size, 0)
        rows.append(body[start:position])
    return rows


def pgbench_rate(binaries: Path, owner_dsn: str, *, clients: int, seconds: int) -> float:
    """Give transactions a second of ``pgbench -N -M prepared`` with *clients*."""
    base = [str(binaries / "pgbench")]
    environment = {**os.environ, "PGOPTIONS": "-c search_path=bench"}
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        fresh = connection.execute("select to_regclass('bench.pgbench_accounts') is null")
        missing = (fresh.fetchone() or (True,))[0]
        connection.execute("create schema if not exists bench")
    if missing:
        subprocess.run(
            [*base, "-i", "-s", "10", "-q", owner_dsn],
            env=environment, check=True, capture_output=True,
        )  # fmt: skip
    command = [*base, "-N", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds)]
    ran = subprocess.run(
        [*command, owner_dsn], env=environment, check=True, capture_output=True, text=True
    )
    found = re.search(r"tps = ([\d.]+)", ran.stdout)
    return float(found.group(1)) if found else 0.0


@contextmanager
def noop_server() -> Iterator[str]:
    """Run an ASGI application that reads the body and answers; give its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-c", NOOP.replace("PORT", str(port))])
    try:
        asyncio.run(_listening(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


async def _listening(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise TimeoutError("the no-op server did not start")
