"""HTTP APIs before a function (API Gateway Developer Guide, "Lambda proxy integrations for HTTP APIs")."""

import base64
from dataclasses import dataclass

import httpx
import pytest

from tests.support.embedded import ACCOUNT, WEST, Aws

ECHO = """
import base64, json, os
def handler(event, context):
    if event["rawPath"] == "/fail":
        raise RuntimeError("a secret of the function's")
    if event["rawPath"] == "/bytes":
        return {"statusCode": 200, "body": base64.b64encode(b"\\x00\\xff").decode(), "isBase64Encoded": True,
                "headers": {"content-type": "application/octet-stream"}}
    headers = {"X-Region": os.environ["AWS_REGION"], "retry-after": "1"}
    status = 200 if event["rawPath"] == "/health" else 202
    return {"statusCode": status, "headers": headers, "body": json.dumps(event)}
"""


@dataclass
class Api:
    """An HTTP API whose every route is one function."""

    url: str
    host: str

    def request(self, method: str, path: str, **request: object) -> httpx.Response:
        headers = {"Host": self.host, **request.pop("headers", {})}  # type: ignore[dict-item]
        return httpx.request(method, f"{self.url}{path}", headers=headers, timeout=30, **request)  # type: ignore[arg-type]


def make(aws: Aws, name: str, region: str = WEST) -> Api:
    client, alias = aws("apigatewayv2", region), aws.function(name, ECHO, region, Timeout=20)
    api = client.create_api(Name=name, ProtocolType="HTTP")
    integration = client.create_integration(
        ApiId=api["ApiId"],
        IntegrationType="AWS_PROXY",
        IntegrationUri=f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{alias}/invocations",
        PayloadFormatVersion="2.0",
    )
    for route in ("POST /v1/signals", "GET /health", "GET /fail", "GET /bytes"):
        target = f"integrations/{integration['IntegrationId']}"
        client.create_route(ApiId=api["ApiId"], RouteKey=route, Target=target)
    aws("lambda", region).add_permission(
        FunctionName=name,
        Qualifier="live",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{region}:{ACCOUNT}:{api['ApiId']}/*/*",
    )
    client.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
    return Api(aws.url, f"{api['ApiId']}.execute-api.{region}.amazonaws.com")


@pytest.fixture(scope="module")
def api(aws: Aws, request: pytest.FixtureRequest) -> Api:
    # One for each module that uses this: they share the embedded AWS.
    return make(aws, request.module.__name__.rpartition(".")[2].replace("_", "-"))


def test_the_function_gets_the_request_in_payload_format_2(api: Api) -> None:
    headers = {"Content-Type": "application/json", "Authorization": "Bearer key", "User-Agent": "me"}
    answer = api.request("POST", "/v1/signals?a=1&a=2", headers=headers, content=b'{"x":1}')
    event = answer.json()
    assert answer.status_code == 202 and answer.headers["x-region"] == WEST and answer.headers["retry-after"] == "1"
    assert event["version"] == "2.0" and event["routeKey"] == "POST /v1/signals"
    assert event["headers"]["authorization"] == "Bearer key"
    assert event["queryStringParameters"] == {"a": "1,2"}
    assert event["body"] == '{"x":1}' and event["isBase64Encoded"] is False
    assert event["requestContext"]["http"]["userAgent"] == "me"
    assert event["requestContext"]["stage"] == "$default"


def test_what_is_no_text_comes_as_base64(api: Api) -> None:
    event = api.request("POST", "/v1/signals", headers={"Content-Type": "image/png"}, content=b"\x00\xff").json()
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"\x00\xff"


def test_the_source_is_the_last_address_that_forwarded(api: Api) -> None:
    event = api.request("GET", "/health", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}).json()
    assert event["requestContext"]["http"]["sourceIp"] == "203.0.113.9"
    direct = api.request("GET", "/health").json()
    assert direct["requestContext"]["http"]["sourceIp"] == "127.0.0.1"


def test_what_is_empty_is_left_out_and_cookies_stand_apart(api: Api) -> None:
    event = api.request("GET", "/health", headers={"Cookie": "a=b; c=d"}).json()
    assert not {"body", "pathParameters", "queryStringParameters"} & event.keys()
    assert event["cookies"] == ["a=b", "c=d"]
    assert "cookie" not in event["headers"]


def test_a_function_may_answer_with_bytes(api: Api) -> None:
    answer = api.request("GET", "/bytes")
    assert answer.content == b"\x00\xff"
    assert answer.headers["content-type"] == "application/octet-stream"


def test_a_function_error_says_nothing_to_the_client(api: Api) -> None:
    answer = api.request("GET", "/fail")
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_an_unknown_route_is_not_found(api: Api) -> None:
    assert api.request("GET", "/nothing").json() == {"message": "Not Found"}
