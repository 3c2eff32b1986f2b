"""Find servers on loopback that tests may use; ``python -m tests.support.loopback`` prints them.

Each is asked in its own protocol, and PostgreSQL also whether we may create databases and roles.
"""

from __future__ import annotations

import getpass
import socket
import sys

import psycopg

USUAL_POSTGRES = "postgresql://{user}@127.0.0.1:5432/postgres"
USUAL_REDIS = "redis://127.0.0.1:6379/15"
USUAL_RABBITMQ = "amqp://guest:guest@127.0.0.1:5672//"


def may_create(dsn: str) -> bool:
    """Say whether *dsn* reaches a PostgreSQL where we may create databases and roles."""
    try:
        with psycopg.connect(dsn, connect_timeout=3) as connection:
            row = connection.execute(
                "select rolsuper or (rolcreatedb and rolcreaterole) from pg_roles"
                " where rolname = current_user"
            ).fetchone()
    except psycopg.Error:
        return False
    return row == (True,)


def answers(port: int, question: bytes, beginning: bytes) -> bool:
    """Say whether what listens on *port* answers *question* the way its protocol does."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=3) as connection:
            connection.sendall(question)
            return connection.recv(16).startswith(beginning)
    except OSError:
        return False


def main(given_store: str, given_vault: str, given_broker: str) -> None:
    usual = USUAL_POSTGRES.format(user=getpass.getuser())
    for side, given in (("store", given_store), ("vault", given_vault)):
        if may_create(given or usual):
            sys.stdout.write(f"{side} {given or usual}\n")
    if given_broker:
        sys.stdout.write(f"broker {given_broker}\n")
        return
    if answers(6379, b"PING\r\n", b"+PONG"):
        sys.stdout.write(f"broker {USUAL_REDIS}\n")
    # An AMQP server meets a version it cannot speak with the header of the one it can.
    if answers(5672, b"AMQP\x00\x09\x09\x09", b"AMQP"):
        sys.stdout.write(f"broker {USUAL_RABBITMQ}\n")


if __name__ == "__main__":
    main(*sys.argv[1:4])
