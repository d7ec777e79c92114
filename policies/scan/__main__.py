"""`make scan`: checkov and tf-nag over the generated Terraform, parliament over every IAM document."""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from components.errors import PlatformError
from policies.scan import scanners, suppressions
from policies.scan.plan import plan
from signals.recording.record import record

STACKS = ("dev", "prod")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what fails and is not suppressed; exit code 1 for that or an unused suppression, 2 if a scanner failed."""
    parser = argparse.ArgumentParser(prog="python -m policies.scan", description=__doc__)
    parser.add_argument("--stack", action="append", help=f"which stacks; by default {' and '.join(STACKS)}")
    stacks = parser.parse_args(arguments).stack or STACKS
    try:
        known = suppressions.load()
        found = {stack: _scan(stack) for stack in stacks}
    except PlatformError as error:
        print(f"scan: {error}", file=sys.stderr)
        return 2
    failed = 0
    for stack, findings in found.items():
        left = [finding for finding in findings if not any(s.covers(finding) for s in known)]
        failed += len(left)
        for finding in sorted(left):
            print(f"{stack}: {finding.scanner} {finding.id} {finding.resource}: {finding.message}")
        hidden = Counter(finding.scanner for finding in findings if finding not in left)
        told = ", ".join(f"{scanner} {hidden[scanner]}" for scanner in ("checkov", "tf-nag", "parliament"))
        print(f"{stack}: {len(left)} failed; suppressed: {told}", file=sys.stderr)
    idle = []
    if set(stacks) == set(STACKS):
        idle = [name for s in known for name in s.unused(f for findings in found.values() for f in findings)]
        for name in idle:
            print(f"{suppressions.FILE.name}: nothing fails by {name} any more: remove it")
    print(f"{len(known)} suppressions with reasons in {suppressions.FILE.name}", file=sys.stderr)
    return 1 if failed or idle else 0


def _scan(stack: str) -> list[scanners.Finding]:
    recording = record(stack)
    with tempfile.TemporaryDirectory(prefix="signals-scan-") as folder:
        planned = plan(recording, Path(folder))
        return [*scanners.checkov(planned), *scanners.tf_nag(planned), *scanners.parliament(recording)]


if __name__ == "__main__":
    sys.exit(main())
