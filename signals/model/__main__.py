"""`python -m signals.model`: an outage in seconds."""

from __future__ import annotations

import argparse
import json
import sys

from signals.errors import RecordError
from signals.model.blueprint import CannotDeployError
from signals.model.run import run
from signals.model.scenarios import SCENARIOS


def main() -> int:
    """Run the model and print its report; 1 if signals were lost, 2 if it could not run."""
    parser = argparse.ArgumentParser(prog="python -m signals.model", description=__doc__)
    parser.add_argument("--stack", default="prod")
    parser.add_argument("--outage", default="30h", help="45m, 30h, 35d")
    parser.add_argument("--signals-per-day", type=float, default=400e6)
    parser.add_argument("--sample", type=int, default=4_000, help="signals of the model")
    parser.add_argument("--scenario", choices=list(SCENARIOS), default="eventbridge")
    parser.add_argument("--no-replay", dest="replay", action="store_false")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = vars(parser.parse_args())
    as_json = options.pop("json")
    try:
        report = run(**options)
    except (ValueError, CannotDeployError, RecordError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(report.to_json(), indent=2) if as_json else report.to_text())
    return 1 if report.lost else 0


if __name__ == "__main__":
    sys.exit(main())
