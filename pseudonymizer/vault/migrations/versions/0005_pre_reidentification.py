"""Keep the re-identifications: who asked for which, who approved it, when it was opened.

Described in ``gateway/rights/tables.py``.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# The database itself refuses that one person does both; NULL would pass a bare comparison.
TABLE = """
CREATE TABLE IF NOT EXISTS rights.reidentification (
    id uuid CONSTRAINT reidentification_pkey PRIMARY KEY,
    subject bigint,
    domain text NOT NULL,
    purpose text NOT NULL,
    ticket text NOT NULL,
    state text NOT NULL,
    asked_by uuid NOT NULL,
    asked_role text NOT NULL,
    asked_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz,
    opened_at timestamptz,
    CONSTRAINT reidentification_state CHECK (
        state IN ('sought', 'asked', 'approved', 'refused', 'opened', 'expired')),
    CONSTRAINT reidentification_four_eyes CHECK (
        state NOT IN ('approved', 'opened')
        OR decided_by IS NOT NULL AND decided_by <> asked_by)
);
COMMENT ON TABLE rights.reidentification IS
    'Who asked to know whose a pseudonym is, who approved, and when it was opened (R-44).'
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.get_bind().exec_driver_sql(TABLE)
