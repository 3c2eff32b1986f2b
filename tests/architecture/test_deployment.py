"""What we ship to run Paravent with, judged without an engine: images, a compose file, units."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic_settings import BaseSettings
from ruamel.yaml import YAML

from gateway.settings import GatewaySettings
from tests.support.lints import ROOT
from workers.settings import FORBIDDEN, WorkersSettings

DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = YAML(typ="safe").load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS: dict[str, type[BaseSettings]] = {
    "gateway": GatewaySettings,
    "worker": WorkersSettings,
    "relay": WorkersSettings,
    "beat": WorkersSettings,
}
UNITS = sorted((DOCKER / "systemd").iterdir())


def handed(service: dict[str, Any]) -> dict[str, str]:
    """Give the secrets of *service* by the name of their file in it."""
    found = {}
    for secret in service.get("secrets", ()):
        named = secret if isinstance(secret, dict) else {"source": secret, "target": secret}
        found[named["target"]] = named["source"]
    return found


def variables(service: dict[str, Any]) -> set[str]:
    ours = {name.upper() for name in handed(service) if name.startswith("paravent_")}
    return ours | {n for n in service.get("environment", {}) if n.startswith("PARAVENT_")}


@pytest.mark.parametrize("name", OURS)
def test_a_container_is_given_what_it_reads_and_all_it_needs(name: str) -> None:
    fields = OURS[name].model_fields
    known = {f"PARAVENT_{field.upper()}" for field in fields}
    needed = {f"PARAVENT_{field.upper()}" for field in fields if fields[field].is_required()}
    given = variables(SERVICES[name])
    assert given <= known
    assert needed <= given


@pytest.mark.parametrize("name", ["worker", "relay", "beat"])
def test_a_worker_reaches_nothing_of_the_identified_side(name: str) -> None:
    service = SERVICES[name]
    assert service["networks"] == ["pseudonymous"]
    assert "volumes" not in service
    assert [each for each in variables(service) if each.startswith(FORBIDDEN)] == []
    sources = " ".join(handed(service).values())
    assert not re.search("vault|rights|key|owner|gateway", sources)


def test_the_vaults_network_is_its_own_and_closed() -> None:
    inside = {name for name, each in SERVICES.items() if "identified" in each.get("networks", ())}
    assert inside == {"vault", "gateway", "migrate"}
    assert COMPOSE["networks"]["identified"] == COMPOSE["networks"]["pseudonymous"]
    assert COMPOSE["networks"]["identified"]["internal"]


def test_whatever_a_service_names_is_declared() -> None:
    for service in SERVICES.values():
        assert set(handed(service).values()) <= set(COMPOSE["secrets"])
        assert set(service.get("networks", ())) <= set(COMPOSE["networks"])
        assert set(service.get("depends_on", ())) <= set(SERVICES)
        volumes = {each.partition(":")[0] for each in service.get("volumes", ())}
        assert {v for v in volumes if not v.startswith(".")} <= set(COMPOSE["volumes"])
        build = service.get("build")
        assert build is None or (DOCKER / build["context"] / build["dockerfile"]).exists()
    used = {source for service in SERVICES.values() for source in handed(service).values()}
    assert used == set(COMPOSE["secrets"])


def test_what_is_published_is_published_to_this_machine_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_the_script_makes_every_secret_once_and_closed(tmp_path: Path) -> None:
    shutil.copy(DOCKER / "secrets.sh", tmp_path)
    made = []
    for _ in range(2):
        subprocess.run(["sh", str(tmp_path / "secrets.sh")], check=True)
        made.append({p.name: p.read_text() for p in (tmp_path / "secrets").iterdir()})
    assert made[0] == made[1]
    declared = {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    assert set(made[0]) == declared
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "secrets").iterdir()}
    assert modes == {0}


@pytest.mark.parametrize("side", ["gateway", "workers"])
def test_a_process_reads_its_secrets_from_files(side: str, tmp_path: Path) -> None:
    for cls in (GatewaySettings, WorkersSettings):
        for name, field in cls.model_fields.items():
            if field.is_required() and (side == "gateway") == (cls is GatewaySettings):
                (tmp_path / f"paravent_{name}").write_text(f"postgresql://{name}\n")
    read = (
        f"from {side}.settings import read_settings\n"
        "print(read_settings().store_dsn.get_secret_value())"
    )
    done = subprocess.run(
        [sys.executable, "-c", read], cwd=ROOT, env={"PARAVENT_SECRETS": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "postgresql://store_dsn\n", done.stderr


def test_a_worker_that_finds_the_vaults_secret_in_a_file_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "paravent_vault_dsn").write_text("postgresql://vault")
    read = "from workers.settings import read_settings; read_settings()"
    done = subprocess.run(
        [sys.executable, "-c", read], cwd=ROOT, env={"PARAVENT_SECRETS": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "neither the vault's DSN nor keys" in done.stderr


@pytest.mark.parametrize("name", ["gateway.Dockerfile", "worker.Dockerfile"])
def test_hadolint_finds_nothing_wrong(name: str) -> None:
    program = Path(sys.executable).parent / "hadolint"
    done = subprocess.run(
        [program, "--no-color", DOCKER / name], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="NOT RUN: systemd-analyze is not on the PATH; units are not verified here",
)
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        # The program they start is not installed on this machine.
        text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text())
        (tmp_path / unit.name).write_text(text)
    instances = [tmp_path / unit.name.replace("@.", "@1.") for unit in UNITS]
    for instance in instances:
        if not instance.exists():
            instance.symlink_to(tmp_path / instance.name.replace("@1.", "@."))
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, instances)],
        capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "paravent" in line]
    assert (done.returncode, said) == (0, [])


def test_units_hand_each_process_its_own_secrets() -> None:
    workers = (DOCKER / "systemd" / "paravent-workers@.service").read_text()
    assert not re.search(r"LoadCredential=\S*(vault|key|rights)", workers)
    gateway = (DOCKER / "systemd" / "paravent-gateway@.service").read_text()
    given = set(re.findall(r"LoadCredential=(\w+)", gateway))
    given |= {name.lower() for name in re.findall(r"(PARAVENT_\w+)=", gateway)}
    required = {n for n, f in GatewaySettings.model_fields.items() if f.is_required()}
    assert {f"paravent_{name}" for name in required} <= given
