"""What can be wrong with an import; no message repeats what a file holds."""

from __future__ import annotations

from typing import ClassVar

from policies.errors import ParaventError


class MapInvalid(ParaventError):
    """The map does not say how to read the file."""

    code: ClassVar[str] = "import-map-invalid"
    remedy: ClassVar[str] = "Correct the map as docs/import.md describes, then run again."


class FileUnreadable(ParaventError):
    """The file is not what its name or the map says."""

    code: ClassVar[str] = "import-file-unreadable"
    remedy: ClassVar[str] = (
        "Send CSV with a header line, NDJSON with one object a line, or Parquet."
    )


class StatementMissing(ParaventError):
    """A consent statement is incomplete."""

    code: ClassVar[str] = "consent-statement-missing"
    remedy: ClassVar[str] = (
        "Give --assert-consent PURPOSE together with --evidence TEXT, or --consent-file FILE."
    )
