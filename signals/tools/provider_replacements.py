"""Ask the AWS provider itself which properties it cannot change in place, and write its answers down.

`python -m signals.tools.provider_replacements` writes `provider.json`. terraform plans, with no refresh and no
credentials, a configuration taken from this project's own stacks against a state that differs in one property a
resource; for each the plan says `replace_paths`. Nothing is validated in a state, so that any property can differ.

Source: Terraform, "JSON Output Format", Change Representation: `replace_paths`.
"""

import copy
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.resource_types import QUEUE, arn
from signals.recording.record import record
from signals.recording.values import with_leaves
from signals.terraform.emit import emit
from signals.terraform.engine import Terraform
from signals.terraform.schema import VERSION, Block, resource_block

FILE = Path(__file__).parents[1] / "review" / "preview" / "provider.json"
STACKS = ("prod", "dev")
_PROVIDER = {
    "region": "us-west-2",
    "access_key": "none",
    "secret_key": "none",
    **dict.fromkeys(("skip_credentials_validation", "skip_metadata_api_check", "skip_requesting_account_id"), True),
}
_DEPTH = 2
_META = ("provider", "depends_on", "lifecycle", "timeouts")

Path_ = tuple[str, ...]


def main() -> None:
    exemplars = sorted(_exemplars().items())
    asked = [Question(type_, body, path) for type_, body in exemplars for path in _paths(resource_block(type_))]
    with tempfile.TemporaryDirectory() as folder:
        terraform = Terraform(Path(folder))
        _configure(terraform.directory, {})
        terraform.init()
        # What a program does not give, a provider may keep; then it must be given, and in a form that is accepted.
        for given in (None, _given, _accepted):
            open_ = [question for question in asked if question.answer == "unknown"]
            if given:
                for question in open_:
                    question.body = given(question)
            _ask(terraform, open_)
            print(f"{sum(question.answer == 'unknown' for question in asked)} of {len(asked)} open")
    answers: dict[str, dict[str, str]] = {}
    for question in asked:
        answers.setdefault(question.type, {})[".".join(question.path)] = question.answer
    lines = ",\n".join(f"{json.dumps(name)}:{json.dumps(a, separators=(',', ':'))}" for name, a in answers.items())
    FILE.write_text(f'{{"hashicorp/aws":"{VERSION}",\n"resources":{{\n{lines}\n}}}}\n', "utf-8")


@dataclass
class Question:
    """One property of one resource type; `refusal` is what the provider said of the body instead of an answer."""

    type: str
    body: dict[str, Any]
    path: Path_
    answer: str = "unknown"
    refusal: str = ""


def _answer(change: Mapping[str, Any] | None, path: Path_) -> str:
    """`replace`, `update`, or `unknown`: the provider keeps what it has when the program says nothing."""
    if change is None or not change["before"] or _at(change["before"], path) == _at(change["after"], path):
        return "unknown"
    if _at(change.get("after_unknown"), path) is True:
        return "unknown"
    replaced = [tuple(step for step in found if isinstance(step, str)) for found in change.get("replace_paths", ())]
    # A set is replaced as a whole.
    return "replace" if any(path[: len(found)] == found for found in replaced) else "update"


def _at(value: Any, path: Path_) -> Any:
    for step in path:
        value = value[0] if isinstance(value, list) and value else value
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _given(question: Question) -> dict[str, Any]:
    """The body with the property in it."""
    return _differ(resource_block(question.type), copy.deepcopy(question.body), question.path, "probe")


def _accepted(question: Question) -> dict[str, Any]:
    """The same with a value that the refusal names: `expected x to be one of ["A" "B"], got probe`."""
    named = re.search(r"one of:? \[\W*(\w+)", question.refusal)
    text = json.dumps(question.body)
    return json.loads(text.replace('"probe"', json.dumps(named[1]))) if named else question.body


def _exemplars() -> dict[str, dict[str, Any]]:
    """A valid body of each resource type, references filled in."""
    found: dict[str, dict[str, Any]] = {}
    for stack in STACKS:
        for block in json.loads(emit(record(stack)).text())["resource"]:
            for terraform_type, named in block.items():
                for body in named.values():
                    plain = with_leaves({key: value for key, value in body.items() if key not in _META}, _filled)
                    # The one that says most answers most.
                    if len(plain) > len(found.get(terraform_type, ())):
                        found[terraform_type] = plain
    return found


def _filled(leaf: Any) -> Any:
    return re.sub(r"\$\{([^}]*)\}", _literal, leaf) if isinstance(leaf, str) else leaf


def _literal(match: re.Match[str]) -> str:
    last = match[1].rstrip(')"').rpartition(".")[2]
    return arn(QUEUE, region="us-west-2", account="111122223333", name="probe") if "arn" in last else "probe"


