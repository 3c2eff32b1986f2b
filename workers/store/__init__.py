"""The pseudonymous side's database: its schema, and every statement on it.

Statements are functions that take the ``Connection`` first, give plain values and never commit;
``transactions`` is the one module that does.
"""
