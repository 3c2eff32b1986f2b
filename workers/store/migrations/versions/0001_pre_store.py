"""Create the tables of the store, its sixteen partitions of events, and the outbox's bell."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PARTITIONS = 16

# What the tables declare, as it was when this step was written; the empty-diff test holds the two
# together.
TABLES = """
CREATE TABLE store.decision_count (
    day DATE NOT NULL,
    source INTEGER NOT NULL,
    event TEXT NOT NULL,
    outcome TEXT NOT NULL,
    rulebook INTEGER NOT NULL,
    slot SMALLINT NOT NULL,
    count BIGINT NOT NULL,
    CONSTRAINT pk_decision_count PRIMARY KEY (day, source, event, outcome, rulebook, slot)
) WITH (fillfactor = 75);

CREATE TABLE store.dictionary (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    kind SMALLINT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT pk_dictionary PRIMARY KEY (id),
    CONSTRAINT uq_dictionary_kind_value UNIQUE (kind, value)
);

CREATE TABLE store.dirty (
    id BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 50),
    subject BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    shard SMALLINT NOT NULL,
    mids BIGINT[] NOT NULL,
    CONSTRAINT pk_dirty PRIMARY KEY (id)
);
CREATE INDEX ix_dirty_shard_id ON store.dirty (shard, id);

CREATE TABLE store.domain (
    id SMALLINT GENERATED ALWAYS AS IDENTITY,
    key TEXT NOT NULL,
    CONSTRAINT pk_domain PRIMARY KEY (id),
    CONSTRAINT uq_domain_key UNIQUE (key)
);

CREATE TABLE store.dropped_count (
    day DATE NOT NULL,
    source INTEGER NOT NULL,
    event TEXT NOT NULL,
    property TEXT NOT NULL,
    slot SMALLINT NOT NULL,
    count BIGINT NOT NULL,
    CONSTRAINT pk_dropped_count PRIMARY KEY (day, source, event, property, slot)
) WITH (fillfactor = 75);

CREATE TABLE store.event (
    subject BIGINT NOT NULL,
    mid BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    batch BIGINT NOT NULL,
    amount BIGINT,
    number DOUBLE PRECISION,
    name INTEGER NOT NULL,
    purposes INTEGER NOT NULL,
    page INTEGER,
    product INTEGER,
    category INTEGER,
    label INTEGER,
    campaign INTEGER,
    referrer INTEGER,
    device INTEGER,
    quantity INTEGER,
    duration INTEGER,
    source SMALLINT NOT NULL,
    kind SMALLINT NOT NULL,
    text TEXT,
    CONSTRAINT pk_event PRIMARY KEY (subject, mid)
) PARTITION BY HASH (subject);
CREATE INDEX ix_event_at ON store.event USING brin (at);

CREATE TABLE store.outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    reference BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    claimed_at TIMESTAMP WITH TIME ZONE,
    topic TEXT NOT NULL,
    CONSTRAINT pk_outbox PRIMARY KEY (id)
);

CREATE TABLE store.purpose (
    id SMALLINT GENERATED ALWAYS AS IDENTITY,
    key TEXT NOT NULL,
    CONSTRAINT pk_purpose PRIMARY KEY (id),
    CONSTRAINT uq_purpose_key UNIQUE (key)
);

CREATE TABLE store.rulebook (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    hash TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_rulebook PRIMARY KEY (id),
    CONSTRAINT uq_rulebook_hash UNIQUE (hash)
);

CREATE TABLE store.source (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    key TEXT NOT NULL,
    label TEXT NOT NULL,
    enabled BOOLEAN DEFAULT true NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_source PRIMARY KEY (id),
    CONSTRAINT uq_source_key UNIQUE (key)
);

CREATE TABLE store.batch (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    source INTEGER,
    rulebook INTEGER NOT NULL,
    events INTEGER NOT NULL,
    lane SMALLINT NOT NULL,
    CONSTRAINT pk_batch PRIMARY KEY (id),
    CONSTRAINT fk_batch_rulebook FOREIGN KEY(rulebook)
        REFERENCES store.rulebook (id)
);

