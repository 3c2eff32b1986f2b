"""The store's schema, step by step; shipped in the wheel and run by ``paravent migrate``."""
