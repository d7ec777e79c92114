"""The two Regions of a stack as values, so that what is built twice is written once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import pulumi
import pulumi_aws as aws

from components.names import Names
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
        protection: Whether the stack refuses to delete what holds data.
        embedded: Whether this is the embedded AWS on this machine.
    """

    name: str
    provider: aws.Provider
    names: Names
    functions: Functions
    alarm_actions: Sequence[str]
    protection: bool
    embedded: bool

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
