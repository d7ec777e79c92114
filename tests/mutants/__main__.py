"""`python -m tests.mutants`: put in one fault at a time, run the tests that should catch it, and name the survivors.

Outcomes are kept in .local/mutants for the tree that they were found in: a run that was interrupted goes on where it
was.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from signals.recording.record import record
from tests.mutants import faults, recorded
from tests.mutants.faults import ROOT, Explanation, Fault
from tests.mutants.recorded import Mutation
from tests.mutants.runner import BASELINE_S, BaselineError, Copy, Outcome, digest

CAUGHT, SURVIVORS, NOT_JUDGED = 0, 1, 2
Named = TypeVar("Named", Fault, Mutation)


class Kept:
    """The outcomes of this tree, a line of JSON each."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text().splitlines() if path.exists() else []
        self.outcomes = {found["fault_id"]: Outcome(**found) for found in map(json.loads, lines)}
        self._path = path

    def add(self, outcome: Outcome) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(outcome)) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """0: every survivor is explained; 1: some are not, or an explanation explains nothing; 2: some were not judged."""
    options = _options(arguments)
    chosen = faults.shard(_chosen(faults.load(), options.only), options.shard)
    prod = record("prod")
    mutations = faults.shard(_chosen(recorded.mutations(prod), options.only), options.shard)
    if options.list:
        for one in (*chosen, *mutations):
            print(f"{one.id}: {one.says}")
        return CAUGHT
    kept = Kept(ROOT / ".local" / "mutants" / f"{digest()}.jsonl")
    outcomes = [kept.outcomes[one.id] for one in (*chosen, *mutations) if one.id in kept.outcomes]
    if outcomes:
        print(f"{len(outcomes)} are known of this tree already")
    left = [fault for fault in chosen if fault.id not in kept.outcomes]
    found: list[Iterable[Outcome]] = [_in_copies(left, options.jobs)] if left else []
    if unseen := [mutation for mutation in mutations if mutation.id not in kept.outcomes]:
        found.append(recorded.judge(unseen, prod))
    total = len(chosen) + len(mutations)
    try:
        for outcome in chain.from_iterable(found):
            outcomes.append(outcome)
            if outcome.verdict != "broken":
                kept.add(outcome)
            print(f"{len(outcomes)}/{total} {outcome.verdict} {outcome.fault_id} ({outcome.by})", flush=True)
    except BaselineError as error:
        print(f"the tests fail without any fault, so nothing can be judged: {error}")
        return NOT_JUDGED
    return report(outcomes, faults.load_explanations(), whole=not options.only and options.shard == "1/1")


def report(outcomes: Sequence[Outcome], explanations: Sequence[Explanation], *, whole: bool) -> int:
    """Say what survived, and return the exit code; only a whole run can tell that an explanation explains nothing."""
    survivors = [outcome.fault_id for outcome in outcomes if outcome.verdict == "survived"]
    broken = [outcome for outcome in outcomes if outcome.verdict == "broken"]
    unexplained = [each for each in survivors if not any(why.covers(each) for why in explanations)]
    idle = [p for why in explanations for p in why.faults if not any(fnmatchcase(each, p) for each in survivors)]
    print(f"{len(outcomes)} faults: {len(survivors)} survive, {len(survivors) - len(unexplained)} of them explained")
    for each in unexplained:
        print(f"survivor: {each}")
    for outcome in broken:
        print(f"not judged: {outcome.fault_id}: {outcome.by}")
    for pattern in idle if whole else ():
        print(f"explains nothing: {pattern}: remove it from explained.yaml")
    if broken:
        return NOT_JUDGED
    return SURVIVORS if unexplained or (whole and idle) else CAUGHT


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="PATTERN", help="faults by id (shell pattern)")
    parser.add_argument("--shard", default="1/1", metavar="I/N", help="every nth fault, from the ith on")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="copies of the tree that run at a time")
    parser.add_argument("--list", action="store_true", help="name the faults and run nothing")
    return parser.parse_args(arguments)


def _chosen(known: Sequence[Named], only: Sequence[str]) -> list[Named]:
    return [one for one in known if not only or any(fnmatchcase(one.id, pattern) for pattern in only)]


def _in_copies(left: Sequence[Fault], jobs: int) -> Iterator[Outcome]:
    """Judge faults, each in a copy of its own, once all their tests have passed without any."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        copies: SimpleQueue[Copy] = SimpleQueue()
        jobs = min(jobs, len(left))
        for number in range(jobs):
            copies.put(Copy(Path(scratch) / str(number)))
        unfaulted = copies.get()
        passed = unfaulted.run(sorted({test for fault in left for test in fault.tests}), timeout_s=BASELINE_S)
        copies.put(unfaulted)
        if passed.returncode:
            raise BaselineError(passed.stdout[-3_000:])
        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(_with_a_copy(copies), left)


def _with_a_copy(copies: SimpleQueue[Copy]) -> Callable[[Fault], Outcome]:
    def judge(fault: Fault) -> Outcome:
        copy = copies.get()
        try:
            return copy.judge(fault)
        finally:
            copies.put(copy)

    return judge


if __name__ == "__main__":
    sys.exit(main())
