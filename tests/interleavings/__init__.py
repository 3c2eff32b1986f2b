"""Orderings of what several people and jobs do to the same rows, chosen and repeatable."""

import pytest

# Before anybody imports it: what a promise was and what became of it is then told by the assertion.
pytest.register_assert_rewrite("tests.interleavings.verdict")
