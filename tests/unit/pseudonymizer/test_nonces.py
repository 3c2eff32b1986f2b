"""No nonce is drawn twice, in ten million seals under one key.

By construction: 96 bits of the system's generator for each seal, so that ten million under one key
meet with a probability of 6 in 10^16; a key of ours seals a few values (a subject's fields) or some
hundreds (a bucket's subjects).  Were one drawn twice, AES-GCM-SIV would show whether two plaintexts
are equal and nothing else.  `make soak` runs the ten million; the gate a hundredth.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from pseudonymizer.seal import NONCE_BYTES, Place, SealingKey, seal

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
SEALS = 10_000_000 if LONG else 100_000


@pytest.mark.timeout(1800)  # the ten million: a minute or two of computing
def test_a_nonce_never_repeats_and_all_of_its_bits_are_drawn() -> None:
    key, place = SealingKey("dek:sealed", 1, os.urandom(32)), Place("vault.identifier", "sealed", 1)
    first = len(key.head)
    drawn = bytearray(SEALS * NONCE_BYTES)
    for number in range(SEALS):
        start = number * NONCE_BYTES
        drawn[start : start + NONCE_BYTES] = seal(key, b"", place)[first : first + NONCE_BYTES]
    nonces = np.frombuffer(drawn, dtype=np.uint8).reshape(SEALS, NONCE_BYTES)
    # Eight of the twelve bytes are enough to tell them apart; no two have even these in common.
    front = nonces[:, :8].copy().view(">u8").ravel()
    front.sort()
    assert int((front[1:] == front[:-1]).sum()) == 0
    for byte in range(NONCE_BYTES):
        ones = np.unpackbits(nonces[:, byte]).reshape(SEALS, 8).sum(axis=0)
        # Seven standard deviations for each of 96 bits: one run in ten billion is wrong.
        assert np.all(np.abs(ones - SEALS / 2) < 7 * np.sqrt(SEALS) / 2)
