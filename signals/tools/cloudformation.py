"""Write the table of AWS's own resource schemas from those that cfn-lint ships. Run it in the project's folder.

`uv run --no-project --with cfn-lint==1.58.0 python -m signals.tools.cloudformation`
"""

import importlib.metadata
import importlib.resources
import json
from pathlib import Path
from typing import Any

from components.resource_types import KNOWN

FILE = Path(__file__).parents[1] / "review" / "permissions" / "cloudformation.json"


def _schema(schemas: Path, digest: str) -> dict[str, Any]:
    schema = json.loads((schemas / "resources" / f"{digest}.json").read_text("utf-8"))
    handlers = {name: sorted(set(how.get("permissions", ()))) for name, how in schema.get("handlers", {}).items()}
    return {
        "createOnly": sorted(path.removeprefix("/properties/") for path in schema.get("createOnlyProperties", ())),
        "handlers": dict(sorted(handlers.items())),
    }


def main() -> None:
    version = importlib.metadata.version("cfn-lint")
    data = Path(str(importlib.resources.files("cfnlint"))) / "data"
    index = json.loads((data / "schemas/providers/us-east-1.json").read_text("utf-8"))
    names = sorted({f"AWS::{type_.cloudformation}" for type_ in KNOWN.values() if type_.cloudformation})
    resources = {name: _schema(data / "schemas", index[name]) for name in names}
    used = {a.lower() for schema in resources.values() for actions in schema["handlers"].values() for a in actions}
    services = {action.partition(":")[0] for action in used}
    reference = json.loads((data / "AdditionalSpecs/Policies.json").read_text("utf-8"))
    actions = {
        f"{service}:{action}": int(bool(facts.get("Resources")))
        for service in sorted(services & reference.keys())
        for action, facts in sorted(reference[service]["Actions"].items())
    }
    compact = json.JSONEncoder(separators=(",", ":")).encode
    lines = ",\n".join(f"{compact(name)}:{compact(schema)}" for name, schema in resources.items())
    head, tail = f'{{"cfn-lint":"{version}",\n"resources":', f'"actions":{compact(actions)}}}\n'
    FILE.write_text(f"{head}{{\n{lines}\n}},\n{tail}", "utf-8")


if __name__ == "__main__":
    main()