CREATE TABLE store.feature_set (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    rulebook INTEGER NOT NULL,
    hash TEXT NOT NULL,
    keys TEXT[] NOT NULL,
    CONSTRAINT pk_feature_set PRIMARY KEY (id),
    CONSTRAINT fk_feature_set_rulebook FOREIGN KEY(rulebook)
        REFERENCES store.rulebook (id),
    CONSTRAINT uq_feature_set_hash UNIQUE (hash)
);

CREATE TABLE store.import_run (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    source INTEGER NOT NULL,
    file_digest BYTEA NOT NULL,
    map_hash BYTEA NOT NULL,
    rows_done BIGINT DEFAULT 0 NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    counts JSONB DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT pk_import_run PRIMARY KEY (id),
    CONSTRAINT uq_import_run_source_file_digest_map_hash UNIQUE (source, file_digest, map_hash),
    CONSTRAINT fk_import_run_source FOREIGN KEY(source)
        REFERENCES store.source (id)
);

CREATE TABLE store.refresh_run (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    as_of TIMESTAMP WITH TIME ZONE NOT NULL,
    "full" BOOLEAN NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    subjects BIGINT DEFAULT 0 NOT NULL,
    last_subject BIGINT DEFAULT 0 NOT NULL,
    rulebook INTEGER NOT NULL,
    CONSTRAINT pk_refresh_run PRIMARY KEY (id),
    CONSTRAINT fk_refresh_run_rulebook FOREIGN KEY(rulebook)
        REFERENCES store.rulebook (id)
);

CREATE TABLE store.segment (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    version INTEGER NOT NULL,
    rulebook INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    purpose SMALLINT NOT NULL,
    key TEXT NOT NULL,
    definition_hash TEXT NOT NULL,
    definition JSONB NOT NULL,
    CONSTRAINT pk_segment PRIMARY KEY (id),
    CONSTRAINT uq_segment_key_version UNIQUE (key, version),
    CONSTRAINT fk_segment_rulebook FOREIGN KEY(rulebook)
        REFERENCES store.rulebook (id),
    CONSTRAINT fk_segment_purpose FOREIGN KEY(purpose)
        REFERENCES store.purpose (id)
);

CREATE TABLE store.source_key (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    source INTEGER NOT NULL,
    prefix TEXT NOT NULL,
    key_hash BYTEA NOT NULL,
    scopes TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    last_used_on DATE,
    CONSTRAINT pk_source_key PRIMARY KEY (id),
    CONSTRAINT fk_source_key_source FOREIGN KEY(source)
        REFERENCES store.source (id),
    CONSTRAINT uq_source_key_prefix UNIQUE (prefix)
);
CREATE INDEX ix_source_key_source ON store.source_key (source);

CREATE TABLE store.subject (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    pid UUID NOT NULL,
    registered_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    generation INTEGER DEFAULT 0 NOT NULL,
    objected INTEGER DEFAULT 0 NOT NULL,
    domain SMALLINT NOT NULL,
    state SMALLINT DEFAULT 0 NOT NULL,
    consent BIGINT[] DEFAULT '{}'::bigint[] NOT NULL,
    CONSTRAINT pk_subject PRIMARY KEY (id),
    CONSTRAINT ck_subject_state CHECK (state between 0 and 2),
    CONSTRAINT ck_subject_nothing_left CHECK (state <> 2 or (consent = '{}' and objected = 0)),
    CONSTRAINT ck_subject_triplets CHECK (cardinality(consent) %% 3 = 0),
    CONSTRAINT uq_subject_pid UNIQUE (pid),
    CONSTRAINT fk_subject_domain FOREIGN KEY(domain)
        REFERENCES store.domain (id)
) WITH (fillfactor = 85);

