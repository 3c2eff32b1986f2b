"""One target under libFuzzer: ``python -m tests.fuzz.guided TARGET [options and corpora]``.

A process of its own, because libFuzzer ends the one it runs in; and because only what is imported
after atheris was told about it is watched.
"""

from __future__ import annotations

import sys
from typing import Final

import atheris

WATCHED: Final = ["gateway", "pseudonymizer", "policies", "workers.store.event_rows"]


def main(name: str, options: list[str]) -> None:
    """Run until libFuzzer has had enough; never comes back."""
    with atheris.instrument_imports(include=WATCHED):
        from tests.fuzz.targets import TARGETS

    target = TARGETS[name]
    target.holds(target.seeds()[0])  # what is built at first sight takes longer than any input may
    atheris.Setup([sys.argv[0], *options], target.holds)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
