"""Who may do what in a database, as it is deployed now: read off the catalogue, not off a plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from gateway.governance.labels import Label
from gateway.governance.spreadsheets import sheet

# Everything that can be granted: databases, schemas, tables and their columns, sequences,
# functions.  What an owner holds is left out: it cannot log in, and holds everything.
_GRANTS: Final = """
with given as (
  select 'database' as kind, datname::text as name, datacl as acl, datdba as owner
    from pg_database where datname = current_database()
  union all
  select 'schema', nspname, nspacl, nspowner from pg_namespace
    where nspname !~ '^pg_' and nspname <> 'information_schema'
  union all
  select case relkind when 'S' then 'sequence' else 'table' end,
    relnamespace::regnamespace || '.' || relname, relacl, relowner from pg_class
    where relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    and relkind in ('r', 'p', 'v', 'm', 'S', 'f') and not relispartition
  union all
  select 'column', relnamespace::regnamespace || '.' || relname || '.' || attname, attacl, relowner
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    and attacl is not null and not relispartition
  union all
  select 'function', pronamespace::regnamespace || '.' || proname,
    coalesce(proacl, acldefault('f', proowner)), proowner from pg_proc
    where pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
)
select case grantee when 0 then 'public' else pg_get_userbyid(grantee)::text end, kind, name,
  string_agg(lower(privilege_type), ' ' order by privilege_type)
from given, aclexplode(acl) where grantee <> owner
group by 1, 2, 3 order by 1, 2, 3"""

HEADS: Final = (
    Label("Base", "Database"),
    Label("Rôle", "Role"),
    Label("Objet", "Object"),
    Label("Nom", "Name"),
    Label("Droits", "Privileges"),
)


class Grant(NamedTuple):
    """What a role may do with one object."""

    database: str
    role: str
    kind: str
    name: str
    privileges: str


def grants(connection: Connection, database: str) -> list[Grant]:
    """Give every grant in the database that is asked, under the name *database*."""
    return [Grant(database, *row) for row in connection.execute(text(_GRANTS))]


def spreadsheet(found: Iterable[Grant]) -> str:
    """Give the matrix as a sheet."""
    return sheet([head.both() for head in HEADS], found)
