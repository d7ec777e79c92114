"""The request log: what engines ask, once each, and nothing of what anyone else does."""

import asyncio
import json
from pathlib import Path
from typing import Any

from signals.local.middleware import REQUEST_LOG, with_request_log

SIGNED = b"AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-west-2/%s/aws4_request, SignedHeaders=host"


async def application(_scope: Any, receive: Any, _send: Any) -> None:
    await receive()


def logged(home: Path, *requests: tuple[dict[str, bytes], dict[str, Any], bytes]) -> list[dict[str, Any]]:
    app = with_request_log(application, home)
    for headers, scope, body in requests:
        full = {"type": "http", "method": "POST", "path": "/", "query_string": b"", **scope}
        full["headers"] = [(name.encode(), value) for name, value in headers.items()]

        async def receive(body: bytes = body) -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        asyncio.run(app(full, receive, application))
    file = home / REQUEST_LOG
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def by(agent: bytes, service: bytes = b"sqs", **more: bytes) -> dict[str, bytes]:
    return {"authorization": SIGNED % service, "user-agent": agent, **more}


def test_an_engines_requests_are_noted_once_with_their_operation(tmp_path: Path) -> None:
    target = {"x-amz-target": b"AmazonSQS.CreateQueue"}
    queue = (by(b"APN/1.0 HashiCorp/1.0 Terraform/1.12", **target), {}, b"{}")
    form = {"content-type": b"application/x-www-form-urlencoded"}
    role = (by(b"pulumi-aws", b"iam", **form), {}, b"Action=CreateRole&RoleName=secret")
    found = logged(tmp_path, queue, queue, role)
    assert [(request["service"], request["operation"]) for request in found] == [
        ("sqs", "CreateQueue"),
        ("iam", "CreateRole"),
    ]
    assert "secret" not in (tmp_path / REQUEST_LOG).read_text()


def test_what_functions_and_people_ask_is_not_noted(tmp_path: Path) -> None:
    assert logged(tmp_path, (by(b"Boto3/1.43"), {}, b""), ({"user-agent": b"terraform"}, {}, b"")) == []
