"""What `up` and `down` keep, and what they forget."""

import json
from pathlib import Path

import pytest

from components.settings import load_settings
from signals.deploy.down import down_aws
from signals.deploy.engines import EngineChoice
from signals.deploy.up import forget_other_instances, write_front_door
from signals.errors import Failed, Misuse
from signals.local.identity import Identity
from signals.local.process import Local
from signals.observe import apis
from signals.stack import Stack
from signals.terminal.progress import Progress
from tests.support.hand_made import PRIMARY, SECONDARY, SETTINGS


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A local stack's folder after a deployment with either engine."""
    for file in (
        "terraform/terraform.tfstate",
        "terraform/main.tf.json",
        "terraform/.terraform/provider",
        "packages/x.zip",
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("{}")
    (tmp_path / "pulumi").mkdir()
    forget_other_instances(life(tmp_path))
    (tmp_path / "terraform" / "terraform.tfstate").write_text("{}")
    (tmp_path / "front-door.json").write_text("{}")
    return tmp_path


def life(home: Path, identity: str = "a", stack: str = "local") -> Local:
    return Local(home, pid=1, aws_port=1, port=2, identity=Identity(identity, stack))


def state(home: Path) -> bool:
    return (home / "terraform" / "terraform.tfstate").exists()


def test_the_same_life_of_the_embedded_aws_keeps_its_state(home: Path) -> None:
    forget_other_instances(life(home))
    assert state(home)
    assert (home / "front-door.json").exists()


@pytest.mark.parametrize(("identity", "stack"), [("b", "local"), ("a", "another")])
def test_another_life_of_it_forgets_the_state_but_nothing_that_can_be_used_again(
    home: Path, identity: str, stack: str
) -> None:
    forget_other_instances(life(home, identity, stack))
    assert not state(home)
    assert not (home / "pulumi").exists()
    assert not (home / "front-door.json").exists()
    assert (home / "terraform" / ".terraform" / "provider").exists()
    assert (home / "packages" / "x.zip").exists()


def test_the_front_door_is_told_where_both_apis_are(hand_made: Stack, tmp_path: Path) -> None:
    with pytest.raises(Failed, match="there is no API in us-west-2"):
        write_front_door(hand_made, tmp_path)
    ids = {
        region: hand_made.aws.client("apigatewayv2", region).create_api(Name="hand-made-ingest", ProtocolType="HTTP")[
            "ApiId"
        ]
        for region in hand_made.regions
    }
    try:
        write_front_door(hand_made, tmp_path)
        assert (
            apis.url_for(hand_made, SECONDARY)
            == f"{hand_made.embedded.platform.aws_url}/_aws/execute-api/{ids[SECONDARY]}/$default"
        )
    finally:
        for region, api in ids.items():
            hand_made.aws.client("apigatewayv2", region).delete_api(ApiId=api)
    written = json.loads((tmp_path / "front-door.json").read_text())
    assert written["primary"] == {
        "region": PRIMARY,
        "url": hand_made.embedded.platform.aws_url,
        "host": f"{ids[PRIMARY]}.execute-api.127.0.0.1",
    }
    assert written["secondary"]["host"] == f"{ids[SECONDARY]}.execute-api.127.0.0.1"


def test_a_protected_stack_is_not_destroyed_and_not_even_asked_about() -> None:
    raw = {key: value for key, value in SETTINGS.items() if key not in ("aws_endpoint", "functions")}
    stack = Stack("kept", load_settings({**raw, "protection": True, "alarm_topics": "none"}))

    def confirm() -> bool:
        raise AssertionError("asked")

    with pytest.raises(Misuse, match=r"set protection: false in Pulumi\.kept\.yaml"):
        down_aws(stack, Progress(), choice=EngineChoice(), confirm=confirm)
