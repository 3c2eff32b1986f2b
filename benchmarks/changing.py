"""Does anybody notice that another rulebook comes into force?"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from statistics import median

import httpx

from benchmarks.front import Front
from benchmarks.latency import poisson
from benchmarks.load import Load
from benchmarks.rows import Row, at_most
from benchmarks.suite import Place, Run, measures, say
from gateway.rights.operators import Role, add_operator
from policies.load import SHIPPED, load_rulebook, texts_of
from pseudonymizer.vault.transactions import connect, transaction
from workers.jobs.refresh import refresh
from workers.store import in_force
from workers.store.computation import Computation
from workers.store.transactions import connect as connect_store
from workers.store.transactions import transaction as store_transaction

PER_SECOND = 200  # single events, at random instants; half of what two gateways take at ease
LASTING_S = 10
CHANGES = 4  # every other one loosens, and is approved by a second operator
FAILED = Row("reload-failed", f"requests that {CHANGES} changes of the rulebook let fail, two"
             f" gateways, {PER_SECOND}/s", "requests", bar=at_most(0))  # fmt: skip
SLOWEST = Row("reload-slowest", "the slowest request while they come into force", "ms",
              "the slowest of as long without", at_most(2))  # fmt: skip


@measures(Place.PAIR, FAILED, SLOWEST)
def changing(run: Run) -> Iterator[Row]:
    """Send single events, once without a change and once with some, round after round."""
    front = run.front
    operators = _operators(front)
    _refresh(front)
    took: list[float] = []
    # Opened before anything is measured: its certificates take a tenth of a second of the
    # interpreter that sends the load.
    with httpx.Client(base_url=front.url, timeout=60) as http:
        for number in range(run.rounds):
            quiet = _load(front, run)
            changes = threading.Thread(target=_change, args=(http, operators, took))
            changes.start()
            loud = _load(front, run)
            changes.join()
            FAILED.figures.append(
                float(sum(n for status, n in loud.statuses.items() if status != 200))
            )
            SLOWEST.figures.append(loud.quantile_ms(1.0))
            SLOWEST.limits.append(quiet.quantile_ms(1.0))
            p99 = loud.quantile_ms(0.99) / quiet.quantile_ms(0.99)
            say(f"round {number + 1} of {run.rounds}, reload: p99 {p99:.2f} of that without")
    SLOWEST.remark = f"a change answered in {median(took):.0f} ms, its YAML read included"
    yield from (FAILED, SLOWEST)


def _load(front: Front, run: Run) -> Load:
    count = max(PER_SECOND, int(PER_SECOND * LASTING_S * run.scale))
    return poisson(front.url, front.singles(count), per_second=PER_SECOND, seed=count)


def _refresh(front: Front) -> None:
    """Finish a refresh, as any installation has: the first one folds everybody's history anew."""
    engine = connect_store(front.workers, pool_size=1, application_name="bench")
    try:
        with store_transaction(engine) as connection:
            rules = in_force.rules(connection) or load_rulebook()
            ctx = Computation.build(connection, rules)
        refresh(engine, ctx)
    finally:
        engine.dispose()


def _operators(front: Front) -> tuple[Mapping[str, str], Mapping[str, str]]:
    engine = connect(front.rights, pool_size=1)
    try:
        with transaction(engine) as rights:
            tokens = [
                add_operator(rights, f"bench {at}", Role.DPO, now=datetime.now(UTC))
                for at in range(2)
            ]
    finally:
        engine.dispose()
    first, second = ({"Authorization": f"Bearer {token}"} for token in tokens)
    return first, second


def _change(
    http: httpx.Client,
    operators: tuple[Mapping[str, str], Mapping[str, str]],
    took: list[float],
) -> None:
    """Take a name from an event, and give it back, some times over."""
    shipped = texts_of(SHIPPED)
    stricter = shipped | {"events.yaml": shipped["events.yaml"].replace("[compare]", "[]", 1)}
    bodies = [json.dumps({"files": files}) for files in (stricter, shipped)]
    first, second = operators
    for number in range(CHANGES):
        time.sleep(0.5)
        began = time.perf_counter()
        made = http.post("/v1/rulebooks", content=bodies[number % 2],
                         headers={**first, "Content-Type": "application/json"})  # fmt: skip
        change = made.raise_for_status().json()
        if change["state"] == "proposed":
            approval = f"/v1/rulebooks/{change['change']}/approval"
            http.post(approval, headers=dict(second)).raise_for_status()
        took.append(1000 * (time.perf_counter() - began))
