"""A stack as the commands see it: its settings, and clients for its AWS, real or embedded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from threading import Lock
from typing import Any

from components.errors import SettingsError
from components.names import Names
from components.settings import PlatformSettings, load_settings
from signals.errors import Misuse
from signals.local import process
from signals.stack_files import stack_file, stack_settings

# It opens nothing but this machine's loopback; its SHA-256 stands in Pulumi.local.yaml.
LOCAL_WRITE_KEY = "local-write-key"


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

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of this stack's AWS, real or embedded."""
        return _client(service, region, self.settings.aws_endpoint, self.settings.account_id)


# Clients may be shared by threads, but creating them from one session may not (boto3 guide, "Multithreading").
_CREATING = Lock()


def _client(service: str, region: str, aws_endpoint: str | None, account_id: str) -> Any:
    with _CREATING:
        return _cached_client(service, region, aws_endpoint, account_id)


@lru_cache(maxsize=64)
def _cached_client(service: str, region: str, aws_endpoint: str | None, account_id: str) -> Any:
    # Half of what a command like `signals send` would spend on imports.
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 3})
    if aws_endpoint is None:
        return boto3.client(service, region_name=region, config=config)  # type: ignore[call-overload]
    return boto3.client(  # type: ignore[call-overload]
        service,
        region_name=region,
        endpoint_url=aws_endpoint,
        # The embedded AWS takes an access key of twelve digits as the account.
        aws_access_key_id=account_id,
        aws_secret_access_key="local",
        config=config.merge(Config(s3={"addressing_style": "path"})),
    )


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
