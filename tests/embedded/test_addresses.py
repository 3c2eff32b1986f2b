"""Each process is handed its own address and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from gateway.addresses import Addresses, AddressInvalid, as_role, with_database
from gateway.cli.children import keys_of
from gateway.installation import Installation
from pseudonymizer.key_opening import KeysAt

PASSWORDS = {
    "paravent_gateway": "gateway-password",
    "paravent_workers": "workers-password",
    "paravent_auditor": "auditor-password",
    "paravent_vault": "vault-password",
}
ODD = "p@ss/&?"
OWNER = "postgresql://owner:owner-password@db.example.org:5433/{}?sslmode=require"


@pytest.fixture
def addresses() -> Addresses:
    return Addresses.derive(
        OWNER.format("store"), OWNER.format("vault"), broker="amqp://queue", passwords=PASSWORDS
    )


def test_a_role_replaces_user_and_password_and_nothing_else() -> None:
    parts = conninfo_to_dict(as_role(OWNER.format("store"), "paravent_workers", password=ODD))
    assert parts == {
        "user": "paravent_workers", "password": ODD, "host": "db.example.org",
        "port": "5433", "dbname": "store", "sslmode": "require",
    }  # fmt: skip


def test_a_socket_folder_survives() -> None:
    dsn = "postgresql://owner@/store?host=%2Fvar%2Flib%2Fpara%20vent%2Frun&port=5432"
    parts = conninfo_to_dict(as_role(dsn, "paravent_vault", password=None))
    assert parts["host"] == "/var/lib/para vent/run"
    assert "password" not in parts


def test_a_keyword_string_is_understood_too() -> None:
    parts = conninfo_to_dict(with_database("host=127.0.0.1 user=owner", "store"))
    assert (parts["host"], parts["dbname"]) == ("127.0.0.1", "store")


def test_a_database_that_is_named_stays() -> None:
    assert conninfo_to_dict(with_database(OWNER.format("shop"), "store"))["dbname"] == "shop"
    forced = with_database(OWNER.format("shop"), "store", override=True)
    assert conninfo_to_dict(forced)["dbname"] == "store"


def test_a_dsn_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(AddressInvalid) as refused:
        as_role("secret nonsense", "paravent_vault", password=None)
    assert "secret" not in str(refused.value)


def test_a_worker_is_handed_no_vault_no_key_and_no_owner(
    addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VAULT_DSN", "KEYS", "KEYS_TOKEN_FILE", "RIGHTS_DSN", "STORE_DSN", "OWNER_DSN"):
        monkeypatch.setenv(f"PARAVENT_{name}", "of-our-own-environment")
    environment = addresses.for_workers(policies=None)
    assert {name for name in environment if name.startswith("PARAVENT_")} == {
        "PARAVENT_STORE_DSN", "PARAVENT_BROKER_URL",
    }  # fmt: skip
    everything = " ".join(environment.values())
    assert "workers-password" in everything
    for foreign in ("vault-password", "gateway-password", "owner-password", "of-our-own"):
        assert foreign not in everything


def test_the_gateway_is_handed_its_roles_and_no_owner(addresses: Addresses) -> None:
    environment = addresses.for_gateway(
        keys="/keys.json", erasures=Path("/erasures.jsonl"), policies=Path("/rules")
    )
    assert environment["PARAVENT_KEYS"] == "/keys.json"
    assert environment["PARAVENT_ERASURE_JOURNAL"] == "/erasures.jsonl"
    assert environment["PARAVENT_POLICIES"] == "/rules"
    everything = " ".join(environment.values())
    assert "owner-password" not in everything
    assert "workers-password" not in everything
    assert "PARAVENT_BROKER_URL" not in environment


def test_what_goes_with_a_key_service_reaches_the_gateway(
    addresses: Addresses, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service = {
        "PARAVENT_KEYS": "https://keys.example.org:8200/transit",
        "PARAVENT_KEYS_TOKEN_FILE": "/run/token",
        "PARAVENT_KEYS_CA_FILE": "/etc/ca.pem",
    }
    for name, value in service.items():
        monkeypatch.setenv(name, value)
    keys = keys_of(Installation(tmp_path))
    assert keys == KeysAt(service["PARAVENT_KEYS"], Path("/run/token"), Path("/etc/ca.pem"))
    environment = addresses.for_gateway(
        keys=keys.where, erasures=Path("/erasures.jsonl"), policies=None
    )
    assert {name: environment.get(name) for name in service} == service


def test_a_tuning_variable_reaches_the_process_that_reads_it(
    addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARAVENT_WORKER_CONCURRENCY", "3")
    assert addresses.for_workers(policies=None)["PARAVENT_WORKER_CONCURRENCY"] == "3"
    gateway = addresses.for_gateway(
        keys="/keys.json", erasures=Path("/erasures.jsonl"), policies=None
    )
    assert "PARAVENT_WORKER_CONCURRENCY" not in gateway


def test_addresses_are_not_printed(addresses: Addresses) -> None:
    assert repr(addresses) == "Addresses()"