def _paths(block: Block, prefix: Path_ = ()) -> Iterator[Path_]:
    """Every attribute that a program may give, of the body and of the blocks in it."""
    for name, attribute in sorted(block.attributes.items()):
        if attribute.settable and (prefix or name not in ("id", "tags_all")):
            yield (*prefix, name)
    if len(prefix) < _DEPTH:
        for name, inner in sorted(block.blocks.items()):
            if name != "timeouts":
                yield from _paths(inner, (*prefix, name))


def _ask(terraform: Terraform, questions: Sequence[Question]) -> None:
    """One plan answers all that the provider does not refuse."""
    versions = {name: raw["version"] for name, raw in terraform.provider_schema()["resource_schemas"].items()}
    asked = {f"{question.type}.p{number:04}": question for number, question in enumerate(questions)}
    while asked:
        _configure(terraform.directory, {address: question.body for address, question in asked.items()})
        (terraform.directory / "terraform.tfstate").write_text(json.dumps(_state(versions, asked)))
        result = terraform.call("plan", "-refresh=false", "-input=false", "-out=plan", "-json")
        if result.returncode == 0:
            break
        events = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
        errors = [event["diagnostic"] for event in events if event.get("@level") == "error"]
        refused = {_blamed(error): f"{error['summary']} {error.get('detail', '')}" for error in errors}
        if not refused.keys() & asked.keys():
            raise SystemExit(f"terraform plan: {sorted(refused.values()) or result.stderr}")
        for address in refused.keys() & asked.keys():
            asked.pop(address).refusal = refused[address]
    else:
        return
    shown = json.loads(terraform.text("show", "-json", "plan"))
    changes = {change["address"]: change["change"] for change in shown["resource_changes"]}
    for address, question in asked.items():
        question.answer = _answer(changes.get(address), question.path)


def _blamed(error: Mapping[str, Any]) -> str:
    """The address of the resource that an error is about; some say it only in the place they show."""
    shown: str = (error.get("snippet") or {}).get("context") or ""
    return error.get("address") or ".".join(shown.removeprefix("resource.").split(".")[:2])


def _configure(folder: Path, bodies: Mapping[str, Any]) -> None:
    resources: dict[str, dict[str, Any]] = {}
    for address, body in bodies.items():
        terraform_type, _, name = address.partition(".")
        resources.setdefault(terraform_type, {})[name] = body
    required = {"aws": {"source": "hashicorp/aws", "version": VERSION}}
    document = {"terraform": {"required_providers": required}, "provider": {"aws": _PROVIDER}}
    # terraform takes no empty "resource".
    document |= {"resource": resources} if resources else {}
    (folder / "main.tf.json").write_text(json.dumps(document))


def _state(versions: Mapping[str, int], asked: Mapping[str, Question]) -> dict[str, Any]:
    resources = []
    for address, question in asked.items():
        block = resource_block(question.type)
        before = _as_state(block, copy.deepcopy(question.body)) | {"id": "probe"}
        instance = {
            "schema_version": versions[question.type],
            "attributes": _differ(block, before, question.path, "before"),
        }
        resources.append(
            {
                "mode": "managed",
                "type": question.type,
                "name": address.partition(".")[2],
                "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
                "instances": [instance],
            }
        )
    return {"version": 4, "terraform_version": "1.10.0", "serial": 1, "lineage": "probe", "resources": resources}


def _as_state(block: Block, body: dict[str, Any]) -> dict[str, Any]:
    """A state holds every block as a list."""
    for name, inner in block.blocks.items():
        if name in body:
            items = body[name] if isinstance(body[name], list) else [body[name]]
            body[name] = [_as_state(inner, item) for item in items]
    return body


def _differ(block: Block, body: dict[str, Any], path: Path_, text: str) -> dict[str, Any]:
    """The body with another value at a path."""
    name, *rest = path
    if rest:
        items = body.get(name) or [{}]
        body[name] = items if isinstance(items, list) else [items]
        _differ(block.blocks[name], body[name][0], tuple(rest), text)
    else:
        body[name] = _other(block.attributes[name].type, body.get(name), text)
    return body


def _other(type_: Any, value: Any, text: str) -> Any:
    """Another value of that type."""
    match type_:
        case "string":
            return text if value != text else f"{text}-2"
        case "number":
            return (value or 0) + 1
        case "bool":
            return not value
        case ["map", _]:
            return {text: text}
        case ["list" | "set", inner]:
            return [_other(inner, None, text)]
        case ["object", fields]:
            return {name: _other(inner, None, text) for name, inner in fields.items()}
    raise TypeError(f"{type_}: teach the probe this type")


if __name__ == "__main__":
    main()
