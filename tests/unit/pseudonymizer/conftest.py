"""Both engines, built once: they take seconds to import."""

from __future__ import annotations

import pytest

from pseudonymizer.scrub.engine import Scrubber


@pytest.fixture(scope="session")
def scrubber() -> Scrubber:
    """The scrubber as it runs in production."""
    return Scrubber(fast=True).warm()


@pytest.fixture(scope="session")
def plain_scrubber() -> Scrubber:
    """The scrubber where Hyperscan is not installed."""
    return Scrubber(fast=False).warm()
