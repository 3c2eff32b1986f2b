"""How much cheaper the scrubber is than Presidio's own engine, both measured in this run.

    uv run python -m benchmarks.scrubbing [--strings N] [--rounds R]

CPU time of this thread, medians over interleaved rounds.  The corpus is seeded: French shop texts,
3 % of them about somebody.  The ratios are the result; the microseconds belong to the machine.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable

from pseudonymizer.scrub.engine import Scrubber

SHOP = (
    "robe longue été chaussures de randonnée imperméables veste homme soldes -30 % coton bio "
    "taille 38 pointure 42 réf. 4021 livraison offerte dès 49,90 € lot de 3 canapé d'angle "
    "convertible lampe 60 W crème hydratante 50 ml jusqu'au 12/05 l\u2019été arrive nouveauté"
)
WORDS = SHOP.split()
PEOPLE: tuple[Callable[[random.Random], str], ...] = (
    lambda dice: f"ada.lovelace{dice.randrange(10_000)}@example.org",
    lambda dice: "06 " + " ".join(f"{dice.randrange(100):02d}" for _ in range(4)),
    lambda dice: f"+336{dice.randrange(10**8):08d}",
    lambda dice: f"192.0.2.{dice.randrange(256)}",
    lambda dice: f"grace.hopper{dice.randrange(10_000)}%40example.com",
)
SHARE = 0.03
BATCH = 2500  # five texts each of 500 events


def corpus(size: int, *, seed: int = 1815) -> list[str]:
    """Write texts as a shop's searches, titles and labels have them."""
    dice = random.Random(seed)  # noqa: S311  # a corpus, not a key
    texts = []
    for _ in range(size):
        words = [dice.choice(WORDS) for _ in range(dice.randrange(2, 10))]
        if dice.random() < SHARE:
            words.insert(dice.randrange(len(words)), dice.choice(PEOPLE)(dice))
        texts.append(" ".join(words))
    return texts


def microseconds(work: Callable[[], object], *, texts: int) -> float:
    began = time.thread_time()
    work()
    return (time.thread_time() - began) * 1e6 / texts


def batches(scrubber: Scrubber, texts: list[str], *, warm: bool = False) -> Callable[[], object]:
    def work() -> None:
        for start in range(0, len(texts), BATCH):
            scrubber.scrub_many(texts[start : start + BATCH])

    def cold() -> None:
        scrubber.forget()
        work()

    return work if warm else cold


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--strings", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    texts = corpus(chosen.strings)
    sample = texts[: max(200, chosen.strings // 20)]  # the naive engine takes half a second for it
    fast, plain = Scrubber(fast=True).warm(), Scrubber(fast=False).warm()
    clean = [text for text in texts if not fast.kinds_in(text)]
    first_look = fast.first_look
    table: dict[str, tuple[Callable[[], object], int]] = {
        "Presidio's engine on every string": (
            lambda: [fast.naive_findings(text) for text in sample], len(sample)),
        "scrubber": (batches(fast, texts), len(texts)),
        "scrubber, texts met before": (batches(fast, texts, warm=True), len(texts)),
        "scrubber, clean strings only": (batches(fast, clean), len(clean)),
        "first look alone": (
            lambda: [first_look(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)],
            len(texts)),
        "scrubber without Hyperscan": (batches(plain, texts), len(texts)),
    }  # fmt: skip
    taken: dict[str, list[float]] = {name: [] for name in table}
    for _ in range(chosen.rounds):
        for name, (work, count) in table.items():
            taken[name].append(microseconds(work, texts=count))
    differing = sum(fast.findings(text) != fast.naive_findings(text) for text in sample)
    report(taken, found=1 - len(clean) / len(texts), differing=differing, compared=len(sample))


def report(taken: dict[str, list[float]], *, found: float, differing: int, compared: int) -> None:
    naive = statistics.median(taken["Presidio's engine on every string"])
    print("| design | µs a string (median; best) | times Presidio |")
    print("| --- | --- | --- |")
    for name, times in taken.items():
        median = statistics.median(times)
        print(f"| {name} | {median:.2f}; {min(times):.2f} | {naive / median:.1f} |")
    print(f"\n{found:.1%} of the strings have findings; {differing} of {compared} findings differ.")


if __name__ == "__main__":
    main()
