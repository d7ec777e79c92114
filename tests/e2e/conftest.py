"""The local stack, deployed once by terraform through the `signals` command, on ports and in a folder of its own."""

import shutil
from collections.abc import Iterator

import pytest

from signals.local import process
from tests.support.costs import home_is
from tests.support.deployed import Deployment, reconnect
from tests.support.embedded import free_port


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    if not shutil.which("terraform"):
        pytest.skip("needs the terraform CLI: https://developer.hashicorp.com/terraform/install")
    home = tmp_path_factory.mktemp("local-stack")
    with home_is(home):
        try:
            found = Deployment(home, free_port(), free_port())
            found.up()
            yield found
        finally:
            process.stop(home)


@pytest.fixture(autouse=True)
def _no_connection_of_another_test(deployment: Deployment) -> None:
    if process.running(deployment.home):
        reconnect(deployment.stack)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes the stack down comes last."""
    items.sort(key=lambda item: item.name.startswith("test_down_"))
