"""Keys of sources: found by prefix, compared by hash, forgotten soon."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from gateway.authentication import REMEMBER_S, SourceKey, SourceKeys, key_in_header
from gateway.errors import CredentialMissing, ScopeMissing

KEY = "pk_0a1b2c3d_c2VjcmV0LXNlY3JldC1zZWNyZXQ"


def record(key: str = KEY, scopes: tuple[str, ...] = ("ingest",), days: int = 1) -> SourceKey:
    expires = datetime.now(UTC) + timedelta(days=days)
    return SourceKey(1, hashlib.sha256(key.encode()).digest(), frozenset(scopes), expires)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_valid_key_names_its_source() -> None:
    assert SourceKeys(lambda _: record()).authenticate(KEY, "ingest").source == 1


def test_a_wrong_secret_behind_a_known_prefix_is_refused() -> None:
    with pytest.raises(CredentialMissing):
        SourceKeys(lambda _: record()).authenticate(KEY + "x", "ingest")


@pytest.mark.parametrize("key", ["", "pk_", "nonsense", "pk_a", "xx_a_b", "pk_a_" + "b" * 300])
def test_what_is_no_key_is_refused_without_asking_the_store(key: str) -> None:
    def never(_: str) -> SourceKey | None:
        raise AssertionError("asked")

    with pytest.raises(CredentialMissing):
        SourceKeys(never).authenticate(key, "ingest")


def test_an_expired_key_is_refused() -> None:
    with pytest.raises(CredentialMissing, match="past its end"):
        SourceKeys(lambda _: record(days=-1)).authenticate(KEY, "ingest")


def test_a_key_does_only_what_its_scopes_say() -> None:
    with pytest.raises(ScopeMissing):
        SourceKeys(lambda _: record()).authenticate(KEY, "subjects:read")


def test_a_revoked_key_stops_within_seconds() -> None:
    clock = Clock()
    answers: list[SourceKey | None] = [None, record()]
    keys = SourceKeys(lambda _: answers.pop(), clock)
    keys.authenticate(KEY, "ingest")
    assert keys.remembered(KEY, "ingest") is not None
    clock.now += REMEMBER_S + 1
    assert keys.remembered(KEY, "ingest") is None
    with pytest.raises(CredentialMissing):
        keys.authenticate(KEY, "ingest")


@pytest.mark.parametrize("colon", [":", "", ":ignored"])
def test_basic_carries_the_key_with_and_without_a_colon(colon: str) -> None:
    header = "Basic " + base64.b64encode(f"{KEY}{colon}".encode()).decode()
    assert key_in_header(header) == ("basic", KEY)


@pytest.mark.parametrize("header", ["Basic !!!", "Digest x", "Basic \xff", "x"])
def test_a_header_that_is_neither_is_refused(header: str) -> None:
    with pytest.raises(CredentialMissing):
        key_in_header(header)
