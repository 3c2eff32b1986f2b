"""Data-subject requests: access and erasure as cases, and the audit log read over HTTP."""
