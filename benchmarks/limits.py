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


def stored_rows(owner_dsn: str, *, limit: int) -> list[bytes]:
    """Give the stored events as packed COPY rows."""
    with psycopg.connect(owner_dsn) as connection, connection.cursor() as cursor:
        query = f"copy (select * from store.event limit {limit}) to stdout (format binary)"
        with cursor.copy(query.encode()) as stream:
            body = b"".join(bytes(chunk) for chunk in stream)
    return _split(body)


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


def copy_rate(owner_dsn: str, rows: list[bytes], *, commit: int, key: bool) -> float:
    """Give rows a second of binary COPY on one connection, *commit* rows a transaction.

    Into a table like the real one: with its key and partitions, or bare.
    """
    head, foot = b"PGCOPY\n\xff\r\n\x00" + bytes(8), b"\xff\xff"
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute("drop table if exists store.bench_event")
        if key:
            connection.execute(
                "create table store.bench_event (like store.event including all)"
                " partition by hash (subject)"
            )
            for part in range(16):
                connection.execute(
                    f"create table store.bench_event_{part} partition of store.bench_event"
                    f" for values with (modulus 16, remainder {part})"
                )
        else:
            connection.execute("create table store.bench_event (like store.event)")
        chunks = [b"".join(rows[i : i + commit]) for i in range(0, len(rows), commit)]
        began = time.perf_counter()
        for chunk in chunks:
            with connection.cursor().copy("copy store.bench_event from stdin (format binary)") as c:
                c.write(head + chunk + foot)
        seconds = time.perf_counter() - began
        connection.execute("drop table store.bench_event")
    return len(rows) / seconds


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
