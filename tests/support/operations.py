"""Requests as the IAM actions that they need: operations by botocore's models, actions by the few names that differ."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import botocore.session

# Signing names, as botocore names the service.
_MODELS = {"apigateway": "apigatewayv2", "monitoring": "cloudwatch"}
_SERVICES = {"monitoring": "cloudwatch"}

# Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3": operations whose action has
# another name.
_S3 = {
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}


def actions(requests: Iterable[Mapping[str, Any]]) -> set[str]:
    """The action of each request, such as `sqs:CreateQueue`."""
    return {_action(request) for request in requests}


def _action(request: Mapping[str, Any]) -> str:
    service = request["service"]
    if service == "apigateway":
        # Service Authorization Reference, "API Gateway Management V2": the actions are the methods.
        return f"apigateway:{request['method']}"
    operation = request["operation"] or _operation(service, request)
    return f"{_SERVICES.get(service, service)}:{_S3.get(operation, operation) if service == 's3' else operation}"


def _operation(service: str, request: Mapping[str, Any]) -> str:
    """The operation whose method, path and fixed query fit best."""
    fitting = [
        (len(fixed & set(request["query"])), -uri.count("{"), len(uri), name)
        for name, method, uri, expression, fixed in _operations(service)
        if method == request["method"] and expression.fullmatch(request["path"]) and fixed <= set(request["query"])
    ]
    assert fitting, f"no operation of {service} is {request}"
    return max(fitting)[-1]


@cache
def _operations(service: str) -> list[tuple[str, str, str, re.Pattern[str], set[str]]]:
    model = botocore.session.get_session().get_service_model(_MODELS.get(service, service))
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        path = path if service != "s3" or path.startswith("/{Bucket}") else f"/{{Bucket}}{path}"
        expression = "".join(
            part if index % 2 == 0 else (".+" if part.endswith("+") else "[^/]+")
            for index, part in enumerate(re.split(r"\{([^}]+)\}", re.sub(r"([.$])", r"\\\1", path)))
        )
        fixed = {part.partition("=")[0] for part in query.split("&") if part}
        found.append((name, http["method"], path, re.compile(expression.rstrip("/") + "/?"), fixed))
    return found
