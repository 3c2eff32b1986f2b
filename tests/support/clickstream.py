"""A clickstream file, its map, and what pandas makes of it: the independent second opinion.

Nothing of the product's computing is used here: sessions, counts and ages are taken from the
file with pandas, so that equal numbers mean something.
"""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pseudonymizer.lookup import Lookup
from tests.support.edge import TestEdge

MAP = """
type: track
event: {column: event}
identifiers: {user_id: user_id}
time: {column: timestamp, timezone: UTC}
fields: {context.campaign.source: acquisition_channel}
"""
HEADS = ("user_id", "session_id", "event", "timestamp", "platform", "acquisition_channel")
STEPS = {
    "product_view": "views",
    "add_to_cart": "carts",
    "shipping_details": "checkouts",
    "purchase": "purchases",
}
EVENTS = ("home", "catalog", "search", *STEPS, "cart", "wishlist_add", "support_chat")
GAP = pd.Timedelta(minutes=30)
DAY_S = 86_400.0
MONTH_DAYS = 365.25 / 12


def write_clickstream(path: Path, *, people: int, seed: int, newest: datetime) -> int:
    """Write a made-up clickstream of *people*; some rows repeat another to the letter."""
    draw = random.Random(seed)  # noqa: S311  # made-up people
    rows = []
    for person in range(people):
        for session in range(draw.randint(1, 7)):
            at = newest - timedelta(days=draw.uniform(0.1, 150))
            for _ in range(draw.randint(1, 12)):
                stamp = at.strftime("%Y-%m-%d %H:%M:%S")
                row = (f"user_{person:04d}", f"s{person}_{session}", draw.choice(EVENTS), stamp)
                rows.append((*row, "desktop", "email"))
                if draw.random() < 0.02:
                    rows.append(rows[-1])
                at += timedelta(seconds=draw.randint(1, 1500))
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADS)
        writer.writerows(rows)
    return len(rows)


def expected(path: Path, as_of: datetime) -> pd.DataFrame:
    """Give one row a user with the features the product computes under the same names."""
    frame = pd.read_csv(path, parse_dates=["timestamp"]).sort_values(
        ["user_id", "timestamp"], kind="stable"
    )
    by_user = frame.groupby("user_id")
    new_session = by_user["timestamp"].diff().isna() | (by_user["timestamp"].diff() > GAP)
    purchases = frame[frame["event"] == "purchase"].groupby("user_id")["timestamp"]
    until = pd.Timestamp(as_of.astimezone(UTC)).tz_localize(None)
    first, last = by_user["timestamp"].min(), by_user["timestamp"].max()
    result = pd.DataFrame(
        {
            "events": by_user.size().astype(float),
            "sessions": new_session.groupby(frame["user_id"]).sum().astype(float),
            "recency_days": _days(until - last),
            "age_days": _days(until - first),
            "distinct_days": frame["timestamp"].dt.date.groupby(frame["user_id"]).nunique() * 1.0,
            "purchase_recency_days": _days(until - purchases.max()),
        }
    )
    for event, name in STEPS.items():
        result[name] = (frame["event"] == event).groupby(frame["user_id"]).sum().astype(float)
    known = result["age_days"].clip(lower=MONTH_DAYS)
    result["frequency"] = result["purchases"] / (known / MONTH_DAYS)
    hours = (
        frame["timestamp"].dt.tz_localize("UTC").dt.tz_convert("Europe/Paris").dt.hour
    ).groupby(frame["user_id"])
    result["favourite_hour"] = hours.agg(lambda hour: float(hour.mode().min()))
    return result.replace({np.nan: None})


def _days(length: pd.Series[pd.Timedelta]) -> pd.Series[float]:
    return length.dt.total_seconds() / DAY_S


def computed(edge: TestEdge, users: list[str]) -> dict[str, dict[str, float | None]]:
    """Give the snapshot the product keeps of each user, by the names of the features."""
    wanted = [
        Lookup((("user_id", user),), mint=False, link=False, seal=frozenset()) for user in users
    ]
    pids = {
        answer.pids["marketing"]: user
        for user, answer in zip(users, edge.lookup(wanted), strict=True)
        if answer.pids is not None
    }
    rows: list[Any] = edge.rows(
        "select s.pid, f.keys, n.values from store.feature_snapshot n"
        " join store.feature_set f on f.id = n.feature_set"
        " join store.subject s on s.id = n.subject"
    )
    return {
        pids[pid.bytes]: dict(zip(keys, values, strict=True))
        for pid, keys, values in rows
        if pid.bytes in pids
    }


def differences(
    frame: pd.DataFrame, found: dict[str, dict[str, float | None]]
) -> list[tuple[str, str]]:
    """Name every (user, feature) whose two numbers are not the very same."""
    return [
        (str(user), str(name))
        for user, row in frame.iterrows()
        for name, value in row.items()
        if found.get(str(user), {}).get(str(name), "absent") != value
    ]
