"""A stack as the commands see it: its settings, its names and its AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from components.errors import SettingsError
from components.names import Names
from components.settings import PlatformSettings, load_settings
from signals.aws.interface import Aws
from signals.aws.real import RealAws
from signals.errors import Misuse
from signals.local import process
from signals.local.embedded_aws import LOCAL_WRITE_KEY, EmbeddedAws
from signals.stack_files import ROOT, stack_file, stack_settings

__all__ = ["LOCAL_WRITE_KEY", "Stack", "load_stack"]

# Where files about stacks on AWS are: not in the embedded AWS's folder, which is thrown away.
FOLDERS = ROOT / "stacks"


@dataclass(frozen=True)
class Stack:
    """One stack.

    Args:
        name: The part between the dots of Pulumi.<stack>.yaml.
        settings: Its settings, validated.
        raw: The same as the engines take them.
    """

    name: str
    settings: PlatformSettings
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def local(self) -> bool:
        return self.settings.aws_endpoint is not None

    @property
    def aws_endpoint(self) -> str:
        """URL of the embedded AWS; only a local stack has one."""
        if self.settings.aws_endpoint is None:
            raise Misuse(f"stack {self.name!r} is on AWS: this works on a stack with aws_endpoint only")
        return self.settings.aws_endpoint

    @property
    def primary(self) -> str:
        return self.settings.regions.primary

    @property
    def secondary(self) -> str:
        return self.settings.regions.secondary

    @property
    def regions(self) -> tuple[str, str]:
        return (self.primary, self.secondary)

    @cached_property
    def names(self) -> Names:
        return Names(self.settings)

    @cached_property
    def aws(self) -> Aws:
        """This stack's AWS: the embedded one for a stack with aws_endpoint."""
        if self.settings.aws_endpoint is None:
            return RealAws(FOLDERS / self.name)
        return EmbeddedAws(self.settings.aws_endpoint, self.settings.account_id, process.default_home())

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of this stack's AWS."""
        return self.aws.client(service, region)


def load_stack(name: str, *, aws_port: int | None = None) -> Stack:
    """Read a stack.

    Args:
        name: As in Pulumi.<stack>.yaml.
        aws_port: Port of the embedded AWS; without it, that of the one that runs, else that in the settings.
    """
    raw = stack_settings(name)
    if raw.get("aws_endpoint"):
        up = process.running(process.default_home())
        if aws_port is not None:
            raw["aws_endpoint"] = f"http://{process.LOOPBACK}:{aws_port}"
        elif up:
            raw["aws_endpoint"] = up.aws_url
    try:
        return Stack(name, load_settings(raw), raw)
    except SettingsError as error:
        raise Misuse(f"{stack_file(name).name}: {error}") from None
