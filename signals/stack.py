"""A stack as the commands see it: its settings, its names and its AWS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from components.errors import SettingsError
from components.names import Names
from components.settings import PlatformSettings, load_settings
from signals.aws.account import Aws
from signals.errors import Misuse
from signals.local import process
from signals.local.embedded_aws import EmbeddedAws
from signals.stack_files import ROOT, stack_file, stack_settings

# Where files about stacks on AWS are: not in the embedded AWS's folder, which is thrown away.
FOLDERS = ROOT / "stacks"


@dataclass(frozen=True)
class Stack:
    """One stack.

    Args:
        name: The part between the dots of Pulumi.<stack>.yaml.
        settings: Its settings, validated.
        raw: The same as the engines take them.
        home: Folder of the embedded AWS that it runs on, where it runs on one; by default this machine's usual one.
    """

    name: str
    settings: PlatformSettings
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    home: Path | None = field(default=None, compare=False)

    @property
    def local(self) -> bool:
        return self.settings.aws_endpoint is not None

    @property
    def embedded(self) -> EmbeddedAws:
        """The embedded AWS that this stack runs on; whatever else listens on its ports is never asked for it.

        Raises:
            Misuse: For a stack on AWS.
        """
        if not isinstance(self.aws, EmbeddedAws):
            raise Misuse(f"stack {self.name!r} is on AWS: this works on a stack with aws_endpoint only")
        return self.aws

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
        return self.settings.names

    @cached_property
    def aws(self) -> Aws:
        """This stack's AWS: the embedded one for a stack with aws_endpoint."""
        if self.settings.aws_endpoint is None:
            return Aws(FOLDERS / self.name)
        return EmbeddedAws(self.name, self.settings.account_id, self.home or process.default_home())


def load_stack(name: str) -> Stack:
    """Read a stack; where it runs on this machine already, `aws_endpoint` is the port that it has.

    Args:
        name: As in Pulumi.<stack>.yaml.
    """
    raw = stack_settings(name)
    home = process.default_home() if raw.get("aws_endpoint") else None
    running = process.running(home) if home else None
    if running and running.identity.stack == name:
        raw["aws_endpoint"] = running.aws_url
    try:
        return Stack(name, load_settings(raw), raw, home)
    except SettingsError as error:
        raise Misuse(f"{stack_file(name).name}: {error}") from None
