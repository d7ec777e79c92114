"""The envelope of a signal: a CloudEvents 1.0 event in JSON. Ingest refuses and enrichment quarantines by these checks.

Source: CloudEvents specification 1.0.2 and its JSON event format 1.0.2.
"""

from enum import StrEnum
from typing import Any

from handlers.shared.times import utc_text

MAX_ID = 128
# A signal's type becomes the detail type of its event on the data platform bus.
MAX_TYPE = 128
MAX_SOURCE = 256
MAX_TEXT = 1024

# What enrichment adds. A client may not send these: they say what the platform saw.
PLATFORM_ATTRIBUTES = frozenset(
    {"receivedat", "ingestregion", "enrichedregion", "producer", "batchid"}
    | {"clientnetwork", "uabrowser", "uaos", "uadevice"}
)
_REQUIRED = ("specversion", "id", "type", "source")
_KNOWN = frozenset((*_REQUIRED, "time", "subject", "datacontenttype", "dataschema", "data", "data_base64"))


class Rejection(StrEnum):
    """Why a signal is refused."""

    NOT_AN_OBJECT = "not_an_object"
    SPECVERSION = "invalid_specversion"
    ID = "invalid_id"
    TYPE = "invalid_type"
    SOURCE = "invalid_source"
    TIME = "invalid_time"
    ATTRIBUTE = "invalid_attribute"
    RESERVED_ATTRIBUTE = "reserved_attribute"
    DATA = "invalid_data"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"


Problem = tuple[Rejection, str]


def problem_of(signal: Any) -> Problem | None:
    """The first thing wrong with a signal's envelope, if there is one."""
    if type(signal) is not dict:
        return Rejection.NOT_AN_OBJECT, "a signal must be a JSON object"
    get = signal.get
    if get("specversion") != "1.0":
        return Rejection.SPECVERSION, 'specversion must be "1.0"'
    identity = get("id")
    if type(identity) is not str or not 0 < len(identity) <= MAX_ID:
        return Rejection.ID, f"id must be a string of 1 to {MAX_ID} characters"
    kind = get("type")
    if type(kind) is not str or not 0 < len(kind) <= MAX_TYPE:
        return Rejection.TYPE, f"type must be a string of 1 to {MAX_TYPE} characters"
    if kind.startswith("aws."):
        return Rejection.TYPE, "a type may not begin with 'aws.'"
    source = get("source")
    if type(source) is not str or not 0 < len(source) <= MAX_SOURCE:
        return Rejection.SOURCE, f"source must be a string of 1 to {MAX_SOURCE} characters"
    time = get("time")
    if time is not None and (type(time) is not str or utc_text(time) is None):
        return Rejection.TIME, "time must be an RFC 3339 time, such as 2026-01-31T12:00:00Z"
    if len(signal) == len(_REQUIRED) + ("time" in signal) + ("data" in signal):
        return None
    return _problem_of_the_rest(signal)


def _problem_of_the_rest(signal: dict[str, Any]) -> Problem | None:
    for name in ("subject", "datacontenttype", "dataschema"):
        value = signal.get(name)
        if value is not None and (type(value) is not str or not 0 < len(value) <= MAX_TEXT):
            return Rejection.ATTRIBUTE, f"{name} must be a string of 1 to {MAX_TEXT} characters"
    if signal.get("data_base64") is not None:
        if "data" in signal:
            return Rejection.DATA, "data and data_base64 exclude each other"
        if type(signal["data_base64"]) is not str:
            return Rejection.DATA, "data_base64 must be a string"
    for name in signal.keys() - _KNOWN:
        if name in PLATFORM_ATTRIBUTES:
            return Rejection.RESERVED_ATTRIBUTE, f"{name} is set by the platform: leave it out"
        if not (name.isascii() and name.isalnum() and name == name.lower()):
            rule = "use a-z and 0-9, or put it into data"
            return Rejection.ATTRIBUTE, f"{name[:64]!r} is not an attribute name: {rule}"
        value = signal[name]
        if value is not None and type(value) not in (str, bool, int):
            return Rejection.ATTRIBUTE, f"{name[:64]} must be a string, a boolean or a whole number"
    return None
