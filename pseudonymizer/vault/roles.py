"""Is this process connected to the vault as a role that its grants can hold?"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Engine

from pseudonymizer.errors import RoleTooPowerful
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.transactions import transaction

__all__ = ["refuse_overprivileged"]

_POWERS: Final = """
SELECT r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb
       OR EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                   WHERE n.nspname IN ('vault', 'tombstone', 'rights')
                     AND pg_has_role(r.oid, c.relowner, 'MEMBER'))
  FROM pg_roles AS r WHERE r.rolname = session_user
"""


def refuse_overprivileged(engine: Engine) -> None:
    """Raise ``RoleTooPowerful`` for a superuser, an owner of tables, or a maker of roles.

    A process calls it once at start: whoever takes such a process over could grant itself the
    rest (R-103).
    """
    with transaction(engine) as connection:
        row = run(connection, _POWERS).fetchone()
    if row is None or row[0]:
        raise RoleTooPowerful("the role could step around its grants; a run-time role was needed")
