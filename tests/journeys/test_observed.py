"""What an operator sees of a running installation: no panel is empty, and no alarm is false."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from gateway.embedded.processes import wait_until
from tests.support.dashboard import RATE, Panel, panels
from tests.support.installation import Installed, installed
from tests.support.lints import ROOT
from tests.support.outages import PEOPLE, order
from tests.support.prometheus import Prometheus, needs_prometheus, prometheus

pytestmark = [pytest.mark.journey, needs_prometheus]

ALERTS = ROOT / "docker" / "prometheus" / "alerts.yaml"
ROUNDS = 12  # seconds of traffic, as many scrapes
# Functions of a rate need two scrapes in their window.
WINDOW = "20s"


@pytest.fixture(scope="module")
def home() -> Iterator[Installed]:
    with installed("--gateways", "2") as running:
        yield running


@pytest.fixture(scope="module")
def observed(home: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has watched an installation be used for a while."""
    target = httpx.URL(home.url).netloc.decode()
    folder = tmp_path_factory.mktemp("prometheus")
    with prometheus(folder, target=target, rules=ALERTS) as watching:
        assert home.command("refresh").returncode == 0
        for number in range(ROUNDS):
            _seen(home, watching, number)
        yield watching


def _seen(home: Installed, watching: Prometheus, number: int) -> None:
    """Use the installation, and wait until Prometheus has looked since."""
    use(home, number)
    scraped = len(watching.query("up")) and _scrapes(watching)
    wait_until(lambda: _scrapes(watching) > scraped, 10, pause=0.1)


def _scrapes(watching: Prometheus) -> float:
    found = watching.query("count_over_time(up[10m])")
    return float(found[0]["value"][1]) if found else 0.0


def use(home: Installed, number: int) -> None:
    """Do what a shop does, and some of what it should not."""
    calls = [order() for _ in range(70)]
    twice = number // 2
    repeated = order(1_000_000 + twice) | {"messageId": f"repeated-{twice}"}
    home.post("/v1/batch", json={"batch": calls})
    home.post("/v1/track", json=repeated)
    home.post("/v1/track", json=order() | {"userId": f"stranger-{number}", "context": {}})
    home.post("/v1/track", json={"type": "track", "event": "Unheard Of", "userId": "x"})
    home.post("/v1/track", json=order(), auth=("pk_unknown", ""))
    asked = {"identifier": {"kind": "user_id", "value": PEOPLE[0].user_id}}
    home.post("/v1/subjects/segments", json=asked)
    home.request("GET", "/v1/segments", auth=(home.write_key, ""))
    home.request("GET", "/readyz")


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel.title)
def test_every_query_of_the_dashboard_finds_something(
    home: Installed, panel: Panel, observed: Prometheus
) -> None:
    # Tests come in any order, and one before may have taken longer than a rate looks back.
    if not observed.query(f"sum(increase(paravent_group_events_count[{WINDOW}])) > 0"):
        for number in range(ROUNDS):
            _seen(home, observed, number)
    for query in panel.queries.values():
        found = observed.query(query.replace(RATE, WINDOW))
        assert found or panel.rare, query
        numbers = [float(series["value"][1]) for series in found]
        assert [n for n in numbers if n != n] == [] or "quantile" in query, query  # noqa: PLR0124  NaN


def test_no_alert_is_wrong_about_an_installation_that_is_well(observed: Prometheus) -> None:
    rules = observed.rules()
    assert {rule["name"] for rule in rules} == set(re.findall(r"alert: (\w+)", ALERTS.read_text()))
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}
    assert _alarmed(observed) == set()


def test_no_label_holds_what_somebody_sent(home: Installed, observed: Prometheus) -> None:
    said = home.request("GET", "/metrics").text
    sent = ["cust-", "stranger-", "pioneer-", "repeated-", "Unheard Of", "order-", home.write_key]
    assert [each for each in sent if each in said] == []
    labels = {name for series in observed.query('{__name__=~"paravent_.+"}')
              for name in series["metric"]}  # fmt: skip
    assert labels <= {
        "__name__", "instance", "job", "le", "event", "outcome", "door", "status", "stage",
        "database", "operation", "part", "reason", "task",
    }  # fmt: skip


def test_counters_never_fall_while_processes_are_renewed(
    home: Installed, observed: Prometheus
) -> None:
    before = _counted(home)
    assert home.command("restart").returncode == 0
    after = _counted(home)
    assert {name: n for name, n in before.items() if after.get(name, 0) < n} == {}
    # Until the next clock is in charge, the alert about it is pending.
    whole = "sum(paravent_beats_in_charge) == 1 and sum(paravent_gateways) == 2"
    assert wait_until(lambda: bool(observed.query(whole)), 60, pause=0.2)
    assert wait_until(lambda: not _alarmed(observed), 60, pause=0.2)


def _alarmed(observed: Prometheus) -> set[str]:
    """Give the alerts whose condition holds now, for however short a time."""
    return {rule["name"] for rule in observed.rules() if rule["state"] != "inactive"}


def _counted(home: Installed) -> dict[str, float]:
    lines = home.request("GET", "/metrics").text.splitlines()
    counters = [line for line in lines if re.match(r"paravent_\w+(_total|_count|_bucket)\{?", line)]
    return {name: float(n) for name, _, n in (line.rpartition(" ") for line in counters)}
