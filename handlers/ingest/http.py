"""HTTP as API Gateway's HTTP API hands it over (payload format 2.0).

Source: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs".
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

MAX_BODY_BYTES = 1_048_576
ONE, BATCH, JSON = "application/cloudevents+json", "application/cloudevents-batch+json", "application/json"


class HttpRequest(NamedTuple):
    """A request; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str
    is_base64: bool
    address: str

    @classmethod
    def from_api_gateway(cls, event: Mapping[str, Any]) -> HttpRequest:
        http = event["requestContext"]["http"]
        return cls(
            method=http["method"],
            path=event.get("rawPath") or http["path"],
            headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
            body=event.get("body") or "",
            is_base64=bool(event.get("isBase64Encoded")),
            address=http.get("sourceIp") or "",
        )

    def write_key(self) -> bytes | None:
        """The write key in the Authorization header: its bearer token, or the user without a password."""
        scheme, _, credentials = self.headers.get("authorization", "").strip().partition(" ")
        credentials = credentials.strip()
        try:
            if scheme.lower() == "bearer":
                return credentials.encode()
            if scheme.lower() == "basic":
                user, _, password = base64.b64decode(credentials, validate=True).partition(b":")
                return None if password else user
        except ValueError:  # not base64, or a lone surrogate
            return None
        return None

    def body_bytes(self) -> bytes:
        """The body, which may have up to 1 MiB.

        Raises:
            RefusedRequestError: With 413 or 400.
        """
        try:
            body = base64.b64decode(self.body, validate=True) if self.is_base64 else self.body.encode()
        except ValueError:
            raise RefusedRequestError(400, "invalid_body", "the body is not valid base64 or UTF-8") from None
        if len(body) > MAX_BODY_BYTES:
            limit = f"a body may have {MAX_BODY_BYTES} bytes: send smaller batches"
            raise RefusedRequestError(413, "body_too_large", limit)
        return body

    def media_type(self) -> str:
        """What the body is said to be.

        Raises:
            RefusedRequestError: With 415.
        """
        media_type, _, parameters = self.headers.get("content-type", "").partition(";")
        media_type = media_type.strip().lower()
        if media_type not in (ONE, BATCH, JSON):
            raise RefusedRequestError(415, "unsupported_media_type", f"content-type must be {ONE}, {BATCH} or {JSON}")
        charset = parameters.lower().partition("charset=")[2].partition(";")[0].strip(' "')
        if charset not in ("", "utf-8", "utf8"):
            raise RefusedRequestError(415, "unsupported_media_type", "the body must be in UTF-8")
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise RefusedRequestError(415, "unsupported_encoding", "send the body uncompressed")
        if "ce-specversion" in self.headers:
            advice = "binary content mode is not supported: send the whole event"
            raise RefusedRequestError(415, "unsupported_media_type", advice)
        return media_type


class HttpResponse(NamedTuple):
    """An answer, its body in JSON, and what to count."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = {}
    counts: Mapping[str, int] = {}

    def to_api_gateway(self) -> dict[str, Any]:
        return {
            "statusCode": self.status,
            "headers": {"content-type": "application/json", "cache-control": "no-store", **self.headers},
            "body": orjson.dumps(self.body).decode(),
        }


class RefusedRequestError(Exception):
    """The request as a whole is refused; holds the response."""

    def __init__(self, status: int, error: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        body = {"error": error, "message": message}
        self.response = HttpResponse(status, body, headers or {}, {"RefusedRequests": 1})