CREATE TABLE store.consent_record (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    subject BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE NOT NULL,
    receipt_id UUID NOT NULL,
    source INTEGER,
    rulebook INTEGER NOT NULL,
    purpose SMALLINT NOT NULL,
    status TEXT NOT NULL,
    method TEXT NOT NULL,
    scope TEXT NOT NULL,
    notice TEXT,
    evidence TEXT,
    signal_hash BYTEA,
    CONSTRAINT pk_consent_record PRIMARY KEY (id),
    CONSTRAINT fk_consent_record_subject FOREIGN KEY(subject)
        REFERENCES store.subject (id) ON DELETE CASCADE,
    CONSTRAINT fk_consent_record_source FOREIGN KEY(source)
        REFERENCES store.source (id),
    CONSTRAINT fk_consent_record_rulebook FOREIGN KEY(rulebook)
        REFERENCES store.rulebook (id),
    CONSTRAINT fk_consent_record_purpose FOREIGN KEY(purpose)
        REFERENCES store.purpose (id)
);
CREATE INDEX ix_consent_record_subject ON store.consent_record (subject);

CREATE TABLE store.feature_snapshot (
    subject BIGINT NOT NULL,
    as_of TIMESTAMP WITH TIME ZONE NOT NULL,
    feature_set INTEGER NOT NULL,
    values DOUBLE PRECISION[] NOT NULL,
    CONSTRAINT pk_feature_snapshot PRIMARY KEY (subject),
    CONSTRAINT fk_feature_snapshot_subject FOREIGN KEY(subject)
        REFERENCES store.subject (id) ON DELETE CASCADE,
    CONSTRAINT fk_feature_snapshot_feature_set FOREIGN KEY(feature_set)
        REFERENCES store.feature_set (id)
) WITH (fillfactor = 85);

CREATE TABLE store.membership (
    subject BIGINT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    computed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    segment INTEGER NOT NULL,
    CONSTRAINT pk_membership PRIMARY KEY (subject, segment),
    CONSTRAINT fk_membership_subject FOREIGN KEY(subject)
        REFERENCES store.subject (id) ON DELETE CASCADE,
    CONSTRAINT fk_membership_segment FOREIGN KEY(segment)
        REFERENCES store.segment (id) ON DELETE CASCADE
);
CREATE INDEX ix_membership_segment ON store.membership (segment);

CREATE TABLE store.segment_count (
    segment INTEGER NOT NULL,
    counted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    members BIGINT NOT NULL,
    population BIGINT NOT NULL,
    CONSTRAINT pk_segment_count PRIMARY KEY (segment),
    CONSTRAINT fk_segment_count_segment FOREIGN KEY(segment)
        REFERENCES store.segment (id) ON DELETE CASCADE
);

CREATE TABLE store.state (
    subject BIGINT NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_mid BIGINT NOT NULL,
    session_start TIMESTAMP WITH TIME ZONE NOT NULL,
    closed_seconds BIGINT NOT NULL,
    closed_click_seconds BIGINT NOT NULL,
    last_purchase_at TIMESTAMP WITH TIME ZONE,
    amount BIGINT NOT NULL,
    folded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    events INTEGER NOT NULL,
    sessions INTEGER NOT NULL,
    session_clicks INTEGER NOT NULL,
    last_step SMALLINT NOT NULL,
    steps INTEGER[] NOT NULL,
    dwell BIGINT[] NOT NULL,
    hours INTEGER[] NOT NULL,
    days BIGINT[] NOT NULL,
    CONSTRAINT pk_state PRIMARY KEY (subject),
    CONSTRAINT fk_state_subject FOREIGN KEY(subject)
        REFERENCES store.subject (id) ON DELETE CASCADE
) WITH (fillfactor = 75);
"""

# A notification only says "look"; what is waiting stands in the table.
BELL = """
CREATE FUNCTION store.ring_outbox() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('paravent_outbox', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER ring AFTER INSERT ON store.outbox
    FOR EACH STATEMENT EXECUTE FUNCTION store.ring_outbox();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    bind = op.get_bind()
    bind.exec_driver_sql(TABLES)
    for number in range(PARTITIONS):
        op.execute(
            f"CREATE TABLE store.event_p{number:02} PARTITION OF store.event "
            f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
        )
    bind.exec_driver_sql(BELL)
