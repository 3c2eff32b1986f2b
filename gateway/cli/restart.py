"""`paravent restart`: new processes for old, while requests keep being answered."""

from __future__ import annotations

import os

import typer

from gateway.cli.output import Data, Json, answer, progress
from gateway.cli.started import RENEW
from gateway.embedded.processes import wait_until
from gateway.installation import Installation
from policies.errors import ParaventError

app = typer.Typer()

PATIENCE_SECONDS = 900.0  # each gateway has 90 to become ready, and the one before 25 to stop


class NothingRuns(ParaventError):
    """No `up` runs on the data folder."""

    code = "nothing-runs"
    remedy = "Start it with `paravent up`."


class NotRenewed(ParaventError):
    """A process could not be replaced; the one before goes on."""

    code = "not-renewed"
    remedy = "Read logs/gateway.log in the data folder; nothing was interrupted."


@app.command("restart")
def restart(*, data: Data = None, as_json: Json = False) -> None:
    """Renew the running processes, one by one and unnoticed.

    A new gateway process takes requests before the one it replaces stops, and that one answers
    everything it holds; the worker, the relay and the clock follow. Use it after an update, once
    `paravent migrate` has run. What cannot start leaves the one before in place.
    """
    installation = Installation.open(data)
    before = installation.running()
    if before is None:
        raise NothingRuns(f"nothing runs on {installation.folder}; needed a running `up`")
    progress("renewing the processes, one by one")
    os.kill(before.pid, RENEW)

    def over() -> bool:
        now = installation.running()
        return now is None or now.pid != before.pid or now.restarts > before.restarts

    wait_until(over, PATIENCE_SECONDS, pause=0.1)
    after = installation.running()
    if after is None or after.pid != before.pid or after.restarts == before.restarts:
        raise NotRenewed("the running `up` ended, or did not finish; needed it to renew everything")
    if after.stayed:
        raise NotRenewed(f"a new {after.stayed} did not become ready; needed it to start")
    answer({"renewed": True}, as_json=as_json, lines=["Every process is a new one."])
