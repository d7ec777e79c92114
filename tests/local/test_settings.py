"""What the settings take, the embedded AWS takes: stacks drawn at the limits of their settings are deployed to it."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings

from components.settings import load_settings
from signals.local import process
from signals.recording.record import record
from signals.stack import Stack
from signals.terraform.emit import write
from signals.terraform.engine import Terraform
from tests.support.drawn import NOT_IN_TERRAFORM, stacks, taken
from tests.support.embedded import free_port

# The embedded AWS is one account, in the Regions of its stack, without a hosted zone.
FIXED = ("account_id", "regions", "domain", "domain.hosted_zone_id", *NOT_IN_TERRAFORM)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
@hypothesis_settings(max_examples=2, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(drawn=stacks)
def test_the_embedded_aws_takes_whatever_the_settings_take(own_home: Path, drawn: dict[str, list[Any]]) -> None:
    running = process.start(own_home, "local", aws_port=free_port(), port=free_port())
    try:
        raw = {**taken(drawn, "local", without=FIXED), "aws_endpoint": running.aws_url}
        stack = Stack("local", load_settings(raw), raw, own_home)
        folder = own_home / "terraform"
        write(record("local", raw), folder)
        terraform = Terraform(folder, environment=stack.aws.engine_environment)
        terraform.init()
        terraform.run("apply")
    finally:
        process.stop(own_home)
        shutil.rmtree(own_home / "terraform", ignore_errors=True)
