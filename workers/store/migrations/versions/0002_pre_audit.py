"""Create the audit log: a Merkle tree that only a definer function can make grow.

The hashing is RFC 6962's; the header is canonical JSON, built here from what the caller gives and
from what it cannot choose: number, instant and role.  Nobody may insert, change or delete an entry.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE audit.checkpoint (
    size BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    root BYTEA NOT NULL,
    note TEXT NOT NULL,
    CONSTRAINT pk_checkpoint PRIMARY KEY (size)
);

CREATE TABLE audit.entry (
    seq BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    header TEXT NOT NULL,
    commitment BYTEA,
    leaf_hash BYTEA NOT NULL,
    CONSTRAINT pk_entry PRIMARY KEY (seq)
);

CREATE TABLE audit.frontier (
    level INTEGER NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT pk_frontier PRIMARY KEY (level)
);

CREATE TABLE audit.detail (
    seq BIGINT NOT NULL,
    salt BYTEA NOT NULL,
    detail TEXT NOT NULL,
    CONSTRAINT pk_detail PRIMARY KEY (seq),
    CONSTRAINT fk_detail_seq FOREIGN KEY(seq) REFERENCES audit.entry (seq)
);
"""

# HMAC-SHA-256 (RFC 2104) without an extension; the key is always 32 bytes.
COMMIT = r"""
CREATE FUNCTION audit.commit_to(salt bytea, detail text) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    inner_pad bytea := decode(repeat('36', 64), 'hex');
    outer_pad bytea := decode(repeat('5c', 64), 'hex');
BEGIN
    FOR i IN 0 .. length(salt) - 1 LOOP
        inner_pad := set_byte(inner_pad, i, get_byte(salt, i) # 54);
        outer_pad := set_byte(outer_pad, i, get_byte(salt, i) # 92);
    END LOOP;
    RETURN sha256(outer_pad || sha256(inner_pad || convert_to(detail, 'UTF8')));
END
$$;
"""

# jsonb forgets the caller's order and spelling, so what comes out is canonical whatever came in.
CANONICAL = r"""
CREATE FUNCTION audit.canonical(fields jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF jsonb_typeof(fields) <> 'object' OR EXISTS (
        SELECT FROM jsonb_each(fields) AS field (name, value)
        WHERE jsonb_typeof(value) NOT IN ('string', 'number', 'boolean')
           OR jsonb_typeof(value) = 'number' AND value::text !~ '^-?[0-9]{1,15}$'
    ) THEN
        RAISE EXCEPTION 'fields are not an object of strings, integers and booleans'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN '{' || coalesce((
        SELECT string_agg(to_json(name)::text || ':' || value::text, ',' ORDER BY name COLLATE "C")
        FROM jsonb_each(fields) AS field (name, value)
    ), '') || '}';
END
$$;
"""

APPEND = r"""
CREATE FUNCTION audit.append_entry(
    action text, subject_ref text, fields jsonb, detail text DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    next_seq bigint;
    happened timestamptz := clock_timestamp();
    salt bytea;
    commitment bytea;
    header text;
    leaf bytea;
BEGIN
    IF action !~ '^[a-z][a-z0-9_-]{0,39}:[a-z][a-z0-9_-]{0,39}$' OR subject_ref IS NULL
       OR fields IS NULL THEN
        RAISE EXCEPTION 'the entry is not of the form object:verb, reference, fields'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- One writer at a time, until it commits: the numbers have no gap and the tree no fork.
    PERFORM pg_advisory_xact_lock(hashtextextended('paravent:audit', 0));
    SELECT coalesce(max(seq) + 1, 0) INTO next_seq FROM audit.entry;
    IF detail IS NOT NULL THEN
        salt := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
        commitment := audit.commit_to(salt, detail);
    END IF;
    header := '{"action":' || to_json(action)::text
        || ',"actor":' || to_json(session_user::text)::text
        || ',"at":"' || to_char(happened AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        || '","commitment":"' || coalesce(encode(commitment, 'hex'), '')
        || '","fields":' || audit.canonical(fields)
        || ',"seq":' || next_seq
        || ',"subject_ref":' || to_json(subject_ref)::text || '}';
    leaf := sha256('\x00'::bytea || convert_to(header, 'UTF8'));
    INSERT INTO audit.entry (seq, at, header, commitment, leaf_hash)
    VALUES (next_seq, happened, header, commitment, leaf);
    IF detail IS NOT NULL THEN
        INSERT INTO audit.detail (seq, salt, detail) VALUES (next_seq, salt, detail);
    END IF;
    PERFORM audit.grow(next_seq, leaf);
    RETURN next_seq;
END
$$;
"""

# The frontier holds the root of one complete subtree for each bit set in the size.
GROW = r"""
CREATE FUNCTION audit.grow(size_before bigint, leaf bytea) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    node bytea := leaf;
    at_level integer := 0;
    neighbour bytea;
BEGIN
    WHILE (size_before >> at_level) & 1 = 1 LOOP
        DELETE FROM audit.frontier WHERE level = at_level RETURNING hash INTO STRICT neighbour;
        node := sha256('\x01'::bytea || neighbour || node);
        at_level := at_level + 1;
    END LOOP;
    INSERT INTO audit.frontier (level, hash) VALUES (at_level, node);
END
$$;
"""

HEAD = r"""
CREATE FUNCTION audit.head(OUT size bigint, OUT root bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hashes bytea[];
    node bytea;
BEGIN
    SELECT coalesce(sum(1::bigint << level), 0), coalesce(array_agg(hash ORDER BY level), '{}')
    INTO size, hashes FROM audit.frontier;
    FOREACH node IN ARRAY hashes LOOP
        root := CASE WHEN root IS NULL THEN node ELSE sha256('\x01'::bytea || node || root) END;
    END LOOP;
    root := coalesce(root, sha256(''::bytea));
END
$$;
"""

# A checkpoint is kept only for a tree this log really had: its newest, or one kept before.
CHECKPOINT = r"""
CREATE FUNCTION audit.keep_checkpoint(signed_size bigint, signed_root bytea, signed_note text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('paravent:audit', 0));
    IF NOT EXISTS (
        SELECT FROM audit.head() AS head WHERE head.size = signed_size AND head.root = signed_root
    ) THEN
        RAISE EXCEPTION 'the checkpoint is not the head of this log'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO audit.checkpoint (size, root, note, at)
    VALUES (signed_size, signed_root, signed_note, clock_timestamp())
    ON CONFLICT (size) DO NOTHING;
END
$$;
"""

FORGET = r"""
CREATE FUNCTION audit.forget_details(seqs bigint[]) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (DELETE FROM audit.detail WHERE seq = ANY (seqs) RETURNING 1)
    SELECT count(*) FROM gone
$$;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("CREATE SCHEMA audit")
    for statements in (TABLES, COMMIT, CANONICAL, GROW, APPEND, HEAD, CHECKPOINT, FORGET):
        # Past SQLAlchemy's text, where a colon before a word would be a parameter.
        op.get_bind().exec_driver_sql(statements)
