"""Policy rules: what must hold in every stack, why, and what to do where it does not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from policies.view import StackView
from signals.recording.resources import Declared

Level = Literal["mandatory", "advisory"]
Finding = tuple[Declared | None, str]
Check = Callable[[StackView], Iterator[Finding]]


@dataclass(frozen=True)
class PolicyRule:
    """One rule.

    Attributes:
        id: Never changed: suppressions and pull requests refer to it.
        level: Whether it stops a deployment.
        why: What happens otherwise, in a sentence.
        source: Documentation of AWS, or who observed it.
        remedy: What to do.
        check: Yields each resource that violates it (None: the stack as a whole) and what is wrong with it.
    """

    id: str
    level: Level
    why: str
    source: str
    remedy: str
    check: Check


@dataclass(frozen=True)
class Violation:
    """A rule that one resource, or the stack as a whole, violates."""

    rule: PolicyRule
    resource: Declared | None
    what: str

    def __str__(self) -> str:
        where = self.resource.name if self.resource else "stack"
        return f"{self.rule.id} {self.rule.level} {where}: {self.what}; {self.rule.remedy}"

    def to_json(self) -> dict[str, str | None]:
        rule = self.rule
        return {
            "id": rule.id,
            "level": rule.level,
            "resource": self.resource.name if self.resource else None,
            "urn": self.resource.urn if self.resource else None,
            "what": self.what,
            "remedy": rule.remedy,
            "why": rule.why,
            "source": rule.source,
        }


RULES: list[PolicyRule] = []


def rule(id: str, level: Level = "mandatory", *, why: str, source: str, remedy: str) -> Callable[[Check], Check]:
    """Add a check to `RULES`."""

    def add(check: Check) -> Check:
        RULES.append(PolicyRule(id, level, why, source, remedy, check))
        return check

    return add


def violations(stack: StackView) -> list[Violation]:
    """Every violation of every rule.

    Raises:
        UnknownValue: For the first preview of a stack; never for a recording.
    """
    return [Violation(rule, resource, what) for rule in RULES for resource, what in rule.check(stack)]
