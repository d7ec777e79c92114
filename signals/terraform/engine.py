"""The terraform CLI: found, run, and its events handed on while it works."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from signals.errors import TerraformError
from signals.terraform.versions import Versions, version_of

Event = dict[str, Any]
Command = Literal["plan", "apply", "destroy"]

MAIN = "main.tf.json"
MIRROR_SETTING = "SIGNALS_TERRAFORM_MIRROR"
_PROVIDER = Path("registry.terraform.io/hashicorp/aws")


def find_terraform() -> Path:
    """The terraform on PATH.

    Raises:
        TerraformError: With what to install.
    """
    found = shutil.which("terraform")
    if found is None:
        raise TerraformError(
            "terraform was not found on PATH: install it (https://developer.hashicorp.com/terraform/install), "
            "or the Pulumi CLI (https://www.pulumi.com/docs/install/), and try again"
        )
    return Path(found)


def find_mirror(versions: Versions = Versions()) -> Path | None:  # noqa: B008 - a frozen value
    """A folder on this machine that holds the AWS provider in one of these versions.

    None leaves it to terraform, which has folders of its own (Terraform docs, "Implied Local Mirror Directories"), and
    the registry.

    Raises:
        TerraformError: If SIGNALS_TERRAFORM_MIRROR names a folder without one.
    """
    setting = os.environ.get(MIRROR_SETTING)
    if setting:
        if not _holds_provider(Path(setting), versions):
            raise TerraformError(
                f"{MIRROR_SETTING} is {setting}, which holds no {_PROVIDER} {versions} for {_this_platform()}: "
                "correct it, or unset it to use the registry"
            )
        return Path(setting)
    cache = os.environ.get("TF_PLUGIN_CACHE_DIR")
    optional = sorted(path.parents[len(_PROVIDER.parts) - 1] for path in Path("/opt").glob(f"*/{_PROVIDER}"))
    places = [*([Path(cache).expanduser()] if cache else []), *optional]
    return next((place for place in places if _holds_provider(place, versions)), None)


def _this_platform() -> str:
    machine = platform.machine().lower()
    return f"{sys.platform}_{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def _holds_provider(place: Path, versions: Versions) -> bool:
    unpacked = [path.parent.name for path in place.glob(f"{_PROVIDER}/*/{_this_platform()}")]
    packed = [path.name.split("_")[1] for path in place.glob(f"{_PROVIDER}/*_{_this_platform()}.zip")]
    return any(version_of(text) in versions for text in unpacked + packed)


class Terraform:
    """terraform in one folder.

    Args:
        directory: Holds `main.tf.json`; state and providers come to lie here.
        on_event: Called with each event of `terraform -json` as it happens ("planned_change", "apply_start",
            "apply_progress", "apply_complete", "diagnostic", ...), so that a display can follow.
        environment: Added to this process's environment, for example credentials.
    """

    def __init__(
        self,
        directory: Path,
        on_event: Callable[[Event], None] | None = None,
        *,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.on_event = on_event or (lambda _event: None)
        self.environment = dict(environment or {})
        self.binary = find_terraform()

    def init(self) -> None:
        """Fetch the provider: from a mirror on this machine where there is one, else from the registry."""
        main = self.directory / MAIN
        mirror = find_mirror(Versions.written(json.loads(main.read_text("utf-8")) if main.is_file() else {}))
        self.text("init", "-input=false", *([f"-plugin-dir={mirror}"] if mirror else []))

    def provider_schema(self) -> dict[str, Any]:
        """The AWS provider's schema, as `terraform providers schema -json` says it."""
        schemas = json.loads(self.text("providers", "schema", "-json"))["provider_schemas"]
        return {**next(schema for name, schema in schemas.items() if name.endswith("hashicorp/aws"))}

    def run(self, command: Command) -> None:
        """Run a command and hand on each of its events.

        Raises:
            TerraformError: It failed; with its errors.
        """
        errors: list[str] = []
        noise: list[str] = []
        with subprocess.Popen(
            [self.binary, command, "-json", "-input=false", "-lock=false" if command == "plan" else "-auto-approve"],
            cwd=self.directory,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A terminal's interrupt is for us to hand on: to terraform a second one means to drop everything.
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    try:
                        event = json.loads(line)
                    except json.JSONDecodeError:
                        noise.append(line)
                        continue
                    if event.get("type") == "diagnostic" and event["diagnostic"]["severity"] == "error":
                        errors.append(_diagnostic(event["diagnostic"]))
                    self.on_event(event)
            except BaseException:
                # Told once to end, terraform stops after what it is doing and writes its state; it must be heard out,
                # because a closed pipe would kill it before.
                process.terminate()
                for _ in process.stdout:
                    pass
                raise
        if process.returncode != 0:
            raise TerraformError(f"terraform {command}: " + ("\n".join(errors) or "".join(noise[-20:]).strip()))

    def text(self, command: str, *arguments: str) -> str:
        """Run a command and return what it prints.

        Raises:
            TerraformError: It failed.
        """
        result = self.call(command, *arguments)
        if result.returncode != 0:
            raise TerraformError(f"terraform {command} failed:\n{(result.stderr or result.stdout).strip()}")
        return result.stdout

    def call(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command, whatever becomes of it."""
        return subprocess.run(
            [self.binary, command, *arguments],
            cwd=self.directory,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        environment = {
            **os.environ,
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "TF_CLI_ARGS": "-no-color",
            **self.environment,
        }
        config = environment.get("TF_CLI_CONFIG_FILE")
        if config and not Path(config).is_file():
            # terraform would warn of it with each answer.
            del environment["TF_CLI_CONFIG_FILE"]
        return environment


def _diagnostic(diagnostic: Mapping[str, Any]) -> str:
    where = diagnostic.get("address") or (diagnostic.get("snippet") or {}).get("context")
    parts = [f"{where}:" if where else "", diagnostic["summary"], diagnostic.get("detail", "")]
    return " ".join(part.strip() for part in parts if part)
