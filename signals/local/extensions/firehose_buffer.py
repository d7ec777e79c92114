"""Firehose to S3: records gathered in a buffer, delimited, compressed, written as one object.

AWS: records are gathered until BufferingHints' size or interval is reached (0 s: at once), processed, joined without
anything between them unless AppendDelimiterToRecord says what, compressed, and put under the prefix, whose time is
the oldest record's arrival (UTC); the object is named stream-version-time-id, with `.gz` if compressed; a delivery
that fails is tried again for 24 h (Firehose Developer Guide, "Configure buffering hints", "Custom prefixes for S3
objects", "Handle delivery failures"). PutRecord answers before anything is written.

ministack: writes each record as an object of its own, at once, uncompressed and undelimited, and does not describe
CustomTimeZone and FileExtension. Its Lambda processors, format conversion and dynamic partitioning are left out: no
stream of this platform has them.
"""

import asyncio
import gzip
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ministack.core.arn import parse_arn
from ministack.core.responses import new_uuid, request_scope
from ministack.services import firehose, s3

from signals.local.extensions import patching, permissions

_RETRY_SECONDS, _GIVE_UP_SECONDS = 2.0, 86_400
_MEGABYTE = 1_048_576
_SERVICE = "firehose.amazonaws.com"
logger = logging.getLogger("signals.local.firehose")
patching.require(firehose, "_evaluate_prefix", "_java_time", "_s3_bucket_from_arn", "_streams")
patching.require(s3, "handle_request(method, path, headers, body, query_params)")


@dataclass
class _Buffer:
    stream: dict[str, Any]
    destination: dict[str, Any]
    since: float
    records: list[bytes] = field(default_factory=list)
    not_before: float = 0.0

    def due(self) -> bool:
        hints = self.destination["config"].get("BufferingHints") or {}
        full = sum(map(len, self.records)) >= hints.get("SizeInMBs", 5) * _MEGABYTE
        return time.time() >= max(self.not_before, self.since + (0 if full else hints.get("IntervalInSeconds", 300)))


_buffers: dict[tuple[str, str], _Buffer] = {}
_lock = threading.Lock()


@patching.replaces(firehose, "_deliver_records_to_s3(stream, dest, records)")
def gather(stream: dict[str, Any], dest: dict[str, Any], records: list[tuple[str, bytes]]) -> None:
    """Take records into the destination's buffer."""
    dest["records"].clear()  # ministack's own copy, which nothing reads
    with _lock:
        buffer = _buffers.setdefault((stream["arn"], dest["id"]), _Buffer(stream, dest, time.time()))
        buffer.records.extend(data for _, data in records)


@patching.extends(firehose, "_dest_description(dest)")
def describe(original: Callable[..., dict[str, Any]], dest: dict[str, Any]) -> dict[str, Any]:
    """A destination as DescribeDeliveryStream shows it."""
    description = original(dest)
    shown = description.get("ExtendedS3DestinationDescription")
    if shown is not None:
        shown.update({key: dest["config"][key] for key in ("CustomTimeZone", "FileExtension") if key in dest["config"]})
    return description


@patching.every(seconds=0.1)
def _write_what_is_due() -> None:
    with _lock:
        due = {key: _buffers.pop(key) for key, buffer in list(_buffers.items()) if buffer.due()}
    for key, buffer in due.items():
        try:
            _write(buffer)
        except Exception as error:  # noqa: BLE001 - whatever failed, the records must not be lost
            logger.warning("%s: delivery failed, will be retried: %s", key[0], error)
            buffer.not_before = time.time() + _RETRY_SECONDS
            if time.time() - buffer.since <= _GIVE_UP_SECONDS:
                with _lock:
                    newer = _buffers.get(key)
                    buffer.records += newer.records if newer else []
                    _buffers[key] = buffer


def _write(buffer: _Buffer) -> None:
    arn = parse_arn(buffer.stream["arn"])
    with request_scope(arn.account_id, arn.region):
        if firehose._streams.get(buffer.stream["name"]) is not buffer.stream:
            return  # deleted meanwhile: AWS, too, drops what is in the buffer
        config, arrived = buffer.destination["config"], time.gmtime(buffer.since)
        body = b"".join(data + _delimiter(config) for data in buffer.records)
        extension = ""
        if config.get("CompressionFormat") == "GZIP":
            body, extension = gzip.compress(body, compresslevel=6, mtime=0), ".gz"
        stamp = firehose._java_time("yyyy-MM-dd-HH-mm-ss", arrived)
        name = f"{buffer.stream['name']}-{buffer.stream['version']}-{stamp}-{new_uuid()}"
        prefix = firehose._evaluate_prefix(config.get("Prefix", ""), arrived)
        key = f"{prefix}{name}{config.get('FileExtension') or extension}"
        bucket = firehose._s3_bucket_from_arn(config["BucketARN"])
        headers = {"content-type": "application/octet-stream", "content-length": str(len(body)), "host": "s3.localhost"}
        written = f"{config['BucketARN']}/{key}"
        refused = permissions.refusal(config["RoleARN"], _SERVICE, "s3:PutObject", written, source_arn=str(arn))
        if refused:
            raise OSError(refused)
        put = s3.handle_request("PUT", f"/{bucket}/{key}", headers, body, {}, internal=True)
        status, _, answer = asyncio.run(put)
        if status != 200:
            raise OSError(f"PutObject {bucket}/{key}: {status} {answer[:200]!r}")


def _delimiter(config: dict[str, Any]) -> bytes:
    processing = config.get("ProcessingConfiguration") or {}
    for processor in processing.get("Processors") or [] if processing.get("Enabled") else []:
        if processor.get("Type") == "AppendDelimiterToRecord":
            parameters = {p["ParameterName"]: p["ParameterValue"] for p in processor.get("Parameters") or []}
            # The API writes a line feed as the two characters \n.
            return str(parameters.get("Delimiter", "\\n")).replace("\\n", "\n").encode()
    return b""
