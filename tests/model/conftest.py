"""The seed of the made-up schedules, printed."""

from tests.model.support import SEED


def pytest_report_header() -> str:
    return f"model: schedules of seed {SEED} (SIGNALS_SEED={SEED} makes them again)"
