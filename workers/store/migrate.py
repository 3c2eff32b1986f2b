"""How the store's database comes to be, and comes up to date."""

import time
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from alembic import command, context
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection

from policies.errors import DatabaseShared
from workers.store.errors import StoreBusy, StoreRefused
from workers.store.provision import OWNER, provision
from workers.store.tables import STORE, metadata
from workers.store.transactions import connect, parts_of, transaction

LOGIN_ROLES: Final = ("paravent_gateway", "paravent_workers", "paravent_auditor")
_MIGRATIONS: Final = files("workers.store") / "migrations"
_VERSION: Final = "alembic_version"
ATTEMPTS: Final = 10  # of three seconds at most
PAUSE_S: Final = 0.5
# An internal error to PostgreSQL, "tuple concurrently updated": its own vacuum, or the migration of
# another database, changed a row of its catalogue that we were changing.
CATALOGUE_CROSSED: Final = "XX000"


def migrate_store(owner_dsn: str, *, passwords: Mapping[str, str] | None = None) -> None:
    """Create the store's database, roles, tables and grants, or bring them up to date.

    All or nothing, one process at a time; running it again changes nothing.  A lock that those who
    are served do not give away in time is asked for again, so that none of them waits for long.

    Args:
        owner_dsn: names the store's database (``store`` if it names none), existing or not, and
            logs in as a role that may create databases and roles.
        passwords: by run-time role; a role left out keeps what it has.

    Raises:
        StoreBusy: somebody held what has to change all the while; nothing was changed.
        StoreUnavailable: the server does not answer, or refuses the role.
        StoreTooOld: it is older than PostgreSQL 15.
        StoreOverprivileged: a run-time role may do more than a run-time role should.
        DatabaseShared: the vault lives in that database.
    """
    parts = parts_of(owner_dsn)
    database = parts.get("dbname", "store")
    engine = connect(
        make_conninfo(**{**parts, "dbname": database}), pool_size=1, application_name="migrate"
    )
    try:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                provision(
                    owner_dsn, database=database, login_roles=LOGIN_ROLES, passwords=passwords or {}
                )
                with transaction(engine) as connection:
                    _upgrade(connection)
            except (StoreBusy, StoreRefused) as error:
                refused = isinstance(error, StoreRefused) and error.sqlstate != CATALOGUE_CROSSED
                if attempt == ATTEMPTS or refused:
                    raise
                time.sleep(PAUSE_S)
            else:
                break
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> None:
    connection.exec_driver_sql(
        "select pg_advisory_xact_lock(hashtextextended('paravent:migrate', 0))"
    )
    if connection.exec_driver_sql("select to_regnamespace('vault')").scalar_one() is not None:
        raise DatabaseShared("the store's database holds a vault; a database of its own was needed")
    # The database's own privileges first: who logs in may change them, the tables' owner may not.
    connection.exec_driver_sql("grant temporary on database {} to paravent_gateway".format(
        connection.exec_driver_sql("select quote_ident(current_database())").scalar_one()
    ))  # fmt: skip
    connection.exec_driver_sql(f"revoke all on schema public from public, {', '.join(LOGIN_ROLES)}")
    connection.exec_driver_sql(f"set local role {OWNER}")
    connection.exec_driver_sql(f"create schema if not exists {STORE}")
    command.upgrade(_config(connection), "head")
    connection.exec_driver_sql((_MIGRATIONS / "roles.sql").read_text(encoding="utf-8"))


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def configure(connection: Connection) -> None:
    """Tell Alembic how to run on *connection*; ``migrations/env.py`` calls it."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=_VERSION,
        version_table_schema=STORE,
        include_schemas=True,
        transactional_ddl=True,
    )


def newest() -> str:
    """Give the revision this program was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return str(head)


def revision(connection: Connection) -> str | None:
    """Give the revision the database is at, or ``None`` before the first migration."""
    known = connection.exec_driver_sql(f"select to_regclass('{STORE}.{_VERSION}')").scalar_one()
    if known is None:
        return None
    found = connection.exec_driver_sql(f"select version_num from {STORE}.{_VERSION}").scalar()
    return None if found is None else str(found)
