"""Run with the scanners' Python: reads {name: policy document} as JSON and prints parliament's findings as JSON."""

import json
import sys
import warnings

warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
import parliament  # noqa: E402

findings = []
for name, document in json.load(sys.stdin).items():
    for finding in parliament.analyze_policy_string(document, ignore_private_auditors=True).findings:
        title = parliament.enhance_finding(finding).title
        findings.append({"resource": name, "id": finding.issue, "message": f"{title} {finding.detail}"})
json.dump(findings, sys.stdout)
