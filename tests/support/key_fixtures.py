"""Fixtures over :mod:`tests.support.hsm` and :mod:`tests.support.kms`."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.hsm import Softhsm, TestToken
    from tests.support.kms import Kms, KmsKeys

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Softhsm]:
    from tests.support.hsm import MISSING, REASON, Softhsm, initialised_with  # late: the product

    if MISSING:
        pytest.skip(REASON)
    softhsm = Softhsm(tmp_path_factory.mktemp("softhsm"))
    initialised_with(softhsm)
    yield softhsm
    del os.environ["SOFTHSM2_CONF"]


@pytest.fixture
def hsm(softhsm: Softhsm, tmp_path: Path) -> TestToken:
    return softhsm.token(f"token-{os.getpid()}-{next(_numbers)}", tmp_path)


@pytest.fixture(scope="session")
def kms_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kms]:
    from tests.support.kms import credentials_in, served  # late: it takes the product along

    folder = tmp_path_factory.mktemp("kms")
    credentials_in(folder)
    with served(folder) as kms:
        yield kms
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        del os.environ[name]


@pytest.fixture
def kms(kms_server: Kms) -> KmsKeys:
    return kms_server.keys()
