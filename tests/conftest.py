"""Every test runs with a closed network, a clean environment and a database of its own."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.network import close_network
from tests.support.postgres import drop_all
from tests.support.run import Run, Services, abandoned_runs, clean_environment, start_run
from tests.support.scratch import work_in_memory
from tests.support.servers import stop_server

work_in_memory()  # before anything asks where temporary files go

pytest_plugins = [
    "tests.support.fixtures",
    "tests.support.edge_fixtures",
    "tests.support.front_fixtures",
    "tests.support.transit_fixtures",
    "tests.support.key_fixtures",
]

# Property tests are repeatable by default, so that a red gate is red again on the next try;
# `make soak` looks for new examples with the long profile.
settings.register_profile(
    "short",
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("long", parent=settings.get_profile("short"), max_examples=2000,
                          derandomize=False)  # fmt: skip
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
RUN = pytest.StashKey[Run]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what takes long to the long profile: the summary counts it as deselected."""
    left_out = [] if LONG else [item for item in items if _takes_long(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not _takes_long(item)]


def _takes_long(item: pytest.Item) -> bool:
    """Say whether *item* is marked so, or asks what stands in for AWS, at a tenth of a second each.

    What both rotations and the contract ask of it is asked of three other drivers in the gate.
    """
    params = getattr(item, "callspec", None)
    asks_aws = "kms" in getattr(item, "fixturenames", ()) or (
        params is not None and "awskms" in params.params.values()
    )
    return asks_aws or item.get_closest_marker("long") is not None


def pytest_configure(config: pytest.Config) -> None:
    handed = getattr(config, "workerinput", None)
    if handed is None:
        for folder in abandoned_runs():
            stop_server(folder)
        config.stash[RUN] = start_run(Services.from_environment(dict(os.environ)))
    else:
        config.stash[RUN] = Run(
            folder=Path(handed["run_folder"]),
            id=handed["run_id"],
            services=Services(**handed["run_services"]),
        )
    clean_environment()
    close_network()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the run to an xdist worker before it starts."""
    run = node.config.stash[RUN]
    node.workerinput["run_folder"] = str(run.folder)
    node.workerinput["run_id"] = run.id
    node.workerinput["run_services"] = dataclasses.asdict(run.services)


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or RUN not in config.stash:
        return
    run = config.stash[RUN]
    try:
        drop_all(run)
    finally:
        stop_server(run.folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures that tests measured, whichever worker ran them."""
    told = [
        told for report in terminalreporter.getreports("passed") for told in report.user_properties
    ]
    for name, figures in told:
        if name == "faults":
            terminalreporter.write_sep("-", "the storm of tests/faults")
            terminalreporter.write(str(figures))
    counts = {
        kind: sum(count for name, count in told if name == kind)
        for kind in ("orderings", "deadlocks")
    }
    if counts["orderings"]:
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        terminalreporter.write_line(f"tests/interleavings: {said}")


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Run:
    """The run this test belongs to."""
    return request.config.stash[RUN]


@pytest.fixture(scope="session")
def services(run: Run) -> Services:
    """Servers on loopback that the caller pointed at."""
    return run.services
