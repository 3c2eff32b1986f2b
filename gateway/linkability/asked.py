"""What is the audit asked for, and within which bounds?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom
from typing import Final

SAMPLE: Final = 200
CANDIDATES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the audit is asked for.

    Attributes:
        sample: people to follow.
        candidates: pseudonyms of each domain among which they are looked for.
        logs: files and folders of our own processes' logs.
        exports: files and folders that left the installation.
        tell: hears how things go.
    """

    sample: int = SAMPLE
    candidates: int = CANDIDATES
    logs: Sequence[Path] = ()
    exports: Sequence[Path] = ()
    tell: Callable[[str], None] = field(default=lambda _: None)
    random: Random = field(default_factory=SystemRandom)
