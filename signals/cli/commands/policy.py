"""`signals policy`."""

from __future__ import annotations

import typer

from signals.cli.commands.options import AsJson, StackName
from signals.terminal import console


def policy(stack: StackName = "local", as_json: AsJson = False) -> None:
    """Check a stack against the rules in policies/, without AWS. Exit code 1 when a mandatory rule is violated."""
    from policies import rules  # noqa: F401 - makes them known
    from policies.recorded import stack_of
    from policies.rule import RULES, violations
    from signals.recording.record import record

    with console.busy(f"checking {stack}", quiet=as_json):
        found = violations(stack_of(record(stack)))
    mandatory = [violation for violation in found if violation.rule.level == "mandatory"]
    if as_json:
        console.print_json(
            {"stack": stack, "rules": len(RULES), "violations": [violation.to_json() for violation in found]}
        )
    else:
        for violation in found:
            console.out.print(str(violation), markup=False)
        counted = f"{len(mandatory)} mandatory and {len(found) - len(mandatory)} advisory violations"
        console.err.print(f"{stack}: {len(RULES)} rules, {counted}", markup=False)
    if mandatory:
        raise typer.Exit(1)
