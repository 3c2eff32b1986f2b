-- Every grant in the database "vault", on one page.  Run as the owner after each migration; safe
-- to run again.  Run-time roles own nothing and see one schema's worth each: paravent_vault the
-- way from identifiers to keys, paravent_gateway the rights requests.  Workers are not named
-- here at all, so they cannot even connect.

REVOKE ALL ON SCHEMA public FROM PUBLIC;

REVOKE ALL ON SCHEMA vault, tombstone, rights FROM PUBLIC, paravent_vault, paravent_gateway;
REVOKE ALL ON ALL TABLES IN SCHEMA vault, tombstone, rights
    FROM PUBLIC, paravent_vault, paravent_gateway;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA vault, tombstone, rights
    FROM PUBLIC, paravent_vault, paravent_gateway;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA vault, tombstone, rights FROM PUBLIC;

ALTER DEFAULT PRIVILEGES FOR ROLE paravent_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- Buckets are replaced and subjects flagged, never deleted.  The journal of erasures has no way
-- back: who was erased, and when, is written once.  A tombstone may last longer or be taken away,
-- never be turned into somebody else's.
GRANT USAGE ON SCHEMA vault, tombstone TO paravent_vault;
GRANT SELECT, INSERT, UPDATE ON vault.bucket TO paravent_vault;
GRANT SELECT, INSERT ON vault.erasure_journal, vault.subject TO paravent_vault;
GRANT UPDATE (arefs, key_ids, destroyed_at, completed_at) ON vault.erasure_journal TO paravent_vault;
GRANT UPDATE (state, generation, wrapped_sk, erased_at) ON vault.subject TO paravent_vault;
GRANT SELECT, INSERT, DELETE ON vault.identifier, vault.link, tombstone.mark TO paravent_vault;
-- An identifier may get another blind index, never another subject; of a link only its end changes.
GRANT UPDATE (blind_index, index_version, sealed, sealed_mark, variant_index)
    ON vault.identifier TO paravent_vault;
GRANT UPDATE (undone_at, undone_case) ON vault.link TO paravent_vault;
GRANT UPDATE (expires_on) ON tombstone.mark TO paravent_vault;
GRANT SELECT ON vault.key_in_use TO paravent_vault;
GRANT UPDATE (version, since, first) ON vault.key_in_use TO paravent_vault;
-- Public keys stay for good; what is added is that the audit log says so.
GRANT SELECT, INSERT ON vault.signer TO paravent_vault;
GRANT UPDATE (announced) ON vault.signer TO paravent_vault;
GRANT USAGE ON SEQUENCE vault.subject_id_seq TO paravent_vault;

GRANT USAGE ON SCHEMA rights TO paravent_gateway;
GRANT SELECT, INSERT, UPDATE ON rights.operator, rights."case" TO paravent_gateway;
-- Who asked for a re-identification, and what for, is written once; the row goes after a year, and
-- what leads from it to the person goes with them.
GRANT SELECT, INSERT, DELETE ON rights.reidentification TO paravent_gateway;
GRANT UPDATE (subject, state, decided_by, decided_at, opened_at) ON rights.reidentification
    TO paravent_gateway;
