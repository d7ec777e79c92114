"""Run inside a tree, with that tree's own modules: record a stack there and write what it declares as JSON.

Called as `python -P child.py STACK OUT`. It says in OUT either what was recorded or why it could not be.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any


def main(stack: str, out: Path) -> None:
    out.write_text(json.dumps(_recorded(stack)), "utf-8")


def _recorded(stack: str) -> dict[str, Any]:
    try:
        from signals.recording.record import record
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("signals"):
            return {"error": "it has no `signals record` yet", "expected": True}
        return {"error": f"{type(error).__name__}: {error}"}
    try:
        # An environment may hold another tree's recorder: the program is this folder's all the same.
        recording = record(stack, root=Path.cwd())
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    resources = [{**resource.to_json(), "custom": resource.custom} for resource in recording.all]
    archives = dict(_archive(value) for resource in recording.all for value in resource.inputs.values() if _is(value))
    return {"resources": resources, "archives": archives}


def _is(value: object) -> bool:
    return getattr(value, "kind", None) == "archive"


def _archive(asset: Any) -> tuple[str, dict[str, str]]:
    with zipfile.ZipFile(asset.path) as archive:
        return asset.sha256, {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
