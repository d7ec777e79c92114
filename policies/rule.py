"""A rule: what must hold in every stack, why, and what to do where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from policies.view import ResourceView, StackView, UnknownValue

Level = Literal["mandatory", "advisory"]
Finding = tuple[ResourceView | None, str]
Check = Callable[[StackView], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        id: Its name for good: suppressions and pull requests speak of it.
        level: Whether it stops a deployment.
        why: What AWS does otherwise, in a sentence.
        source: Where AWS, or who saw it, says so.
        remedy: What to do.
        check: Yields each resource that breaks it (None: the stack as a whole) and what is wrong with it.
    """

    id: str
    level: Level
    why: str
    source: str
    remedy: str
    check: Check


@dataclass(frozen=True)
class Violation:
    """A rule that does not hold."""

    rule: Rule
    resource: ResourceView | None
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


RULES: list[Rule] = []


def rule(id: str, level: Level, *, why: str, source: str, remedy: str) -> Callable[[Check], Check]:
    """Make a check a rule of the pack."""

    def add(check: Check) -> Check:
        RULES.append(Rule(id, level, why, source, remedy, check))
        return check

    return add


def violations(stack: StackView) -> list[Violation]:
    """Every violation of every rule.

    Raises:
        UnknownValue: Never for a recording, which knows what refers to what.
    """
    return [Violation(rule, resource, what) for rule in RULES for resource, what in rule.check(stack)]


__all__ = ["RULES", "Finding", "Rule", "UnknownValue", "Violation", "rule", "violations"]
