"""What rows does a file hold?  CSV, NDJSON and Parquet, plain or gzipped, read as a stream."""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec
import pyarrow as pa
from pyarrow import parquet

from gateway.importing.errors import FileUnreadable

Row = Mapping[str, Any]
"""One row by column; ``None`` stands for a row that cannot be read."""

CHUNK = 1024 * 1024
MAX_LINE = 1024 * 1024
SUFFIXES = (".csv", ".ndjson", ".jsonl", ".parquet")


def digest_of(path: Path) -> bytes:
    """Give the SHA-256 of the file's bytes: with a row's number it names the row's message.

    Raises:
        FileUnreadable: the file cannot be opened.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise FileUnreadable("The file cannot be opened; a readable file was needed.") from error
    return digest.digest()


def format_of(path: Path) -> str:
    """Say which format *path* has, by its name.

    Raises:
        FileUnreadable: the name ends in none that is read.
    """
    names = [suffix for suffix in path.suffixes if suffix != ".gz"]
    if not names or names[-1] not in SUFFIXES:
        raise FileUnreadable("The file's name ends in none of .csv, .ndjson, .jsonl, .parquet.")
    return names[-1]


def columns_of(path: Path) -> set[str] | None:
    """Give the columns the file declares; ``None`` where each row has its own (NDJSON)."""
    kind = format_of(path)
    if kind == ".csv":
        with _text(path) as stream:
            return set(next(csv.reader(stream), []))
    if kind == ".parquet":
        with _parquet(path) as file:
            return set(file.schema_arrow.names)
    return None


def rows(path: Path) -> Iterator[Row | None]:
    """Give the rows of *path* in order; ``None`` for one that cannot be read.

    Raises:
        FileUnreadable: the file as a whole is not of its format.
    """
    kind = format_of(path)
    try:
        if kind == ".csv":
            yield from _csv(path)
        elif kind == ".parquet":
            yield from _parquet_rows(path)
        else:
            yield from _ndjson(path)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise FileUnreadable("The file breaks off or is not of the format it says.") from error


def count(path: Path) -> int | None:
    """Give the number of rows where it is known without reading them all."""
    if format_of(path) != ".parquet":
        return None
    with _parquet(path) as file:
        return int(file.metadata.num_rows)


def _csv(path: Path) -> Iterator[Row | None]:
    with _text(path) as stream:
        reader = csv.reader(stream)
        heads = next(reader, None)
        if not heads:
            raise FileUnreadable("The file has no header line; one with column names was needed.")
        for cells in reader:
            yield dict(zip(heads, cells, strict=True)) if len(cells) == len(heads) else None


def _ndjson(path: Path) -> Iterator[Row | None]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    with _bytes(path) as stream:
        while line := stream.readline(MAX_LINE + 1):
            if not line.strip():
                continue
            try:
                yield decoder.decode(line) if len(line) <= MAX_LINE else None
            except (msgspec.MsgspecError, ValueError, RecursionError):
                yield None


def _parquet_rows(path: Path) -> Iterator[Row]:
    with _parquet(path) as file:
        for batch in file.iter_batches(batch_size=5_000):
            yield from batch.to_pylist()


@contextmanager
def _parquet(path: Path) -> Iterator[parquet.ParquetFile]:
    try:
        file = parquet.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise FileUnreadable("The file is not Parquet, though its name says so.") from error
    with file:
        yield file


@contextmanager
def _bytes(path: Path) -> Iterator[IO[bytes]]:
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as stream:
            yield stream  # type: ignore[misc]  # a GzipFile reads as a binary file does
    else:
        with path.open("rb") as plain:
            yield plain


@contextmanager
def _text(path: Path) -> Iterator[IO[str]]:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as stream:
            yield stream
    else:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield stream
