import os
from pathlib import Path

import pytest

from harness.certificates import Authority

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def build_folder():
    return Path(os.environ.get("E2EE_BUILD_DIR", REPOSITORY / "build"))


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """The CA of everything on the upstream side that is not the simulator."""
    return Authority(tmp_path_factory.mktemp("authority"), "test-upstream-ca")
