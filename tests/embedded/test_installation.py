"""A data folder is ours alone, one process runs it, and its secrets stay secret."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.demo.folder import clear
from gateway.embedded.errors import FolderUnsafe
from gateway.installation import (
    Installation,
    InstallationForeign,
    InstallationInUse,
    InstallationMissing,
    Running,
    default_folder,
)

REPOSITORY = Path(__file__).parents[2]


def test_a_new_installation_is_closed_to_everybody_else(data: Path) -> None:
    installation = Installation.open(data, create=True)
    installation.passwords()
    for path in (data, *data.rglob("*")):
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path


def test_a_folder_that_others_could_enter_is_closed(data: Path) -> None:
    data.mkdir(mode=0o755)
    Installation.open(data, create=True)
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_nothing_is_made_where_an_installation_was_expected(data: Path) -> None:
    with pytest.raises(InstallationMissing):
        Installation.open(data)
    assert not data.exists()


def test_a_folder_with_other_files_is_left_alone(data: Path) -> None:
    data.mkdir(mode=0o755)
    (data / "thesis.tex").write_text("\\section{Notes}")
    with pytest.raises(InstallationForeign, match="needed an empty folder"):
        Installation.open(data, create=True)
    assert stat.S_IMODE(data.stat().st_mode) == 0o755


def test_an_installation_of_another_format_is_refused(data: Path) -> None:
    Installation.open(data, create=True)
    (data / "installation.json").write_text('{"format": 99}')
    with pytest.raises(InstallationForeign, match="needed format 1"):
        Installation.open(data)


def test_passwords_are_long_different_and_stay(data: Path) -> None:
    first = Installation.open(data, create=True).passwords()
    assert len(set(first.values())) == len(first) == 4
    assert min(map(len, first.values())) >= 43
    assert Installation.open(data).passwords() == first


def test_a_password_file_that_others_can_read_is_refused(data: Path) -> None:
    installation = Installation.open(data, create=True)
    installation.password("paravent_vault")
    (data / "secrets" / "role-paravent_vault").chmod(0o640)
    with pytest.raises(FolderUnsafe):
        installation.password("paravent_vault")


def test_a_password_file_that_is_a_link_is_refused(data: Path, tmp_path: Path) -> None:
    installation = Installation.open(data, create=True)
    (tmp_path / "elsewhere").write_text("chosen by somebody else")
    (data / "secrets" / "role-paravent_vault").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FolderUnsafe):
        installation.password("paravent_vault")


def test_a_second_holder_of_the_lock_is_refused_by_name(data: Path) -> None:
    installation = Installation.open(data, create=True)
    with installation.locked():
        second = f"""
from pathlib import Path
from gateway.installation import Installation
with Installation.open(Path({str(data)!r})).locked():
    pass
"""
        refused = subprocess.run([sys.executable, "-c", second], cwd=REPOSITORY, check=False,
                                 capture_output=True, text=True)  # fmt: skip
        assert "InstallationInUse" in refused.stderr
        assert f"process {os.getpid()} runs" in refused.stderr
    with installation.locked():
        pass


def test_the_lock_of_a_killed_holder_is_free(data: Path) -> None:
    installation = Installation.open(data, create=True)
    holder = f"""
import os, signal
from pathlib import Path
from gateway.installation import Installation
with Installation.open(Path({str(data)!r})).locked():
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", holder], cwd=REPOSITORY, check=False)
    with installation.locked():
        pass


def test_where_it_listens_is_known_only_while_it_runs(data: Path) -> None:
    installation = Installation.open(data, create=True)
    running = Running(url="http://127.0.0.1:8000", pid=os.getpid())
    with installation.locked():
        installation.publish(running)
        assert Installation.open(data).running() == running
    assert installation.running() is None


def test_the_lock_cannot_be_taken_twice_in_one_process(data: Path) -> None:
    installation = Installation.open(data, create=True)
    with installation.locked(), pytest.raises(InstallationInUse), installation.locked():
        pass


def test_an_ordinary_user_keeps_data_in_their_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1815)
    monkeypatch.setenv("XDG_DATA_HOME", "/home/lovelace/data")
    assert default_folder() == Path("/home/lovelace/data/paravent")
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    assert default_folder() == Path.home() / ".local/share/paravent"


def test_a_new_demo_deletes_the_one_before(data: Path) -> None:
    Installation.open(data, create=True).passwords()
    clear(data)
    clear(data)
    assert not data.exists()


def test_a_new_demo_never_deletes_one_that_runs(data: Path) -> None:
    installation = Installation.open(data, create=True)
    installation.passwords()
    before = set(data.rglob("*"))
    with installation.locked(), pytest.raises(InstallationInUse):
        clear(data)
    assert before <= set(data.rglob("*"))


def test_a_new_demo_never_deletes_what_is_no_installation(data: Path) -> None:
    data.mkdir()
    (data / "thesis.tex").write_text("\\section{Notes}")
    with pytest.raises(InstallationForeign):
        clear(data)
    assert (data / "thesis.tex").exists()
