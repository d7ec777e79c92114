"""What AWS takes as a tag, a domain name and an origin: rules that say in which way a value is wrong."""

import re
import unicodedata
from collections.abc import Mapping

# "Best practices and strategies": 50 tags a resource. The platform's own are `stack` and, on health checks, `Name`.
MAX_TAGS = 50
STACK_TAG, NAME_TAG = "stack", "Name"
# ACM: a certificate's common name has at most 64 characters (RFC 5280).
MAX_DOMAIN_CHARACTERS = 64


def check_tags(tags: Mapping[str, str]) -> None:
    """Refuse tags that some service of the platform would refuse.

    Source: AWS General Reference, "Tag naming limits and requirements"; the patterns of Lambda's, ACM's, CloudWatch
    Logs' and Firehose's API models; IAM User Guide, "Tags for AWS Identity and Access Management resources" (a role's
    keys do not differ by case alone).

    Raises:
        ValueError: With the tag and what is wrong with it.
    """
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise ValueError(f"tag {key[:128]!r}: a key has 1 to 128 characters, a value at most 256")
        for text in (key, value):
            if text.lower().startswith("aws:"):
                raise ValueError(f"tag {key!r}: what begins with aws: is reserved for AWS: call it something else")
            for character in text:
                if unicodedata.category(character)[0] not in "LNZ" and character not in "_.:/=+-@":
                    raise ValueError(f"tag {key!r}: AWS takes letters, digits, spaces and _.:/=+-@, not {character!r}")
    same: dict[str, str] = {}
    for key in (*tags, STACK_TAG):
        if (other := same.setdefault(key.lower(), key)) != key:
            raise ValueError(f"tags {other!r} and {key!r} are one to IAM, which ignores case: keep one spelling")
    if len({*tags, STACK_TAG, NAME_TAG}) > MAX_TAGS:
        own = len({STACK_TAG, NAME_TAG} - tags.keys())
        raise ValueError(
            f"{len(tags)} tags are too many: AWS takes {MAX_TAGS} a resource, and {own} are the platform's own"
        )


def check_domain_name(name: str) -> None:
    """Refuse a domain name that ACM, API Gateway or Route 53 would refuse.

    Source: ACM API reference, RequestCertificate (DomainName); RFC 1123, 2.1; RFC 5890, 2.3.1 (labels with hyphens in
    third and fourth place are punycode, or none).

    Raises:
        ValueError: With the label and what is wrong with it.
    """
    labels = name.split(".")
    if not name.isascii():
        raise ValueError(f"must be ASCII: write it in punycode{_punycode(name)}")
    if len(name) > MAX_DOMAIN_CHARACTERS:
        raise ValueError(f"has {len(name)} characters, and a certificate's name at most {MAX_DOMAIN_CHARACTERS}")
    if len(labels) < 2:
        raise ValueError("must be a domain name like signals.example.com")
    for label in labels:
        if not re.fullmatch(r"[a-z0-9-]{1,63}", label):
            raise ValueError(f"{label!r} is not 1 to 63 of a-z, 0-9 and -")
        if label.startswith("-") or label.endswith("-"):
            raise ValueError(f"{label!r} may not begin or end with a hyphen")
        if label[2:4] == "--" and not _is_punycode(label):
            raise ValueError(f"{label!r} has hyphens in third and fourth place and is not punycode: rename it")
    if not re.fullmatch(r"[a-z]{2,}|xn--.+", labels[-1]):
        raise ValueError(f"{labels[-1]!r} is no top-level domain")


def _punycode(name: str) -> str:
    try:
        return f", {name.encode('idna').decode()}"
    except UnicodeError:
        return ""


def _is_punycode(label: str) -> bool:
    """Whether a label is `xn--` and the one way to write something that is not ASCII (RFC 3492)."""
    prefix, encoded = label[:4], label[4:]
    try:
        text = encoded.encode().decode("punycode")
        letters = all(character == "-" or unicodedata.category(character)[0] in "LMN" for character in text)
        same = text.encode("punycode").decode() == encoded
        return prefix == "xn--" and letters and same and not text.isascii()
    except UnicodeError:
        return False


def check_origin(origin: str) -> None:
    """Refuse an origin that API Gateway refuses or that no browser sends.

    Source: API Gateway Developer Guide, "Configure CORS for HTTP APIs"; Fetch Standard, "Origin header".

    Raises:
        ValueError: With what to write.
    """
    host = r"([a-z0-9_-]+\.)*[a-z0-9_-]+|\[[0-9a-f:.]+\]"
    if origin in ("*", "https://*", "http://*"):
        return
    if not re.fullmatch(rf"[a-z][a-z0-9+.-]*://({host})(:[1-9][0-9]{{0,4}})?", origin):
        raise ValueError("must be an origin as browsers send it: https://shop.example.com, without a path or a last /")
