"""A recording as a Terraform configuration: one JSON document and the files it names.

Every resource names its provider; there is one aliased provider a Region and no unnamed one. The same recording gives
the same bytes.
"""

import base64
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from components.resource_types import PROVIDER
from signals.errors import TerraformError
from signals.recording.resources import Recording, Resource
from signals.recording.values import Asset, Secret, leaves, plain
from signals.terraform.engine import MAIN
from signals.terraform.expressions import Expressions, escape, path
from signals.terraform.names import names_of, resource_names, terraform_type
from signals.terraform.schema import provider_block, resource_block
from signals.terraform.values import SecretValue, Values
from signals.terraform.versions import Versions

_GENERATOR = "signals terraform"
# What Terraform does anyway, or does not need to be told.
_SILENT = {"parent", "provider", "additionalSecretOutputs"}
_CARRIED = {"aliases", "protect", "ignoreChanges", "replaceOnChanges", "deleteBeforeReplace", "customTimeouts"}


@dataclass(frozen=True)
class Backend:
    """An S3 bucket that holds the state, locked by an object beside it."""

    bucket: str
    key: str
    region: str

    def to_json(self) -> dict[str, Any]:
        settings = {"bucket": self.bucket, "key": self.key, "region": self.region}
        return {"s3": settings | {"encrypt": True, "use_lockfile": True}}


