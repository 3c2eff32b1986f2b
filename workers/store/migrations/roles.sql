-- Who may do what in the store: every grant, on this page.
--
-- Run after the migrations, in their transaction, each time; running it again changes nothing.
-- Whatever is not granted here is refused: the first part takes everything back.  The golden
-- privilege matrix of the tests is this page read off the catalogue.
--
--   paravent_gateway   receives events, keeps the ledger, runs the live lane, erases
--   paravent_workers   folds, counts, refreshes, expires; reads the registry, never changes it
--   paravent_auditor   reads the audit log

-- Nothing by default.  The schema public belongs to whoever made the database, so that who logs in
-- has taken it back already.
REVOKE ALL ON SCHEMA store, audit FROM PUBLIC, paravent_gateway, paravent_workers, paravent_auditor;
REVOKE ALL ON ALL TABLES IN SCHEMA store, audit
    FROM PUBLIC, paravent_gateway, paravent_workers, paravent_auditor;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA store, audit
    FROM PUBLIC, paravent_gateway, paravent_workers, paravent_auditor;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA store, audit
    FROM PUBLIC, paravent_gateway, paravent_workers, paravent_auditor;
ALTER DEFAULT PRIVILEGES FOR ROLE paravent_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;

GRANT USAGE ON SCHEMA store TO paravent_gateway, paravent_workers;
GRANT SELECT ON store.alembic_version TO paravent_gateway, paravent_workers;

-- The words of rulebooks and what numbers mean: added to, never changed.
GRANT SELECT, INSERT ON
    store.purpose, store.domain, store.rulebook, store.dictionary, store.segment, store.feature_set
    TO paravent_gateway, paravent_workers;

-- Which rulebook is in force.  A change is proposed and decided by the gateway, and stays on record.
GRANT SELECT, INSERT ON store.in_force TO paravent_gateway;
GRANT SELECT ON store.rulebook_change TO paravent_gateway;
GRANT INSERT (proposed_at, proposed_by, rulebook, replaces, loosens, content)
    ON store.rulebook_change TO paravent_gateway;
GRANT UPDATE (outcome, decided_by, decided_at) ON store.rulebook_change TO paravent_gateway;
GRANT UPDATE (rulebook, change, since) ON store.in_force TO paravent_gateway;
GRANT SELECT ON store.rulebook_change, store.in_force TO paravent_workers;
GRANT SELECT, INSERT ON store.known_server TO paravent_gateway;
GRANT UPDATE (since, system, database, timeline) ON store.known_server TO paravent_gateway;
GRANT SELECT ON store.known_server TO paravent_workers;
GRANT EXECUTE ON FUNCTION store.rulebook_held() TO paravent_gateway, paravent_workers;

-- By which version of their key messages are numbered: who stores events reads it, a rotation sets it.
GRANT SELECT ON store.message_key TO paravent_gateway;
GRANT UPDATE (version, since) ON store.message_key TO paravent_gateway;
GRANT EXECUTE ON FUNCTION store.ingest_held(), store.commit_held() TO paravent_gateway;

-- By which epoch's pseudonyms people are registered; a rotation sets it.
GRANT SELECT ON store.pseudonyms TO paravent_gateway;
GRANT UPDATE (epoch, first, brought, since) ON store.pseudonyms TO paravent_gateway;

-- Sources and their keys are the gateway's alone.
GRANT SELECT, INSERT ON store.source, store.source_key TO paravent_gateway;
GRANT UPDATE (label, enabled) ON store.source TO paravent_gateway;
GRANT UPDATE (expires_at, revoked_at, last_used_on) ON store.source_key TO paravent_gateway;

-- The registry.  No role deletes from it: the row is the fence against late writers.  The workers
-- change nothing in it, but PostgreSQL lets only those lock a row FOR SHARE who may update one of
-- its columns; they get the one that means least.
GRANT SELECT, INSERT ON store.subject TO paravent_gateway;
GRANT UPDATE (state, generation, objected, consent, pid, principal) ON store.subject
    TO paravent_gateway;
-- Fences of people whom the vault forgets come and go by functions that touch no other row; an
-- erasure that meets one takes it off the list, so that it stays.
GRANT SELECT, DELETE ON store.passing_fence TO paravent_gateway;
GRANT EXECUTE ON FUNCTION store.put_fences(uuid[], smallint[]),
    store.lift_fences(timestamptz, integer), store.drop_fences(uuid[]) TO paravent_gateway;
GRANT SELECT ON store.subject TO paravent_workers;
GRANT UPDATE (registered_at) ON store.subject TO paravent_workers;

