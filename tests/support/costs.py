"""What a test costs decides when it runs: `embedded` starts an embedded AWS, `e2e` deploys to one, `long` takes longer.

The first two are given by the fixtures that a test uses, so that nobody can forget them; `make help` says what runs
what. Under xdist the tests that share a process run on one worker, those of the deployment first: they take longest.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signals.local import process

# By the fixture that starts it: what shares it, in the order in which it is to run.
_SHARED = {"deployment": "e2e", "_platform": "recover", "embedded": "embedded"}
_REFUSED = "a test without the mark `embedded` starts no embedded AWS: let it use a fixture of tests/support/costs.py"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is costly, bring it to the front, and keep together what shares a process."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        shared = next((name for fixture, name in _SHARED.items() if fixture in fixtures), None)
        if shared or "own_home" in fixtures:
            item.add_marker("embedded")
        if shared == "e2e":
            item.add_marker("e2e")
        if shared:
            item.add_marker(pytest.mark.xdist_group(shared))
    order = list(_SHARED.values())
    items.sort(key=lambda item: order.index(_group(item)) if _group(item) else len(order))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Under xdist a group that is not part of its tests' names is no group: each worker would deploy its own."""
    if getattr(session.config.option, "loadgroup", False):
        lost = [item.nodeid for item in session.items if _group(item) and not item.nodeid.endswith(f"@{_group(item)}")]
        if lost:
            raise pytest.UsageError(f"pytest-xdist keeps these and {len(lost) - 1} more out of their groups: {lost[0]}")


def _group(item: pytest.Item) -> str | None:
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0]) if mark else None


@pytest.fixture(scope="session", autouse=True)
def _home_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees the platform that `make up` has left running."""
    with home_is(tmp_path_factory.mktemp("nothing-runs-here")):
        yield


@contextmanager
def home_is(home: Path) -> Iterator[None]:
    """For as long as it lasts, another home; then the one before, which a session within a test would leave changed."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("SIGNALS_LOCAL_HOME", str(home))
        yield


@pytest.fixture(autouse=True)
def _no_embedded_aws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only tests that are marked for it start one."""
    if not request.node.get_closest_marker("embedded"):

        def refuse(*_: object, **__: object) -> None:
            pytest.fail(_REFUSED)

        monkeypatch.setattr(process, "_spawn", refuse)


@pytest.fixture
def own_home(tmp_path: Path) -> Iterator[Path]:
    """A home for an embedded AWS of the test's own; whatever runs there is stopped."""
    yield tmp_path
    process.stop(tmp_path)