@dataclass(frozen=True)
class Configuration:
    """A stack's configuration.

    Args:
        document: main.tf.json.
        files: What lies beside it: path in the configuration, path on this machine.
        secrets: The values of its sensitive variables, which are in no file.
    """

    document: Mapping[str, Any]
    files: Mapping[str, Path]
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The secrets as terraform takes them from its environment (Terraform docs, "TF_VAR_name")."""
        return {
            f"TF_VAR_{name}": value if isinstance(value, str) else escape(json.dumps(value, ensure_ascii=False))
            for name, value in self.secrets.items()
        }

    def text(self) -> str:
        return json.dumps(self.document, indent=2, ensure_ascii=False) + "\n"


def emit(recording: Recording, backend: Backend | None = None) -> Configuration:
    """The Terraform configuration of a recorded stack.

    Raises:
        TerraformError: For whatever has no counterpart in Terraform, with its resource and property.
    """
    return _Emitter(recording).configuration(backend)


def write(recording: Recording, out: Path, backend: Backend | None = None) -> list[Path]:
    """Write a stack's Terraform configuration into a folder, in place of what an earlier call wrote there.

    Args:
        recording: The stack.
        out: The folder; it may hold more, which is left alone.
        backend: Where Terraform keeps its state; none: in the folder.

    Returns:
        The files of the configuration, main.tf.json first.

    Raises:
        TerraformError: If the stack has no counterpart, or the folder has a main.tf.json of another origin.
    """
    configuration = emit(recording, backend)
    main = out / MAIN
    stale = set(_owned(main)) - configuration.files.keys()
    for place, source in configuration.files.items():
        (out / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, out / place)
    for place in sorted(stale):
        (out / place).unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    main.write_text(configuration.text(), "utf-8")
    return [main, *(out / place for place in configuration.files)]


def _owned(main: Path) -> list[str]:
    """The files that an earlier call put beside main.tf.json."""
    if not main.exists():
        return []
    try:
        mark: Any = json.loads(main.read_text("utf-8"))["//"]
        if mark["generator"] == _GENERATOR:
            return [
                place for place in mark["files"] if place.startswith(("functions/", "files/")) and ".." not in place
            ]
    except (ValueError, KeyError, TypeError):
        pass
    raise TerraformError(f"{main} was not written by `{_GENERATOR}`: choose another folder, or remove it")


class _Emitter:
    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.files: dict[str, Path] = {}
        self.secrets: dict[str, Any] = {}
        self.variables: dict[str, dict[str, Any]] = {}
        self.resources = _addressed(recording)
        self.expressions = Expressions(self.resources)
        self.aliases = _aliases(recording)

    def configuration(self, backend: Backend | None) -> Configuration:
        groups: dict[str, dict[str, dict[str, Any]]] = {}
        triggers: dict[str, Any] = {}
        for address, resource in sorted(self.resources.items(), key=lambda item: (item[1].component or "", item[0])):
            type_, label = address.split(".")
            with _about(f"{resource.type} {resource.name!r}"):
                body = self._resource(address, resource, triggers)
            groups.setdefault(resource.component or "", {}).setdefault(type_, {})[label] = body
        if triggers:
            groups["terraform_data"] = {"terraform_data": triggers}
        versions = Versions.of(
            (type_, body) for group in groups.values() for type_, several in group.items() for body in several.values()
        )
        document = {
            "//": {
                "generator": _GENERATOR,
                "stack": self.recording.stack,
                "note": "Change the Pulumi program, not this file.",
                "files": sorted(self.files),
            },
            "terraform": {
                "required_version": ">= 1.10",
                "required_providers": {"aws": {"source": "hashicorp/aws", "version": str(versions)}},
                **({"backend": backend.to_json()} if backend else {}),
            },
            "provider": {"aws": [self._provider(urn) for urn in self.aliases]},
            "resource": list(groups.values()),
            "moved": [
                move for address, resource in sorted(self.resources.items()) for move in _moves(address, resource)
            ],
            "output": {name: self._output(name, value) for name, value in sorted(self.recording.outputs.items())},
            "variable": self.variables,
        }
        return Configuration(
            {key: value for key, value in document.items() if value}, dict(sorted(self.files.items())), self.secrets
        )

    def _provider(self, urn: str) -> dict[str, Any]:
        provider = next(r for r in self.recording.all if r.urn == urn)
        values = self._values(f"provider {provider.name!r}", lambda asset: self._place(provider, asset))
        inputs = plain(provider.inputs) if _is_embedded(provider) else provider.inputs
        with _about(f"provider {provider.name!r}"):
            body = values.body(inputs, provider_block(), names_of(provider_block()))
            for tag, value in (provider.inputs.get("defaultTags") or {}).get("tags", {}).items():
                if value == "":
                    # hashicorp/terraform-provider-aws#42247: it plans to remove resources' own tags.
                    raise TerraformError(f"tag {tag!r} is empty, which the AWS provider cannot do: give it a value")
        return {"alias": self.aliases[urn], **body}

    def _resource(self, address: str, resource: Resource, triggers: dict[str, Any]) -> dict[str, Any]:
        provider = resource.options.get("provider")
        if provider is None:
            raise TerraformError("it has no provider of its own: give it, or its component, one that names a Region")
        block = resource_block(address.split(".", maxsplit=1)[0])
        values = self._values(address, lambda asset: self._place(resource, asset))
        body = values.body(resource.inputs, block, resource_names(resource.type))
        for given in resource.inputs.values():
            if isinstance(given, Asset) and "source_code_hash" in block.attributes and "source_code_hash" not in body:
                body["source_code_hash"] = base64.b64encode(bytes.fromhex(given.sha256)).decode()
        body = dict(sorted(body.items()))
        depends_on = self._depends_on(resource)
        lifecycle = self._lifecycle(address, resource, body, triggers)
        timeouts = dict(resource.options.get("customTimeouts", {}))
        if timeouts and not timeouts.keys() <= block.blocks.get("timeouts", block).attributes.keys():
            raise TerraformError(f"its timeouts ({', '.join(timeouts)}) cannot be set in Terraform")
        return {
            "//": resource.urn,
            "provider": f"aws.{self.aliases[provider]}",
            **body,
            **({"timeouts": timeouts} if timeouts else {}),
            **({"depends_on": depends_on} if depends_on else {}),
            **({"lifecycle": lifecycle} if lifecycle else {}),
        }

    def _depends_on(self, resource: Resource) -> list[str]:
        """What must exist first and is not plain from a reference."""
        by_urn = {r.urn: address for address, r in self.resources.items()}
        referenced = {self.expressions.addresses.get((r.type, r.name)) for r in resource.references()}
        wanted = {by_urn.get(urn) for urn in (*resource.dependencies.explicit, *resource.dependencies.implied)}
        return sorted(address for address in wanted - referenced if address)

    def _lifecycle(
        self, address: str, resource: Resource, body: Mapping[str, Any], triggers: dict[str, Any]
    ) -> dict[str, Any]:
        options = resource.options
        unknown = options.keys() - _SILENT - _CARRIED
        if unknown:
            raise TerraformError(f"its option {', '.join(sorted(unknown))} has no counterpart in Terraform")
        lifecycle: dict[str, Any] = {}
        if options.get("deleteBeforeReplace") is False:
            lifecycle["create_before_destroy"] = True
        if options.get("protect"):
            lifecycle["prevent_destroy"] = True
        if ignored := options.get("ignoreChanges"):
            paths = sorted(path(resource.type, each) for each in ignored if each != "*")
            lifecycle["ignore_changes"] = "all" if "*" in ignored else paths
        if replacing := options.get("replaceOnChanges"):
            # A resource cannot name itself as what triggers its replacement: a copy of the property stands in.
            label = address.replace(".", "_")
            names = {each: resource_names(resource.type).get(each) for each in replacing}
            if None in names.values():
                raise TerraformError(f"its option replaceOnChanges names {', '.join(replacing)}: name whole properties")
            triggers[label] = {"input": {name: body.get(name) for name in sorted(filter(None, names.values()))}}
            lifecycle["replace_triggered_by"] = [f"terraform_data.{label}"]
        return lifecycle

    def _output(self, name: str, value: Any) -> dict[str, Any]:
        if not re.fullmatch(r"[A-Za-z_][\w-]*", name):
            raise TerraformError(f"output {name!r} cannot be named so in Terraform: use letters, digits, '_' and '-'")
        values = self._values(f"output {name}", _no_files)
        secret = any(isinstance(leaf, Secret) for _, leaf in leaves(value))
        with _about(f"output {name!r}"):
            return {"value": values.plain(value), **({"sensitive": True} if secret else {})}

    def _values(self, whose: str, place: Callable[[Asset], str]) -> Values:
        return Values(self.expressions, place, lambda secret: self._hide(whose, secret))

    def _hide(self, whose: str, secret: SecretValue) -> str:
        """Make a secret a sensitive variable; returns the expression that reads it."""
        where = f" {secret.where.removeprefix('.')}" if secret.where else ""
        name = re.sub(r"\W+", "_", f"{whose}{where}", flags=re.ASCII).strip("_")
        if name in self.variables:
            raise TerraformError(f"property{where} is a secret, and another one would be variable {name} too")
        self.variables[name] = {
            "description": f"The secret in {whose}{where}.",
            "type": secret.type,
            "sensitive": True,
        }
        self.secrets[name] = secret.value
        return f"${{var.{name}}}"

    def _place(self, resource: Resource, asset: Asset) -> str:
        place = (
            f"functions/{resource.name}.zip" if asset.kind == "archive" else f"files/{resource.name}-{asset.path.name}"
        )
        self.files[place] = asset.path
        return f"${{path.module}}/{place}"


@contextmanager
def _about(what: str) -> Iterator[None]:
    """Say of an error inside what it is about."""
    try:
        yield
    except TerraformError as error:
        raise TerraformError(f"{what}: {error}") from None


def _is_embedded(provider: Resource) -> bool:
    """Whether a provider speaks to an emulator on this machine alone, to which keys are text without a meaning."""
    urls = [url for _, url in leaves(provider.inputs.get("endpoints", []))]
    return bool(urls) and all(urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1") for url in urls)


def _no_files(asset: Asset) -> str:
    raise TerraformError(f"an output cannot carry the file {asset.path.name}")


def _addressed(recording: Recording) -> dict[str, Resource]:
    """The stack's AWS resources by their address in Terraform."""
    resources: dict[str, Resource] = {}
    for resource in recording.all:
        if not resource.custom or resource.is_provider:
            continue
        with _about(f"{resource.type} {resource.name!r}"):
            address = f"{terraform_type(resource.type)}.{_label(resource.name)}"
        if address in resources:
            raise TerraformError(
                f"{resources[address].name!r} and {resource.name!r} would both be {address}: rename one of them"
            )
        resources[address] = resource
    return resources


def _moves(address: str, resource: Resource) -> list[dict[str, str]]:
    """For each name that a resource had before, where Terraform's state may still have it."""
    aliases = resource.options.get("aliases", [])
    names = {alias.get("spec", {}).get("name") or alias.get("urn", "").rpartition("::")[2] for alias in aliases}
    before = sorted(f"{address.split('.', maxsplit=1)[0]}.{_label(name)}" for name in names if name)
    return [{"from": old, "to": address} for old in before if old != address]


def _label(name: str) -> str:
    label = re.sub(r"\W", "_", name, flags=re.ASCII)
    return label if not label[0].isdigit() else f"_{label}"


def _aliases(recording: Recording) -> dict[str, str]:
    """The alias of each provider, by its URN, in order of the aliases."""
    aliases: dict[str, str] = {}
    for provider in recording.resources(PROVIDER):
        region = provider.inputs.get("region")
        if not region:
            raise TerraformError(f"provider {provider.name!r} names no Region")
        alias = region.replace("-", "_")
        if alias in aliases.values():
            raise TerraformError(f"provider {provider.name!r}: there is another for {region}; one a Region is enough")
        aliases[provider.urn] = alias
    return dict(sorted(aliases.items(), key=lambda item: item[1]))
