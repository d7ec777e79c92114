"""Published versions of a stack's functions: which of them are kept, removing the others, and going back to one.

Every deployment that changes a function publishes a version, and nothing removes them: the AWS provider does not
(terraform-provider-aws issue 41172), and Lambda bills each version's SnapStart snapshot until it is deleted. A deletion
here always names a version by its number: without one, DeleteFunction deletes the function.

Source: Lambda API reference, DeleteFunction and UpdateAlias; Lambda Developer Guide, "Lambda SnapStart pricing".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.parts.function import ALIAS
from signals.aws.reading import items, or_none
from signals.errors import Failed, Misuse
from signals.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# What a version is made of, as people compare it; its environment is compared by the names of its variables.
_COMPARED = (
    *("CodeSha256", "CodeSize", "Runtime", "Handler", "MemorySize", "Timeout", "Architectures", "Role", "Layers"),
    *("TracingConfig", "LoggingConfig", "EphemeralStorage", "VpcConfig"),
)


@dataclass(frozen=True)
class Version:
    """A published version of one function in one Region.

    Args:
        number: As Lambda counts it, from 1.
        published: When (ISO 8601).
        code_bytes: Size of its archive.
        kept: Why it stays; None for one that nothing needs.
    """

    region: str
    function: str
    number: int
    published: str
    code_bytes: int
    kept: str | None


@dataclass(frozen=True)
class Removal:
    """What became of one version: `problem` is None where it was removed."""

    version: Version
    problem: str | None


@dataclass(frozen=True)
class Change:
    """One difference between two versions: what the alias has now, and what it would have."""

    what: str
    now: str
    then: str


@dataclass(frozen=True)
class Step:
    """Moving one function's alias in one Region.

    Args:
        now: The version that the alias names.
        then: The one that it would name.
        changes: What is different in it.
        revision: The alias as it was read: it is not moved if another has moved it since.
    """

    region: str
    function: str
    now: int
    then: int
    changes: tuple[Change, ...]
    revision: str


def versions(stack: Stack) -> list[Version]:
    """Every published version of the stack's functions in both Regions, the oldest of each first.

    Those stay that an alias names, the last one before each of them, and everything newer than the alias `live`: that
    is being deployed, or was rolled back and is in the engine's state. A function without that alias is left out.
    """
    return [
        version
        for region in stack.regions
        for function in stack.names.functions()
        for version in _versions_of(stack.aws.client("lambda", region), region, function)
    ]


def prune(stack: Stack, chosen: list[Version]) -> Iterator[Removal]:
    """Remove versions that nothing keeps, one by one. Safe to interrupt and to run again.

    Args:
        stack: The stack.
        chosen: As `versions` lists them; those that are kept are left alone.
    """
    from botocore.exceptions import ClientError

    for version in chosen:
        if version.kept is not None:
            continue
        problem = None
        try:
            _delete(stack.aws.client("lambda", version.region), version)
        except ClientError as error:
            # Someone removed it meanwhile, or an alias was moved to it.
            if (code := error.response["Error"]["Code"]) != "ResourceNotFoundException":
                problem = f"{code}: {error.response['Error']['Message']}"
        yield Removal(version, problem)


def rollback_steps(stack: Stack, function: str, *, region: str | None = None, number: int | None = None) -> list[Step]:
    """What moving a function's alias back takes, in each Region that has the function. Changes nothing.

    Args:
        stack: The stack.
        function: Its name, with or without the stack's (`signals-prod-ingest` or `ingest`).
        region: Only there.
        number: To this version; by default the last one before the alias's.

    Raises:
        Misuse: The stack has no such function or Region, or a version is named and no Region: they count by themselves.
        Failed: It is not deployed, has no such version, or that version cannot be invoked.
    """
    known, prefix = stack.names.functions(), f"{stack.settings.name}-"
    name = function if function in known else f"{prefix}{function}"
    if name not in known:
        raise Misuse(
            f"stack {stack.name!r} has no function {function!r}: name one of "
            f"{', '.join(each.removeprefix(prefix) for each in known)}"
        )
    if region is not None and region not in stack.regions:
        raise Misuse(f"stack {stack.name!r} is not in {region}: choose {' or '.join(stack.regions)}")
    if number is not None and region is None:
        raise Misuse("each Region counts versions by itself: add --region to --to")
    # The secondary first: what goes wrong shows where fewer signals are.
    regions = [region] if region else [*reversed(stack.regions)]
    found = [step for each in regions if (step := _step(stack, each, name, number))]
    if not found:
        raise Failed(f"{name} has no alias {ALIAS} in {' or '.join(regions)}: deploy it with `signals up`")
    return found


def rollback(stack: Stack, step: Step) -> None:
    """Move an alias as planned.

    Raises:
        Failed: Another has moved it since it was read.
    """
    from botocore.exceptions import ClientError

    try:
        stack.aws.client("lambda", step.region).update_alias(
            FunctionName=step.function,
            Name=ALIAS,
            FunctionVersion=str(step.then),
            # All of the traffic, should another version have been given a share of it.
            RoutingConfig={"AdditionalVersionWeights": {}},
            RevisionId=step.revision,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailedException":
            raise
        raise Failed(
            f"the alias of {step.function} in {step.region} was moved by someone else meanwhile: run this again"
        ) from None


def _versions_of(client: LambdaClient, region: str, function: str) -> list[Version]:
    if or_none(client.get_alias, FunctionName=function, Name=ALIAS) is None:
        return []
    # Versions first: one that is published while this runs is not listed, and so is not removed.
    published = [
        found
        for found in items(client, "list_versions_by_function", "Versions", FunctionName=function)
        if found["Version"].isdigit()
    ]
    numbers = sorted(int(found["Version"]) for found in published)
    kept = _kept(numbers, list(items(client, "list_aliases", "Aliases", FunctionName=function)))
    listed = [
        Version(region, function, number, found["LastModified"], found["CodeSize"], kept.get(number))
        for found in published
        if (number := int(found["Version"]))
    ]
    return sorted(listed, key=lambda version: version.number)


def _kept(numbers: list[int], aliases: list[Mapping[str, Any]]) -> dict[int, str]:
    """Why versions stay, by number."""
    kept: dict[int, str] = {}
    live = 0
    for alias in aliases:
        weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        for named in (alias["FunctionVersion"], *weights):
            # An alias may name $LATEST too.
            if not named.isdigit():
                continue
            kept[int(named)] = f"the alias {alias['Name']} names it"
            if before := [number for number in numbers if number < int(named)]:
                kept.setdefault(before[-1], f"the last one before {alias['Name']}'s")
            if alias["Name"] == ALIAS:
                live = max(live, int(named))
    for number in numbers:
        # Without `live`, or with it at $LATEST, that is all of them.
        if number > live:
            kept.setdefault(number, f"newer than {ALIAS}'s")
    return kept


def _delete(client: LambdaClient, version: Version) -> None:
    if version.number < 1:
        raise ValueError(f"{version.number} is no version of {version.function}")
    client.delete_function(FunctionName=version.function, Qualifier=str(version.number))


def _step(stack: Stack, region: str, function: str, number: int | None) -> Step | None:
    client = stack.aws.client("lambda", region)
    alias = or_none(client.get_alias, FunctionName=function, Name=ALIAS)
    if alias is None:
        return None
    where = f"{function} in {region}"
    if not alias["FunctionVersion"].isdigit():
        raise Failed(f"the alias of {where} names {alias['FunctionVersion']}, which has no version before it")
    now = int(alias["FunctionVersion"])
    numbers = [version.number for version in _versions_of(client, region, function)]
    then = number if number is not None else max((each for each in numbers if each < now), default=None)
    if then is None:
        raise Failed(f"{where} has no version before {now}, which its alias names: there is nothing to go back to")
    if then not in numbers:
        raise Failed(f"{where} has no version {then}: it has {', '.join(map(str, numbers))}")
    if then == now:
        raise Failed(f"the alias of {where} names version {now} already")
    here, there = (
        client.get_function(FunctionName=function, Qualifier=str(each))["Configuration"] for each in (now, then)
    )
    state = there.get("State", "Active")
    if state != "Active":
        raise Failed(
            f"version {then} of {where} is {state} ({there.get('StateReason', 'no reason given')}): invoke it once and "
            "wait until it is Active, or name another with --to"
        )
    return Step(region, function, now, then, tuple(_changes(here, there)), alias["RevisionId"])


def _changes(now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[Change]:
    yield Change("published", now["LastModified"], then["LastModified"])
    for what in _COMPARED:
        if now.get(what) != then.get(what):
            yield Change(what, _text(now.get(what)), _text(then.get(what)))
    # Their values may be secret to whoever reads a log.
    before, after = (config.get("Environment", {}).get("Variables", {}) for config in (now, then))
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            there = ("is not set" if name not in each else "is set" for each in (before, after))
            both = name in before and name in after
            yield Change(f"variable {name}", *(("one value", "another value") if both else there))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(each)}" for name, each in sorted(value.items())) or "none"
    return "none" if value is None else str(value)
