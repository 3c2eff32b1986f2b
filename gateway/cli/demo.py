"""`paravent demo`: a made-up shop's traffic through the front door, told as a story."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import Policies, progress
from gateway.cli.started import Wanted, started
from gateway.demo.folder import clear, demo_folder
from gateway.demo.story import tell

app = typer.Typer()


@app.command("demo")
def demo(  # noqa: PLR0913  # one parameter an option
    *,
    visitors: Annotated[
        int, typer.Option(min=60, max=20_000, help="How many people visit the shop.")
    ] = 400,
    seed: Annotated[int, typer.Option(help="The same seed gives the same visitors.")] = 1843,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes any free one.")
    ] = 0,
    keep: Annotated[
        bool | None,
        typer.Option(
            "--keep/--no-keep",
            help="Stay up at the end, until Ctrl-C. Default: when a person watches.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            envvar="PARAVENT_DATA",
            show_envvar=False,
            help="The installation's folder, kept between runs."
            " Default: one of the demo's own, made anew each time, /var/lib/paravent-demo for root,"
            " ~/.local/share/paravent-demo for everybody else.",
            file_okay=False,
        ),
    ] = None,
    policies: Policies = None,
) -> None:
    """Watch the whole product work on a made-up French web shop, in under a minute.

    Starts everything in a folder of its own, sends the visits of several hundred people through the
    front door, shows what was refused and why, the segments, one person's access report, their
    erasure with its receipt, and the check of the audit log.
    """
    folder = demo_folder(data)
    if folder.owned:
        clear(folder.path)
    stay = sys.stdout.isatty() if keep is None else keep
    wanted = Wanted(data=folder.path, host="127.0.0.1", port=port, policies=policies)
    try:
        with started(wanted, progress) as running:
            tell(running, _say, count=visitors, seed=seed)
            if stay:
                _say("\nEverything is still running; Ctrl-C stops it.")
                running.tend_until()
    except KeyboardInterrupt:
        progress("stopped")


def _say(line: str) -> None:
    print(line, flush=True)
