"""Checks that are known to fail, each with the reason why that is accepted."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from policies.scan.scanners import Finding, ScannerError

FILE = Path(__file__).resolve().parents[1] / "suppressions.yaml"
_SHORTEST_REASON = 40


@dataclass(frozen=True)
class Suppression:
    """Checks that may fail on some resources.

    Attributes:
        checks: Ids of the scanners' checks.
        resources: Shell patterns of resources.
        reason: Why that is right, for a reviewer of security.
    """

    checks: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str

    def covers(self, finding: Finding) -> bool:
        return finding.id in self.checks and any(fnmatchcase(finding.resource, p) for p in self.resources)

    def unused(self, findings: Iterable[Finding]) -> list[str]:
        """Its checks and patterns that no finding needs."""
        used = [finding for finding in findings if self.covers(finding)]
        checks = [check for check in self.checks if check not in {finding.id for finding in used}]
        idle = [p for p in self.resources if not any(fnmatchcase(finding.resource, p) for finding in used)]
        return checks + idle


def load(file: Path = FILE) -> list[Suppression]:
    """The suppressions of a file.

    Raises:
        ScannerError: For one without a reason to speak of, or with keys that mean nothing.
    """
    entries = yaml.safe_load(file.read_text("utf-8")) or []
    for entry in entries:
        if set(entry) != {"checks", "resources", "reason"} or len(str(entry["reason"])) < _SHORTEST_REASON:
            raise ScannerError(f"{file.name}: {entry.get('checks')} needs checks, resources and a reason that explains")
    return [Suppression(tuple(e["checks"]), tuple(e["resources"]), e["reason"].strip()) for e in entries]
