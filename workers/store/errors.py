"""What can be wrong with the store, in words for the program and for the person."""

from typing import ClassVar

from policies.errors import AuditUnavailable, ParaventError, StoreUnavailable

__all__ = [
    "AuditUnavailable",
    "DuplicateMessage",
    "PseudonymsDoubled",
    "PseudonymsMoved",
    "RulebookReplaced",
    "StoreBusy",
    "StoreOverprivileged",
    "StoreRefused",
    "StoreTooOld",
    "StoreUnavailable",
]


class StoreBusy(StoreUnavailable):
    """A lock was not had in time, or two transactions crossed; nothing was written."""

    code: ClassVar[str] = "store-busy"
    remedy: ClassVar[str] = "Run the same transaction again."


class StoreRefused(ParaventError):
    """The database refused a statement; nothing was written.

    The database's own message can hold a row's values, so only its five-letter state is kept.
    """

    code: ClassVar[str] = "store-refused"
    remedy: ClassVar[str] = "Run `paravent migrate`, then retry; if it stays so, open an issue."

    def __init__(self, sqlstate: str) -> None:
        super().__init__(f"the store refused a statement with state {sqlstate}")
        self.sqlstate = sqlstate


class RulebookReplaced(ParaventError):
    """Another rulebook came into force; nothing was written by the one before."""

    code: ClassVar[str] = "rulebook-replaced"
    remedy: ClassVar[str] = "Send the request again: it is treated by the rulebook now in force."

    def __init__(self) -> None:
        super().__init__("another rulebook came into force; the one in force was needed")


class PseudonymsMoved(StoreUnavailable):
    """People are registered by pseudonyms of another epoch than the vault said; none was written.

    For a moment that is so whenever another epoch begins, and looking again is enough.
    """

    code: ClassVar[str] = "pseudonyms-moved"
    remedy: ClassVar[str] = (
        "Send it again; if it stays so, one of the databases is older than the other: run"
        " `paravent keys move pid`."
    )

    def __init__(self) -> None:
        super().__init__("people got other pseudonyms meanwhile; those of now were needed")


class PseudonymsDoubled(ParaventError):
    """Somebody is registered by a former pseudonym and by the one it becomes; none was changed."""

    code: ClassVar[str] = "pseudonyms-doubled"
    remedy: ClassVar[str] = (
        "Restore both databases to one instant; if neither was restored, open an issue."
    )

    def __init__(self) -> None:
        super().__init__("somebody has a former pseudonym and the present one; one was needed")


class DuplicateMessage(ParaventError):
    """At least one event of the batch is stored already; none of it was written."""

    code: ClassVar[str] = "duplicate-message"
    remedy: ClassVar[str] = "Write the batch again through `events.insert_missing`."


class StoreTooOld(ParaventError):
    """The server is older than the oldest PostgreSQL this product runs on."""

    code: ClassVar[str] = "store-too-old"
    remedy: ClassVar[str] = "Use PostgreSQL 15 or later."


class StoreOverprivileged(ParaventError):
    """The process is connected as a role that owns the tables or is a superuser."""

    code: ClassVar[str] = "store-overprivileged"
    remedy: ClassVar[str] = "Give the process the DSN of its run-time role, not the owner's."
