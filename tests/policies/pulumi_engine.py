"""What the Pulumi engine sends a policy pack for a recorded stack, in the real messages."""

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi_policy import PolicyCustomTimeouts, PolicyProviderResource, PolicyResource, StackValidationArgs
from pulumi_policy.deserialize import SPECIAL_ARCHIVE_SIG, SPECIAL_SIG_KEY, deserialize_properties
from pulumi_policy.policy import PolicyResourceOptions
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from components.resource_types import PROVIDER
from policies.view import recorded
from signals.recording.resolve import Resolver
from signals.recording.resources import Recording
from signals.recording.values import Asset, find_references, with_leaves


def stack_request(recording: Recording, *, deployed: bool) -> proto.AnalyzeStackRequest:
    """A stack that is there, whose references are known values, or the first preview of one that is not."""
    urns = {(resource.type, resource.name): resource.urn for resource in recording.all}
    resolver = Resolver(recording.all)
    request = proto.AnalyzeStackRequest()
    for view in recorded(recording).resources:
        outputs = resolver.outputs(recording.resource(view.type, view.name))
        properties = dict(view.inputs)
        if deployed:
            properties = {**outputs, **resolver.resolve(properties)}
        else:
            properties = {**dict.fromkeys(outputs, UNKNOWN_STRING_VALUE), **_without_references(properties)}
        account = json.dumps([view.account])
        request.resources.append(
            proto.AnalyzerResource(
                type=view.type,
                urn=view.urn,
                name=view.name,
                properties=_struct(properties),
                options=proto.AnalyzerResourceOptions(
                    protect=bool(recording.resource(view.type, view.name).options.get("protect"))
                ),
                provider=proto.AnalyzerProviderResource(
                    type=PROVIDER,
                    name=f"aws-{view.region}",
                    properties=_struct({"region": view.region, "allowedAccountIds": account}),
                ),
                propertyDependencies={
                    key: proto.AnalyzerPropertyDependencies(
                        urns=sorted({urns[r.type, r.name] for r in find_references(value) if (r.type, r.name) in urns})
                    )
                    for key, value in view.inputs.items()
                },
            )
        )
    return request


def stack_args(recording: Recording) -> StackValidationArgs:
    """A stack that is there as the SDK hands it to a policy."""
    return StackValidationArgs(
        [
            PolicyResource(
                r.type,
                unknown_checking_proxy(deserialize_properties(MessageToDict(r.properties))),
                r.urn,
                r.name,
                PolicyResourceOptions(r.options.protect, [], None, [], PolicyCustomTimeouts(0, 0, 0), []),
                PolicyProviderResource(
                    r.provider.type, deserialize_properties(MessageToDict(r.provider.properties)), "", r.provider.name
                ),
                None,
                [],
                {},
            )
            for r in stack_request(recording, deployed=True).resources
        ]
    )


def _without_references(value: Any) -> Any:
    return with_leaves(value, lambda leaf: UNKNOWN_STRING_VALUE if [*find_references(leaf)] else leaf)


def _struct(properties: Mapping[str, Any]) -> Struct:
    struct = Struct()
    struct.update(with_leaves(properties, _wire))
    return struct


def _wire(leaf: Any) -> Any:
    return {SPECIAL_SIG_KEY: SPECIAL_ARCHIVE_SIG, "path": str(leaf.path)} if isinstance(leaf, Asset) else leaf
