"""`paravent demo` tells its whole story and ends well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SAID = (
    "stored",
    "consent-refused",
    "< 20",
    "the signature holds",
    "every entry and checkpoint holds",
    "/openapi.json",
)


def test_the_story_ends_with_a_receipt_a_sound_log_and_an_address(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "gateway.cli.main", "demo", "--visitors", "80", "--no-keep",
         "--data", str(tmp_path / "demo")],
        capture_output=True, text=True, timeout=240, check=False,
        env={name: value for name, value in os.environ.items() if name != "PARAVENT_DATA"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = ran.stdout
    for said in SAID:
        assert said in told
    assert "@" not in told
