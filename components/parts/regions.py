"""The two Regions of a stack as values, so that what is built twice is written once, and components in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import pulumi
import pulumi_aws as aws

from components.names import Names, log_group
from components.parts.iam import Statement, document
from components.resource_types import arn
from components.setting_groups import Functions

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Region:
    """One AWS Region of a stack, and what every component that lives in it needs.

    Attributes:
        name: For example `us-west-2`.
        provider: Pins resources to the Region.
        names: The stack's physical names.
        functions: What all functions share.
        alarm_actions: What an alarm here notifies.
        actions_enabled: False where the settings say that alarms tell nobody.
        protection: Whether the stack refuses to delete what holds data.
        embedded: Whether this is the embedded AWS on this machine.
        at_risk: Names of the alarms, as they are made, that say that signals are lost or will be.
    """

    name: str
    provider: aws.Provider
    names: Names
    functions: Functions
    alarm_actions: Sequence[str]
    actions_enabled: bool | None
    protection: bool
    embedded: bool
    at_risk: list[pulumi.Output[str]] = field(default_factory=list)

    @property
    def account_id(self) -> str:
        return self.names.account_id

    def arn(self, type: str, **fields: str) -> str:
        """ARN of a resource in this Region whose name is known but which may not exist yet; see `resource_types`."""
        return arn(type, region=self.name, account=self.account_id, **fields)

    def options(
        self,
        parent: pulumi.Resource,
        *,
        protect: bool = False,
        depends_on: Sequence[pulumi.Resource] = (),
        ignore_changes: Sequence[str] = (),
    ) -> pulumi.ResourceOptions:
        """Options of a child of `parent` that lives in this Region.

        Args:
            parent: The component.
            protect: Whether the child holds data, which a protected stack refuses to delete.
            depends_on: What must exist first.
            ignore_changes: Properties that an operator changes, not the program.
        """
        return pulumi.ResourceOptions(
            parent=parent,
            provider=self.provider,
            protect=self.protection and protect,
            depends_on=list(depends_on),
            ignore_changes=list(ignore_changes),
        )


@dataclass(frozen=True)
class RegionPair(Generic[T]):
    """Something in the primary Region and its counterpart in the secondary."""

    primary: T
    secondary: T

    def __iter__(self) -> Iterator[T]:
        return iter((self.primary, self.secondary))

    def map(self, make: Callable[[T], U]) -> RegionPair[U]:
        """The pair of `make`'s results, primary first."""
        return RegionPair(make(self.primary), make(self.secondary))


class Component(pulumi.ComponentResource):
    """A component whose type is named after its class.

    Args:
        name: Its logical name, and the prefix of every child's.
        opts: Pulumi's options, above all the parent.

    Attributes:
        child: Options of the components that it is made of.
    """

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None):
        super().__init__(f"signals:index:{type(self).__name__}", name, None, opts)
        self.child = pulumi.ResourceOptions(parent=self)

    def role(
        self, name: str, region: Region, *, physical_name: str, service: str, statements: Sequence[Statement]
    ) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        """A role that one AWS service assumes for this account, and its only policy, `<name>-policy`.

        Args:
            name: Logical name.
            region: Its provider; its account is the only one on whose behalf the service may assume the role (confused
                deputy), where the service says for whom it acts.
            physical_name: Name in IAM, unique in the account (roles belong to no Region).
            service: For example `lambda`.
            statements: All that the role may do.
        """
        trust: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}}
        trust["Action"] = "sts:AssumeRole"
        # Only where the service's guide documents the key: a condition on one that is not sent locks the service out.
        if service == "scheduler":
            trust["Condition"] = {"StringEquals": {"aws:SourceAccount": region.account_id}}
        opts = region.options(self)
        role = aws.iam.Role(name, name=physical_name, assume_role_policy=document([trust]), opts=opts)
        policy = aws.iam.RolePolicy(
            f"{name}-policy", name="least-privilege", role=role.name, policy=document(statements), opts=opts
        )
        return role, policy


class RegionalComponent(Component):
    """A component in one Region; `here` are the options of its resources."""

    def __init__(self, name: str, region: Region, opts: pulumi.ResourceOptions | None):
        super().__init__(name, opts)
        self.region, self.here = region, region.options(self)

    def log_group(self, name: str, service: str, writer: str) -> aws.cloudwatch.LogGroup:
        """The log group of what a service calls `writer`, kept as long as all logs of the stack; `name` is logical."""
        days = self.region.functions.log_retention_days
        return aws.cloudwatch.LogGroup(name, name=log_group(service, writer), retention_in_days=days, opts=self.here)
