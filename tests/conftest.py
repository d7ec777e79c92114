"""Fixtures that suites share are plugins of tests/support, so that no suite imports another's conftest."""

import moto.core  # noqa: F401 - it is seen by the sessions of botocore alone that are made after it

pytest_plugins = ["tests.support.costs", "tests.support.recordings", "tests.support.broad", "tests.support.hand_made"]
