"""The terraform CLI: found, run, followed, and its errors understood."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from signals.errors import TerraformError
from signals.terraform import engine
from signals.terraform.engine import Terraform, find_mirror, find_terraform
from signals.terraform.versions import Versions
from tests.support.terraform import planned

needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")


def _provider(mirror: Path, version: str, *, packed: bool = False) -> Path:
    provider = mirror / "registry.terraform.io/hashicorp/aws"
    if packed:
        provider.mkdir(parents=True)
        (provider / f"terraform-provider-aws_{version}_{engine._this_platform()}.zip").touch()
    else:
        (provider / version / engine._this_platform()).mkdir(parents=True)
    return mirror


def test_a_missing_terraform_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TerraformError, match=r"terraform was not found on PATH: install it \(https://"):
        find_terraform()


@pytest.mark.parametrize("packed", [False, True])
def test_a_mirror_is_taken_from_the_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, packed: bool) -> None:
    monkeypatch.setenv(engine.MIRROR_SETTING, str(_provider(tmp_path, "6.4.0", packed=packed)))
    assert find_mirror() == tmp_path


@pytest.mark.parametrize("version", ["5.99.1", "6.2.0", "6.3.0", "7.0.0"])
def test_a_set_mirror_without_a_fitting_provider_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str
) -> None:
    monkeypatch.setenv(engine.MIRROR_SETTING, str(_provider(tmp_path, version)))
    with pytest.raises(TerraformError, match="unset it to use the registry"):
        find_mirror()


def test_a_mirror_without_what_a_stack_needs_is_an_error_and_one_found_by_chance_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old, needed = _provider(tmp_path, "5.100.0"), Versions(oldest=(6, 20))
    monkeypatch.setenv(engine.MIRROR_SETTING, str(old))
    assert find_mirror() == old
    with pytest.raises(TerraformError, match=r"holds no .*hashicorp/aws >= 6\.20, < 7\.0"):
        find_mirror(needed)
    monkeypatch.delenv(engine.MIRROR_SETTING)
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", str(old))
    assert find_mirror() == old
    assert find_mirror(needed) != old


def test_the_plugin_cache_comes_before_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(engine.MIRROR_SETTING, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", "~/cache")
    assert find_mirror() != tmp_path / "cache"
    _provider(tmp_path / "cache", "5.100.0")
    assert find_mirror() == tmp_path / "cache"


def _write(folder: Path, **document: Any) -> Terraform:
    (folder / "main.tf.json").write_text(json.dumps(document))
    return Terraform(folder)


@needs_terraform
def test_a_plan_names_changes_and_an_apply_streams_its_events(tmp_path: Path) -> None:
    terraform = _write(
        tmp_path, resource={"terraform_data": {"a": {"input": 1}}}, output={"x": {"value": {"y": [1, True]}}}
    )
    events: list[dict[str, Any]] = []
    terraform.on_event = events.append
    terraform.init()
    terraform.text("validate")
    assert planned(terraform) == ["terraform_data.a"]
    terraform.run("apply")
    assert "apply_complete" in {event["type"] for event in events}
    assert planned(terraform) == []
    assert json.loads(terraform.text("output", "-json"))["x"]["value"] == {"y": [1, True]}
    terraform.run("destroy")
    assert planned(terraform) == ["terraform_data.a"]


@needs_terraform
def test_terraform_itself_looks_in_its_own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mirror = find_mirror()
    if mirror is None:
        pytest.skip("there is no provider on this machine")
    (tmp_path / ".terraform.d").mkdir()
    (tmp_path / ".terraform.d/plugins").symlink_to(mirror)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    monkeypatch.setattr(engine, "find_mirror", lambda _versions: None)
    required = {"aws": {"source": "hashicorp/aws", "version": ">= 5.100, < 7.0"}}
    _write(tmp_path, terraform={"required_providers": required}).init()


@needs_terraform
def test_an_error_of_terraform_comes_out_with_its_place(tmp_path: Path) -> None:
    refusal = {"postcondition": [{"condition": "${self.output == 2}", "error_message": "not today"}]}
    terraform = _write(tmp_path, resource={"terraform_data": {"a": {"input": 1, "lifecycle": refusal}}})
    terraform.init()
    with pytest.raises(TerraformError, match=r"terraform apply: resource\.terraform_data\.a\..*not today"):
        terraform.run("apply")


@needs_terraform
def test_an_invalid_configuration_is_an_error_that_says_where(tmp_path: Path) -> None:
    terraform = _write(tmp_path, resource={"terraform_data": {"a": {"inptu": 1}}})
    terraform.init()
    with pytest.raises(TerraformError, match=r'(?s)terraform validate failed:.*"inptu"'):
        terraform.text("validate")


@needs_terraform
def test_a_cli_config_that_is_missing_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "missing.tfrc"))
    assert "TF_CLI_CONFIG_FILE" not in _write(tmp_path)._environment()
    (tmp_path / "missing.tfrc").touch()
    assert "TF_CLI_CONFIG_FILE" in _write(tmp_path)._environment()


@needs_terraform
def test_an_interrupted_apply_ends_cleanly_and_keeps_its_state(tmp_path: Path) -> None:
    slow = {"provisioner": {"local-exec": {"command": "sleep 1"}}, "depends_on": ["terraform_data.first"]}
    last = {"depends_on": ["terraform_data.slow"]}
    terraform = _write(tmp_path, resource={"terraform_data": {"first": {}, "slow": slow, "last": last}})

    def interrupt(event: dict[str, Any]) -> None:
        if event["type"] == "apply_start" and event["hook"]["resource"]["addr"] == "terraform_data.slow":
            raise KeyboardInterrupt

    terraform.init()
    terraform.on_event = interrupt
    with pytest.raises(KeyboardInterrupt):
        terraform.run("apply")
    terraform.on_event = lambda _event: None
    assert planned(terraform) == ["terraform_data.last", "terraform_data.slow"]
    assert not (tmp_path / ".terraform.tfstate.lock.info").exists()
