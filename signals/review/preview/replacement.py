"""Whether a change of a property replaces its resource: published knowledge, each answer with its source.

Two sources. `provider.json` is what the AWS provider itself plans (see `signals.tools.provider_replacements`): that is
what the engine will do. The create-only properties of AWS's own schemas (see
`signals.review.permissions.cloudformation`) say what AWS cannot change.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from components import resource_types as types
from components.resource_types import KNOWN
from signals.errors import TerraformError
from signals.review.permissions import cloudformation
from signals.terraform.names import names_of, resource_names, terraform_type
from signals.terraform.schema import Block, member_type, resource_block

_PLANNED: dict[str, Any] = json.loads(Path(__file__).with_name("provider.json").read_text("utf-8"))
Kind = Literal["replace", "update", "unknown"]

HOLDS_DATA = {token: type_.holds for token, type_ in KNOWN.items() if type_.holds}

# Where AWS's name is not Pulumi's, nor Pulumi's with the type's in front (`name`: `QueueName`) or with `Name` behind.
_RENAMED = {
    (types.ARCHIVE, "eventSourceArn"): "SourceArn",
    (types.OIDC_PROVIDER, "url"): "Url",
    (types.ROLE_POLICY, "name"): "PolicyName",
    (types.ROLE_POLICY, "policy"): "PolicyDocument",
    (types.NAMED_QUERY, "query"): "QueryString",
    (types.CATALOG_TABLE, "name"): "TableInput/Name",
    (types.RECORD, "zoneId"): "HostedZoneId",
    (types.TOPIC_SUBSCRIPTION, "topic"): "TopicArn",
}


@dataclass(frozen=True)
class Verdict:
    """What a change of a property does to its resource, and the source."""

    kind: Kind
    source: str


def verdict(pulumi_type: str, path: tuple[str | int, ...]) -> Verdict:
    """What a change does to a resource.

    Args:
        pulumi_type: Type token.
        path: The property, and the way down into it.
    """
    planned, provider = _planned(pulumi_type, path), f"hashicorp/aws {_PLANNED['hashicorp/aws']}"
    if _create_only(pulumi_type, path):
        if planned == "update":
            return Verdict("replace", f"{cloudformation.SOURCE}; {provider} plans an update in place")
        return Verdict("replace", " and ".join([provider, cloudformation.SOURCE][planned == "unknown" :]))
    return Verdict(planned, provider if planned != "unknown" else "not documented")


def _planned(pulumi_type: str, path: tuple[str | int, ...]) -> Kind:
    try:
        resource = terraform_type(pulumi_type)
        names = resource_names(pulumi_type)
    except TerraformError:
        return "unknown"
    block, found = resource_block(resource), list[str]()
    for step in path:
        if isinstance(step, int):
            continue
        if step not in names:
            break
        found.append(names[step])
        inner = member_type(block, names[step])
        while isinstance(inner, list) and inner[0] in ("list", "set"):
            inner = inner[1]
        if not (isinstance(inner, list) and isinstance(inner[1], Block)):
            break
        block, names = inner[1], names_of(inner[1])
    answer: Kind = _PLANNED["resources"].get(resource, {}).get(".".join(found), "unknown")
    return answer


def _create_only(pulumi_type: str, path: tuple[str | int, ...]) -> bool:
    published = cloudformation.create_only(pulumi_type)
    name = str(path[0])
    resource = cloudformation.namespaced(pulumi_type).rpartition(":")[2]
    renamed = _RENAMED.get((pulumi_type, name))
    if pulumi_type.startswith("aws:s3/") and name != "bucket":
        # Pulumi makes a resource of what AWS holds as a property of the bucket.
        return False
    if renamed:
        return renamed in published
    spelled = {text.lower() for text in (name, f"{name}Name", f"{resource}{name}")}
    # Properties of one structure that Pulumi lifts to the top: HealthCheckConfig/Type.
    return any(p.rpartition("/")[2].lower() in spelled for p in published if p.count("/") <= 1)
