"""Measure the whole corpus and print the tables of docs/scrubbing.md.

.venv/bin/python -m tests.support.shop_texts [--held-out] [--seed 1843] [--worst 0]
"""

from __future__ import annotations

import argparse

from pseudonymizer.scrub.engine import Scrubber
from tests.support.shop_texts.corpus import corpus, held_out
from tests.support.shop_texts.measure import measure, tables, worst

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("--seed", type=int, default=1843, help="not the seed of the tests")
arguments.add_argument("--held-out", action="store_true", help="what was written last")
arguments.add_argument("--worst", type=int, default=0, help="texts shown for each kind")
chosen = arguments.parse_args()
texts = held_out(seed=chosen.seed) if chosen.held_out else corpus(seed=chosen.seed)
result = measure(Scrubber().warm(), texts)
print(tables(result))  # noqa: T201  # a program
if chosen.worst:
    print(worst(result, most=chosen.worst))  # noqa: T201
