"""What a process was given to compute with ends with its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from pseudonymizer.errors import KeyDestroyed
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Keyring


@pytest.mark.parametrize("by_domain", [True, False])
def test_a_version_of_mid_that_another_process_destroyed_numbers_nothing_after_a_reload(
    tmp_path: Path, *, by_domain: bool
) -> None:
    path = tmp_path / "keys.json"
    theirs = FileKeyProvider.create(path, mode="development")
    ours = Keyring(FileKeyProvider.open(path, mode="development"))
    ours.message_ids(1, by_domain=by_domain)(7, "marketing", "m-1")
    theirs.new_version("mid")
    ours.reload()
    newer = ours.message_ids(2)
    assert newer(7, "marketing", "m-1")
    theirs.destroy_version("mid", 1)
    ours.reload()
    with pytest.raises(KeyDestroyed):
        ours.message_ids(1, by_domain=by_domain)(7, "marketing", "m-1")
    assert ours.message_ids(2) is newer, "what is live is keyed once"
