"""`paravent up`: start everything, and keep it running until Ctrl-C."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.output import Data, Json, Policies, answer, progress
from gateway.cli.started import Started, Wanted, started

app = typer.Typer()


@app.command("up")
def up(  # noqa: PLR0913  each is an option of the command
    *,
    data: Data = None,
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65_535,
            envvar="PARAVENT_PORT",
            show_envvar=False,
            help="Port to listen on; 0 takes any free one.",
        ),
    ] = 8000,
    host: Annotated[
        str,
        typer.Option(
            envvar="PARAVENT_HOST",
            show_envvar=False,
            help="Address to listen on. The default is reached from this machine only; put a proxy"
            " that speaks TLS in front before you name another.",
        ),
    ] = "127.0.0.1",
    policies: Policies = None,
    gateways: Annotated[
        int,
        typer.Option(
            min=1,
            max=6,
            envvar="PARAVENT_GATEWAYS",
            show_envvar=False,
            help="Gateway processes that share the port; `paravent restart` renews one by one.",
        ),
    ] = 1,
    as_json: Json = False,
) -> None:
    """Start everything: databases, broker, gateway, workers. Ctrl-C stops all of it.

    The first start makes the installation and prints a write key and an operator token, once; they
    are stored as hashes only. What was answered is on disk: stopping or crashing loses nothing.

    Servers of your own replace the built-in ones: PARAVENT_STORE_DSN and PARAVENT_VAULT_DSN (a
    PostgreSQL role that may create databases and roles), PARAVENT_BROKER_URL (RabbitMQ or Redis).
    """
    wanted = Wanted(data=data, host=host, port=port, policies=policies, gateways=gateways)
    try:
        with started(wanted, progress) as running:
            answer(_document(running), as_json=as_json, lines=_lines(running))
            running.tend_until()
    except KeyboardInterrupt:
        progress("stopped")


def _document(running: Started) -> dict[str, str]:
    document = {"url": running.url}
    if running.write_key and running.operator_token:
        document |= {"write_key": running.write_key, "operator_token": running.operator_token}
    return document


def _lines(running: Started) -> list[str]:
    lines = [f"Paravent listens on {running.url}; Ctrl-C stops it."]
    if running.write_key and running.operator_token:
        lines += [
            "",
            "Keep these now; they are shown once and stored as hashes only:",
            f"  write key       {running.write_key}",
            f"  operator token  {running.operator_token}",
        ]
    return lines
