"""Bucket keys are remembered, and never for another bucket than the one that is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.buckets import (
    SECONDS_UNWRAPPED,
    Buckets,
    new_bucket,
    unwrap_subject,
    wrap_subject,
)

SUBJECT_KEY = bytes(range(32))


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(FileKeyProvider.create(tmp_path / "keys.json"))


def test_a_bucket_made_again_after_a_rollback_has_a_key_of_its_own(keyring: Keyring) -> None:
    """Under the key of the one rolled back, subject keys would open for nobody, ever."""
    buckets = Buckets(keyring)
    rolled_back, _ = new_bucket(keyring, 7, 1)
    stored, key = new_bucket(keyring, 7, 1)
    buckets.key(rolled_back)
    wrapped = wrap_subject(buckets.key(stored), 1, SUBJECT_KEY)
    assert unwrap_subject(key, 1, wrapped) == SUBJECT_KEY


def test_an_unwrapped_key_is_used_for_a_minute_and_for_no_other_version(keyring: Keyring) -> None:
    now = [0.0]
    buckets = Buckets(keyring, clock=lambda: now[0])
    first, _ = new_bucket(keyring, 7, 1)
    kept = buckets.key(first)
    assert buckets.key(first) is kept
    second, _ = new_bucket(keyring, 7, 2)
    assert buckets.key(second).version == 2
    again = buckets.key(first)
    assert again is not kept, "another version of the bucket was asked for meanwhile"
    now[0] += SECONDS_UNWRAPPED
    assert buckets.key(first) is not again
