"""Create the schemas vault, tombstone and rights with their first tables.

Every column is described in ``pseudonymizer/vault/tables.py`` and, for the rights schema, in
``gateway/rights/tables.py``; the empty-diff tests hold the two together.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE vault.bucket (
    id smallint CONSTRAINT bucket_pkey PRIMARY KEY
        CONSTRAINT bucket_range CHECK (id BETWEEN 0 AND 4095),
    version integer NOT NULL,
    kek_version integer NOT NULL,
    wrapped_key bytea NOT NULL,
    rewrapped_at timestamptz NOT NULL
);
COMMENT ON TABLE vault.bucket IS
    'Keys that wrap subject keys; an erasure replaces one of them (R-52).';

CREATE TABLE vault.subject (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT subject_pkey PRIMARY KEY,
    bucket smallint NOT NULL REFERENCES vault.bucket (id),
    state text NOT NULL DEFAULT 'alive'
        CONSTRAINT subject_state CHECK (state IN ('alive', 'erasing', 'erased')),
    generation integer NOT NULL DEFAULT 0,
    wrapped_sk bytea,
    created_on date NOT NULL,
    erased_at timestamptz,
    CONSTRAINT subject_key_while_kept CHECK ((state = 'erased') = (wrapped_sk IS NULL))
);
CREATE INDEX subject_bucket ON vault.subject (bucket);
COMMENT ON TABLE vault.subject IS
    'One row per data subject: the wrapped subject key everything is derived from.';

CREATE TABLE vault.identifier (
    blind_index bytea CONSTRAINT identifier_pkey PRIMARY KEY,
    subject bigint NOT NULL REFERENCES vault.subject (id),
    kind text NOT NULL,
    index_version integer NOT NULL,
    canon_version smallint NOT NULL,
    sealed bytea,
    sealed_mark bytea NOT NULL,
    first_seen_on date NOT NULL
);
CREATE INDEX identifier_subject ON vault.identifier (subject);
COMMENT ON TABLE vault.identifier IS
    'Blind index of an identifier, the subject behind it, and what was kept sealed.';

CREATE TABLE vault.link (
    subject bigint NOT NULL REFERENCES vault.subject (id),
    other bigint NOT NULL REFERENCES vault.subject (id),
    source integer NOT NULL,
    linked_at timestamptz NOT NULL,
    CONSTRAINT link_pkey PRIMARY KEY (subject, other),
    CONSTRAINT link_once CHECK (subject < other)
);
CREATE INDEX link_other ON vault.link (other);
COMMENT ON TABLE vault.link IS
    'Two subjects a source said are one person; rights requests close over it (R-42).';

CREATE TABLE vault.erasure_journal (
    id uuid CONSTRAINT erasure_journal_pkey PRIMARY KEY,
    case_id uuid NOT NULL CONSTRAINT erasure_journal_case_id_key UNIQUE,
    subjects bigint[] NOT NULL,
    pids uuid[] NOT NULL,
    arefs text[] NOT NULL,
    tombstones integer NOT NULL,
    key_ids text[] NOT NULL,
    started_at timestamptz NOT NULL,
    destroyed_at timestamptz,
    completed_at timestamptz
);
COMMENT ON TABLE vault.erasure_journal IS
    'What was erased, as bare random numbers; replayed over a restored database (R-54).';

CREATE TABLE tombstone.mark (
    mark bytea NOT NULL,
    scope text NOT NULL,
    reason text NOT NULL,
    created_month date NOT NULL,
    expires_on date NOT NULL,
    key_version integer NOT NULL,
    CONSTRAINT mark_pkey PRIMARY KEY (mark, scope)
);
COMMENT ON TABLE tombstone.mark IS
    'Keyed marks of identifiers whose owner must not come back (R-59).';
"""

RIGHTS = """
CREATE TABLE rights.operator (
    id uuid CONSTRAINT operator_pkey PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL,
    token_prefix text NOT NULL CONSTRAINT operator_token_prefix_key UNIQUE,
    token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    last_used_on date
);
COMMENT ON TABLE rights.operator IS 'Persons who may act on rights requests.';

CREATE TABLE rights."case" (
    id uuid CONSTRAINT case_pkey PRIMARY KEY,
    type text NOT NULL,
    state text NOT NULL,
    step text,
    received_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    closed_at timestamptz,
    operator uuid,
    channel text NOT NULL,
    identity_check text NOT NULL,
    sealed_identifiers bytea,
    subject_ids bigint[] NOT NULL DEFAULT '{}',
    result bytea,
    result_expires_at timestamptz,
    receipt jsonb,
    reason text
);
COMMENT ON TABLE rights."case" IS 'Requests of data subjects, with their clocks and outcomes.';
"""


def upgrade() -> None:
    # Better to fail and be run again at a quiet hour than to queue every event behind a lock.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("CREATE SCHEMA IF NOT EXISTS tombstone")
    op.execute("CREATE SCHEMA IF NOT EXISTS rights")
    op.execute(TABLES)
    op.execute(RIGHTS)
