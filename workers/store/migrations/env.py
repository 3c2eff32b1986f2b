"""What Alembic runs: the store's migrations, on the connection ``migrate_store`` hands in."""

from alembic import context

from workers.store.migrate import configure

configure(context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
