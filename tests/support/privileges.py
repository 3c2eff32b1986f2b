"""Who may do what in a database, read off its catalogue."""

from __future__ import annotations

import psycopg

# Everything that can be granted: databases, schemas, tables (and their columns), sequences,
# functions.  What the owner holds is left out: it cannot log in, and holds everything.
_GRANTS = """
with given as (
  select 'database' as kind, '' as name, datacl as acl, datdba as owner from pg_database
    where datname = current_database()
  union all
  select 'schema', nspname, nspacl, nspowner from pg_namespace
    where nspname !~ '^pg_' and nspname <> 'information_schema'
  union all
  select case relkind when 'S' then 'sequence' else 'table' end,
    format('%%s.%%s', relnamespace::regnamespace, relname),
    coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)),
    relowner from pg_class
    where relnamespace::regnamespace::text !~ '^(pg_|information_schema)' and relkind in
    ('r', 'p', 'v', 'm', 'S', 'f')
  union all
  select 'column', format('%%s.%%s.%%s', relnamespace::regnamespace, relname, attname), attacl,
    relowner from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace::regnamespace::text !~ '^(pg_|information_schema)' and attacl is not null
  union all
  select 'function', format('%%s.%%s', pronamespace::regnamespace, proname),
    coalesce(proacl, acldefault('f', proowner)), proowner from pg_proc
    where pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
)
select case grantee when 0 then 'public' else pg_get_userbyid(grantee) end, kind, name,
  string_agg(lower(privilege_type), ' ' order by privilege_type)
from given, aclexplode(acl) where grantee <> owner and grantee <> 'paravent_owner'::regrole
group by 1, 2, 3 order by 1, 2, 3"""


def matrix(dsn: str) -> list[str]:
    """Give one line for each role and object it holds privileges on."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(_GRANTS.replace("%%", "%").encode()).fetchall()
    return [" ".join(part for part in row if part) for row in rows]
