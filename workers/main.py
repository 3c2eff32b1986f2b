"""Processes of the pseudonymous side: ``python -m workers.main worker|relay|beat``.

Each reads ``WorkersSettings`` from its environment, refuses the vault's DSN, keys and a database
role that may do too much, and runs until SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine

from policies.errors import ParaventError
from workers import counting, logs, metrics, tracing
from workers.app import celery_app
from workers.beat import Beat
from workers.errors import SettingsRefused
from workers.relay import Relay
from workers.settings import WorkersSettings, read_settings
from workers.store import known_server
from workers.store.transactions import connect, refuse_overprivileged
from workers.tasks import runtime


def run_worker(settings: WorkersSettings) -> int:
    """Run tasks until told to stop; give the exit code."""
    _engine(settings, "worker").dispose()  # before forking: children make their own
    runtime.configure(settings)
    app = celery_app(settings)
    metrics.count_tasks()
    if settings.otlp_endpoint is not None:
        tracing.trace_tasks(lambda: _tracing(settings), time.time_ns)
    worker = app.Worker(
        hostname="paravent@%h",
        pool_cls="prefork",
        concurrency=settings.worker_concurrency,
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def run_relay(settings: WorkersSettings) -> int:
    """Deliver the outbox until told to stop."""
    stop = threading.Event()
    _on_stop(stop.set)
    Relay(_engine(settings, "relay"), celery_app(settings)).run(stop)
    return 0


def run_beat(settings: WorkersSettings) -> int:
    """Send periodic tasks until told to stop."""
    beat = Beat(celery_app(settings), _engine(settings, "beat"))

    def stop() -> None:
        beat.stop()
        raise SystemExit(0)

    _on_stop(stop)
    beat.run(time.sleep)
    return 0


def _tracing(settings: WorkersSettings) -> tracing.Tracing | None:
    if settings.otlp_endpoint is None:
        return None
    return tracing.Tracing(
        settings.otlp_endpoint, service="paravent-worker", share=settings.trace_share
    )


def _serve_counters(settings: WorkersSettings, process: str) -> None:
    if settings.metrics_port is None:
        return
    if process == "worker" and not os.environ.get(counting.FOLDER):
        raise SettingsRefused(
            f"PARAVENT_METRICS_PORT is set and {counting.FOLDER} is not; tasks run in processes of"
            " their own, and a folder they can count into was needed"
        )
    counting.serve(metrics.REGISTRY, host=settings.metrics_host, port=settings.metrics_port)


def _engine(settings: WorkersSettings, name: str) -> Engine:
    engine = connect(
        settings.store_dsn.get_secret_value(), pool_size=2, application_name=f"paravent-{name}"
    )
    refuse_overprivileged(engine)
    engine.dispose()  # what was let in without a look is not kept
    known_server.guard(engine)
    return engine


def _on_stop(act: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: act())


PROCESSES = {"worker": run_worker, "relay": run_relay, "beat": run_beat}


def main(arguments: list[str]) -> int:
    """Run one process; 2 for wrong usage, 1 when it may not or cannot start."""
    if len(arguments) != 1 or arguments[0] not in PROCESSES:
        sys.stderr.write("usage: python -m workers.main worker|relay|beat\n")
        return 2
    logs.configure()
    try:
        settings = read_settings()
        _serve_counters(settings, arguments[0])
        return PROCESSES[arguments[0]](settings)
    except ParaventError as error:
        sys.stderr.write(f"{error.code}: {error}\n{error.remedy}\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
