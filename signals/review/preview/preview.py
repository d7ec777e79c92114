"""The whole preview of one stack as a value."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from signals.review.preview import access, changes, code, snapshot
from signals.review.preview.access import AccessChange
from signals.review.preview.changes import ResourceChange
from signals.review.preview.code import CodeChange
from signals.review.preview.difference import Difference, differences

_PLAIN = ("action", "type", "name", "former_name", "component", "region", "protected")


@dataclass(frozen=True)
class Preview:
    """What a change does to a stack.

    Args:
        stack: The stack.
        base, head: What is compared, for people.
        notes: What a reader must know of the base or the head.
        resources: Every resource that changes.
        access: Whose access changes.
        code: Functions whose code changes.
        settings: Where the stack's config differs.
        compared: False if the base could not be read; `notes` say why, and nothing is known of what changes.
    """

    stack: str
    base: str
    head: str
    notes: tuple[str, ...]
    resources: tuple[ResourceChange, ...]
    access: tuple[AccessChange, ...]
    code: tuple[CodeChange, ...]
    settings: tuple[Difference, ...]
    compared: bool = True

    @property
    def losses(self) -> list[ResourceChange]:
        """Resources that hold data which is gone afterwards."""
        return [change for change in self.resources if change.loses_data]

    def to_json(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in ("stack", "base", "head", "compared", "notes")},
            "loses_data": [f"{change.type} {change.name}" for change in self.losses],
            "resources": [_resource(change) for change in self.resources],
            "access": [_access(change) for change in self.access],
            "code": [asdict(change) for change in self.code],
            "settings": [_difference(difference) for difference in self.settings],
        }


def preview(stack: str, *, root: Path, revision: str | None = None) -> Preview:
    """Record a stack at the base and in the work tree, and compare.

    Args:
        stack: As in Pulumi.<stack>.yaml.
        root: The project's folder.
        revision: What to compare with, as git understands it; None for the main branch. The comparison starts where
            this branch left it.

    Raises:
        Misuse: There is no such stack or revision.
        Failed: The work tree cannot be recorded.
    """
    with ThreadPoolExecutor(2) as at_once:
        after = at_once.submit(snapshot.work_tree, stack, root)
        before = at_once.submit(snapshot.base, stack, root, revision)
        head = after.result()
        try:
            base = before.result()
        except snapshot.NotCompared as error:
            title = revision or "the main branch"
            return Preview(stack, title, head.title, (f"{error}.", *head.notes), (), (), (), (), compared=False)
    resources = changes.compare(base, head)
    return Preview(
        stack=stack,
        base=base.title,
        head=head.title,
        notes=(*base.notes, *head.notes),
        resources=tuple(resources),
        access=tuple(access.compare(base, head)),
        code=tuple(code.compare(base, head, resources)),
        settings=tuple(differences(base.settings, head.settings)) if base.settings else (),
    )


def _resource(change: ResourceChange) -> dict[str, Any]:
    return {
        **{name: getattr(change, name) for name in _PLAIN},
        "replaced": bool(change.replaced),
        "reasons": change.replaced,
        "holds": change.holds_data,
        "loses_data": change.loses_data,
        "properties": [
            {**_difference(p.difference), "effect": p.verdict.kind, "source": p.verdict.source}
            for p in change.properties
        ],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {"path": difference.where, "before": difference.before, "after": difference.after}


def _access(change: AccessChange) -> dict[str, Any]:
    found = asdict(change)
    return {"compared": not found.pop("uncompared"), **found}
