"""A vault to test with: keys in a file, a resolver, and short ways to ask who somebody is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Identifier, Keyring
from pseudonymizer.lookup import Lookup, Resolved
from pseudonymizer.vault.forget import Erasure, ErasureRequest, begin_erasure, destroy_keys
from pseudonymizer.vault.remember import Resolver
from pseudonymizer.vault.subjects import lookup_closure
from pseudonymizer.vault.transactions import transaction
from pseudonymizer.vault.unlink import Parting, Undone, mint_aside, number_aside, undo_link

DOMAINS: Final = ("marketing", "measurement")
NOON: Final = datetime(2026, 11, 2, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Vault:
    """The vault of one test, connected as ``paravent_vault``."""

    engine: Engine
    keyring: Keyring

    @classmethod
    def over(cls, engine: Engine, folder: Path) -> Vault:
        """Give a vault with fresh keys."""
        provider = FileKeyProvider.create(folder / "keys.json", mode="development")
        return cls(engine, Keyring(provider))

    def resolver(self, **settings: Any) -> Resolver:
        """Give a resolver with an empty cache."""
        return Resolver(self.engine, self.keyring, **settings)

    def ask(self, *lookups: Lookup) -> list[Resolved]:
        """Resolve with nothing remembered."""
        return self.resolver().resolve(lookups, domains=DOMAINS)

    def mint(self, *identifiers: Identifier, seal: frozenset[str] = frozenset()) -> Resolved:
        """Make one person of the identifiers, all asserted together."""
        return self.ask(Lookup(identifiers, mint=True, link=len(identifiers) > 1, seal=seal))[0]

    def find(self, *identifiers: Identifier) -> Resolved:
        """Look somebody up without writing anything."""
        return self.ask(Lookup(identifiers))[0]

    def begin(self, *identifiers: Identifier, case: UUID | None = None) -> Erasure:
        """Take the first step of an erasure."""
        request = ErasureRequest(case or uuid4(), identifiers, DOMAINS, NOON)
        with transaction(self.engine) as vault:
            return begin_erasure(vault, self.keyring, request)

    def destroy(self, case: UUID) -> Erasure:
        """Take the second step."""
        with transaction(self.engine) as vault:
            return destroy_keys(vault, self.keyring, case_id=case, at=NOON)

    def unlink(
        self, one: Identifier, other: Identifier, case: UUID | None = None, aside: int | None = None
    ) -> Undone:
        """Undo the link between two."""
        parting = Parting((one, other), case or uuid4(), NOON, aside)
        with transaction(self.engine) as vault:
            return undo_link(vault, self.keyring, parting)

    def part(self, one: Identifier, other: Identifier) -> Undone:
        """Undo it in both steps: the second gets a subject of its own if it has none."""
        return self.unlink(one, other, aside=self.aside(one, other))

    def aside(self, one: Identifier, other: Identifier) -> int | None:
        """Number and mint the subject that the second gets, if both name one."""
        with transaction(self.engine) as vault:
            numbered = number_aside(vault, self.keyring, (one, other))
        if numbered is None:
            return None
        with transaction(self.engine) as vault:
            assert mint_aside(vault, self.keyring, (one, other), numbered)
        return numbered[1]

    def circle(self, identifier: Identifier) -> set[int]:
        """Give the subjects a rights request about *identifier* closes over."""
        with transaction(self.engine) as vault:
            return {row.id for row in lookup_closure(vault, self.keyring, [identifier])}

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        return int(self.rows(f"SELECT count(*) FROM {table}")[0]["count"])

    def rows(self, statement: str, **values: object) -> list[Mapping[str, Any]]:
        """Give the rows of any statement."""
        with transaction(self.engine) as vault:
            return [dict(row) for row in vault.execute(text(statement), values).mappings()]
