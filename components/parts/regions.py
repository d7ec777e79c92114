"""The pair of Regions as a value, so that what is built twice is written once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import pulumi
import pulumi_aws as aws

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Region:
    """One AWS Region and the provider that pins resources to it."""

    name: str
    provider: aws.Provider

    def options(self, parent: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a child of `parent` that lives in this Region."""
        return pulumi.ResourceOptions(parent=parent, provider=self.provider)

    def data_options(self, parent: pulumi.Resource, protect: bool) -> pulumi.ResourceOptions:
        """The same for a child that holds data, which a protected stack refuses to delete."""
        return pulumi.ResourceOptions(parent=parent, provider=self.provider, protect=protect)


@dataclass(frozen=True)
class RegionPair(Generic[T]):
    """A thing in the primary Region and its like in the secondary."""

    primary: T
    secondary: T

    def __iter__(self) -> Iterator[T]:
        return iter((self.primary, self.secondary))

    def map(self, make: Callable[[T], U]) -> RegionPair[U]:
        """The pair of what `make` makes of each side, primary first."""
        return RegionPair(make(self.primary), make(self.secondary))
