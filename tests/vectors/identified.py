"""The frozen vectors of the identified side, as read from ``identified.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

VECTORS: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "identified.json").read_text(encoding="utf-8")
)