-- The ledger is appended to and never changed; an erasure may delete.
GRANT SELECT, INSERT, DELETE ON store.consent_record TO paravent_gateway;
GRANT SELECT ON store.consent_record TO paravent_workers;

-- Of whom nothing else is left, the workers forget it in the end, by a function that looks whether
-- they may; neither they nor it can reach anybody else's.
GRANT EXECUTE ON FUNCTION store.forget_lapsed(timestamptz, integer) TO paravent_workers;

-- What was shown, and the ledger's anchors: evidence, added to and never changed.
GRANT SELECT, INSERT ON store.notice, store.banner, store.shown TO paravent_gateway;
GRANT SELECT ON store.anchor TO paravent_gateway;
GRANT SELECT, INSERT ON store.anchor TO paravent_workers;
GRANT SELECT ON store.source TO paravent_workers;

-- What a no asked for; the workers write down what became of it.
GRANT SELECT, INSERT, DELETE ON store.withdrawal TO paravent_gateway;
GRANT SELECT ON store.withdrawal TO paravent_workers;
GRANT UPDATE (finished_at, deleted, narrowed) ON store.withdrawal TO paravent_workers;

-- Events are written once.  The gateway erases; the workers expire, and take away purposes that
-- were withdrawn (a trigger lets them add none).
GRANT SELECT, INSERT, DELETE ON store.event TO paravent_gateway;
GRANT SELECT, DELETE ON store.event TO paravent_workers;
GRANT UPDATE (purposes) ON store.event TO paravent_workers;
GRANT SELECT, INSERT ON store.batch TO paravent_gateway;
GRANT SELECT, DELETE ON store.batch TO paravent_workers;

-- What is folded and computed, by both lanes.
GRANT SELECT, INSERT, UPDATE, DELETE ON
    store.state, store.membership, store.feature_snapshot, store.dirty
    TO paravent_gateway, paravent_workers;
GRANT SELECT, INSERT, UPDATE, DELETE ON store.segment_count, store.refresh_run TO paravent_workers;
GRANT SELECT ON store.segment_count, store.refresh_run, store.retention_run TO paravent_gateway;
-- Evidence: what was gone over is written on, and never taken back.
GRANT SELECT, INSERT ON store.retention_run TO paravent_workers;
GRANT UPDATE (before, rulebook, finished_at, deleted, narrowed) ON store.retention_run
    TO paravent_workers;

-- What is suspect, sealed for the data protection officer.  The gateway writes, lists and settles it;
-- the workers see nothing of it: functions delete what is over its time, and what a withdrawal on
-- record is about, and tell how much is left.
GRANT SELECT, INSERT, DELETE ON store.quarantine TO paravent_gateway;
GRANT UPDATE (settled_at, purposes, outcome, sealed) ON store.quarantine TO paravent_gateway;
GRANT USAGE ON SEQUENCE store.quarantine_id_seq TO paravent_gateway;
GRANT EXECUTE ON FUNCTION store.forget_quarantined(timestamptz, integer) TO paravent_workers;
GRANT EXECUTE ON FUNCTION store.withdraw_quarantined(bigint[], timestamptz[]) TO paravent_workers;
GRANT EXECUTE ON FUNCTION store.quarantine_held(timestamptz) TO paravent_gateway, paravent_workers;

-- The gateway announces, the relay takes.
GRANT SELECT, INSERT ON store.outbox TO paravent_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON store.outbox TO paravent_workers;

-- Counts that name nobody.
GRANT SELECT, INSERT ON store.decision_count, store.dropped_count TO paravent_gateway;
GRANT UPDATE (count) ON store.decision_count, store.dropped_count TO paravent_gateway;
GRANT SELECT ON store.decision_count, store.dropped_count TO paravent_workers;

GRANT SELECT, INSERT ON store.import_run TO paravent_gateway;
GRANT UPDATE (rows_done, finished_at, counts) ON store.import_run TO paravent_gateway;

-- The audit log: appended to through its function only, read by the auditor only.
GRANT USAGE ON SCHEMA audit TO paravent_gateway, paravent_workers, paravent_auditor;
GRANT EXECUTE ON FUNCTION audit.append_entry(text, text, jsonb, text), audit.head()
    TO paravent_gateway, paravent_workers;
GRANT EXECUTE ON FUNCTION audit.head() TO paravent_auditor;
GRANT EXECUTE ON FUNCTION
    audit.keep_checkpoint(bigint, bytea, text), audit.forget_details(bigint[])
    TO paravent_gateway;
GRANT SELECT ON audit.checkpoint TO paravent_gateway;
GRANT SELECT ON audit.entry, audit.detail, audit.frontier, audit.checkpoint TO paravent_auditor;
