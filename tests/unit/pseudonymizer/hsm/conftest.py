"""A token with the keys in it, and another opening of the same."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from pseudonymizer.key_service import ServiceKeys
from tests.support.hsm import TestToken


@pytest.fixture
def made(hsm: TestToken) -> Iterator[ServiceKeys]:
    with contextlib.closing(hsm.made()) as provider:
        yield provider


@pytest.fixture
def other(hsm: TestToken, made: ServiceKeys) -> Iterator[ServiceKeys]:
    """Another opening of the same token."""
    del made
    with contextlib.closing(hsm.open()) as provider:
        yield provider
