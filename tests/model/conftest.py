"""The seed of the made-up schedules: another one each time, printed, and repeated with SIGNALS_SEED."""

from __future__ import annotations

import os
import random

SEED = int(os.environ.get("SIGNALS_SEED") or random.SystemRandom().randrange(2**32))
# Workers of pytest-xdist are to make up the same schedules.
os.environ["SIGNALS_SEED"] = str(SEED)


def pytest_report_header() -> str:
    return f"model: schedules of seed {SEED} (SIGNALS_SEED={SEED} makes them again)"
