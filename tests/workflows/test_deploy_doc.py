"""docs/deploy.md names only what there is."""

import re

from signals.recording.record import record
from tests.workflows.test_workflows import FILES, ROOT, load

TEXT = (ROOT / "docs/deploy.md").read_text()


def test_every_folder_that_pulumi_is_sent_to_has_a_program() -> None:
    folders = set(re.findall(r"pulumi -C (\S+)", TEXT))
    assert folders
    assert all((ROOT / folder / "Pulumi.yaml").is_file() for folder in folders), folders


def test_every_environments_variable_and_secret_is_set_that_a_workflow_reads() -> None:
    workflows = "\n".join(file.read_text() for file in FILES)
    read = set(re.findall(r"(?:vars|secrets)\.([A-Z_]+)", workflows))
    assert read == set(re.findall(r"gh (?:variable|secret) set (\w+)", TEXT))


def test_the_roles_are_given_the_repository_as_githubs_tokens_name_it() -> None:
    assert 'export SUBJECT=$(gh api "repos/$REPO/actions/oidc/customization/sub"' in TEXT
    assert re.findall(r"(?:config set|--)\s?repository (\S+)", TEXT) == ["${SUBJECT#repo:}"] * 2


def test_the_check_that_main_requires_is_a_job() -> None:
    names = {job.get("name") for file in FILES for job in load(file)["jobs"].values()}
    assert '"contexts": ["without credentials"]' in TEXT
    assert "without credentials" in names


def test_the_alarms_are_as_many_as_the_bill_says() -> None:
    for stack, column in (("dev", 1), ("prod", 2)):
        resources = record(stack).all
        for what, type_, price in (
            ("alarms", ":MetricAlarm", 0.10),
            ("composite alarms, [^|]+", ":CompositeAlarm", 0.50),
        ):
            counted = sum(resource.type.endswith(type_) for resource in resources)
            cells = re.search(rf"\| {what} \| {price:.2f} each \| (\d+: [\d.]+) \| (\d+: [\d.]+) \|", TEXT)
            assert cells, what
            assert cells[column] == f"{counted}: {counted * price:.2f}", stack
