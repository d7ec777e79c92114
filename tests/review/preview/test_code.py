"""Which files of an archive change a function's code."""

from pathlib import Path

import pulumi
import pulumi_aws as aws

from signals.review.preview import changes, code
from tests.review.preview.programs import snapshot

OURS = {"handlers/ingest/handler.py": "1", "handlers/shared/logs.py": "1", "sources.json": "1"}
THEIRS = {"awscrt/auth.py": "1", "awscrt-0.38.0.dist-info/RECORD": "1"}


def compared(tmp_path: Path, before: dict[str, str], after: dict[str, str]) -> list[code.CodeChange]:
    def side(name: str, files: dict[str, str]):  # type: ignore[no-untyped-def]
        archive = tmp_path / name / "ingest.zip"
        archive.parent.mkdir()
        archive.write_text(name)

        def program() -> None:
            aws.lambda_.Function(
                "ingest",
                name="ingest",
                role="arn:aws:iam::111122223333:role/r",
                code=pulumi.FileArchive(str(archive)),
            )

        made = snapshot(program)
        (function,) = [resource for resource in made.resources.values() if resource["name"] == "ingest"]
        made.archives.update({function["inputs"]["code"]["sha256"]: files})  # type: ignore[attr-defined]
        return made

    base, head = side("base", before), side("head", after)
    return code.compare(base, head, changes.compare(base, head))


def test_the_files_that_changed_are_named(tmp_path: Path) -> None:
    after = {**OURS, **THEIRS, "handlers/shared/logs.py": "2", "handlers/ingest/new.py": "1"}
    del after["sources.json"]
    (found,) = compared(tmp_path, {**OURS, **THEIRS}, after)
    assert found == code.CodeChange(
        ("ingest",),
        added=("handlers/ingest/new.py",),
        changed=("handlers/shared/logs.py",),
        removed=("sources.json",),
        packages=(),
    )


def test_a_dependency_is_named_with_its_versions_not_its_files(tmp_path: Path) -> None:
    after = {**OURS, "awscrt/auth.py": "2", "awscrt-0.39.0.dist-info/RECORD": "1"}
    (found,) = compared(tmp_path, {**OURS, **THEIRS}, after)
    assert found.packages == ("awscrt 0.38.0 -> 0.39.0",)
    assert (found.added, found.changed, found.removed) == ((), (), ())
