"""The format of the audit log: records, tree, checkpoints, and a checker that trusts nothing."""
