"""Measure the whole corpus and print the tables of docs/scrubbing.md.

.venv/bin/python -m tests.support.shop_texts [--share 1.0] [--worst 0]
"""

from __future__ import annotations

import argparse

from pseudonymizer.scrub.engine import Scrubber
from tests.support.shop_texts.corpus import corpus
from tests.support.shop_texts.measure import measure, tables, worst

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("--share", type=float, default=1.0)
arguments.add_argument("--worst", type=int, default=0, help="texts shown for each kind")
chosen = arguments.parse_args()
result = measure(Scrubber().warm(), corpus(share=chosen.share))
print(tables(result))  # noqa: T201  # a program
if chosen.worst:
    print(worst(result, most=chosen.worst))  # noqa: T201
