"""A small copy of our packages, empty but for the imports a test draws, and the contracts on it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]

# One module per room that a contract speaks about; the imports are those of a well-kept house.
SKELETON = {
    "policies": "",
    "policies.consent": "",
    "pseudonymizer": "",
    "pseudonymizer.keyring": "import cryptography, policies.consent",
    "pseudonymizer.vault": "",
    "pseudonymizer.vault.remember": "import sqlalchemy, pseudonymizer.keyring",
    "workers": "",
    "workers.errors": "import policies.consent",
    "workers.settings": "import workers.errors",
    "workers.features": "",
    "workers.features.recent": "",
    "workers.features.state": "import numpy, policies.consent",
    "workers.segments": "",
    "workers.segments.floor": "import numpy",
    "workers.store": "import sqlalchemy, workers.features.state",
    "workers.jobs": "import workers.store, workers.segments",
    "workers.tasks": "import celery, workers.jobs",
    "workers.app": "import workers.settings",
    "workers.beat": "import workers.store, workers.app",
    "workers.relay": "import workers.store, workers.app",
    "workers.main": "import workers.beat, workers.relay, workers.tasks",
    "gateway": "",
    "gateway.ingest": "",
    "gateway.ingest.service": "import workers.store, workers.features.state",
    "gateway.segments": "",
    "gateway.segments.service": "import workers.store, workers.segments.floor",
    "gateway.governance": "",
    "gateway.governance.evidence": "import workers.store, workers.segments.floor",
    "gateway.linkability": "import policies.consent",
    "gateway.rights": "import pseudonymizer.vault.remember, workers.store",
    "gateway.rights.decode": "import workers.features.recent",
    "gateway.wiring": "import pseudonymizer.vault.remember, gateway.ingest",
    "gateway.cli": "import gateway.wiring, workers.jobs",
}
PACKAGES = {name.rpartition(".")[0] for name in SKELETON} - {""}


def _placed() -> set[str]:
    """Give every module that the layers inside the workers place, whether or not it is drawn."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    inside = next(c for c in contracts["contracts"] if c["id"] == "workers-inside")
    return {f"workers.{name}" for layer in inside["layers"] for name in re.findall(r"\w+", layer)}


def build(folder: Path, extra: dict[str, str]) -> None:
    """Write the skeleton under *folder*, with *extra* statements at the end of some modules."""
    empty = dict.fromkeys(_placed() | set(extra), "")
    for name, imports in {**empty, **SKELETON}.items():
        place = folder.joinpath(*name.split("."))
        file = place / "__init__.py" if name in PACKAGES else place.with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{imports}\n{extra.get(name, '')}\n")
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())


def broken_contracts(folder: Path) -> tuple[set[str], str]:
    """Run import-linter in *folder*; give the names of the contracts it calls broken, and all it
    said."""
    said = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"],
        cwd=folder,
        env={"COLUMNS": "400", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    text = said.stdout + said.stderr
    if not re.search(r"Contracts: \d+ kept, \d+ broken", text):
        raise RuntimeError(text)
    return {m[1].strip() for m in re.finditer(r"^(.+?) BROKEN", text, re.MULTILINE)}, text
