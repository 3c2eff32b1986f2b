"""Runs one target for a while: guided by coverage where atheris is installed, by dice elsewhere."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.faults.seed import dice
from tests.fuzz import octets
from tests.fuzz.targets import TARGETS

FOLDER: Final = Path(".fuzz")  # inputs that led somewhere new, kept for the next run; and findings
GUIDED: Final = importlib.util.find_spec("atheris") is not None
SLOWEST_S: Final = (
    20  # for one input, by the clock of a busy machine; what takes longer is a finding
)
MOST_MB: Final = 2_048
LONGEST: Final = 16_384  # bytes of an input; half of what a call may have


@dataclass
class Prey:
    """What came of one target."""

    runs: int
    seconds: float
    guided: bool
    findings: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.findings

    def __str__(self) -> str:
        how = "guided" if self.guided else "unguided"
        told = f"{self.runs} inputs in {self.seconds:.0f} s, {how}, {len(self.findings)} findings"
        return "\n".join([told, *self.findings])


def hunt(name: str, seed: int, seconds: float) -> Prey:
    """Run target *name* for *seconds*."""
    return _guided(name, seed, seconds) if GUIDED else _by_dice(name, seed, seconds)


def _guided(name: str, seed: int, seconds: float) -> Prey:
    corpus, findings = FOLDER / "corpus" / name, FOLDER / "findings" / name
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    for data in TARGETS[name].seeds():
        (corpus / sha256(data).hexdigest()[:16]).write_bytes(data)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", name, str(corpus), f"-seed={seed + 1}",
         f"-max_total_time={max(1, round(seconds))}", f"-timeout={SLOWEST_S}",
         f"-max_len={LONGEST}",
         f"-rss_limit_mb={MOST_MB}", f"-artifact_prefix={findings}/", "-print_final_stats=1"],
        capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    runs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    prey = Prey(int(runs[1]) if runs else 0, time.monotonic() - began, guided=True)
    if done.returncode:
        prey.findings.append((done.stdout + done.stderr)[-6_000:])
    return prey


def _by_dice(name: str, seed: int, seconds: float) -> Prey:
    prey, began, number = Prey(0, 0.0, guided=False), time.monotonic(), 0
    target = TARGETS[name]
    seeds = target.seeds()
    while time.monotonic() < began + seconds and prey.clean:
        data = dealt(seeds, seed, name, number)
        try:
            target.holds(data)
        except Exception:  # noqa: BLE001  # whatever it is, it is what we are after
            prey.findings.append(f"{traceback.format_exc()}\n{data!r}")
        number += 1
    prey.runs, prey.seconds = number, time.monotonic() - began
    return prey


def dealt(seeds: list[bytes], seed: int, name: str, number: int) -> bytes:
    """Give input *number* of a target: first what it begins from, then that spoiled."""
    if number < len(seeds):
        return seeds[number]
    roll = dice(seed, name, number)
    return octets.spoiled(roll.choice(seeds), roll, seeds)[:LONGEST]
