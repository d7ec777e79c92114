"""Fixtures that suites share are plugins of tests/support, so that no suite imports another's conftest."""

pytest_plugins = ["tests.support.costs", "tests.support.recordings", "tests.support.broad", "tests.support.hand_made"]
