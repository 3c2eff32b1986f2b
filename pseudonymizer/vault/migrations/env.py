"""How does Alembic reach the vault? ``migrate_vault`` hands it an open connection."""

from __future__ import annotations

from alembic import context

from pseudonymizer.vault.tables import METADATA

connection = context.config.attributes["connection"]

context.configure(
    connection=connection,
    target_metadata=METADATA,
    version_table="alembic_version",
    version_table_schema="vault",
    include_schemas=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
