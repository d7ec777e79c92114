"""The functions as Lambda runs them: started from their environment, in an AWS that moto plays."""

import json
import subprocess
import sys
from typing import Any

import boto3
import pytest

from handlers.shared.environment import BadEnvironmentError
from tests.handlers.support import Context, http_event, ingress_event, signal

pytestmark = pytest.mark.usefixtures("aws")


def create(*buses: str, queues: tuple[str, ...] = ()) -> None:
    for bus in buses:
        boto3.client("events").create_event_bus(Name=bus)
    for queue in queues:
        boto3.client("sqs").create_queue(QueueName=queue)


def received(queue: str) -> list[dict[str, Any]]:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    return sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages", [])  # type: ignore[return-value]


def metrics(output: str) -> dict[str, int]:
    """What the lines in embedded metric format count."""
    counts: dict[str, int] = {}
    for line in map(json.loads, output.splitlines()):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            for metric in directive["Metrics"]:
                counts[metric["Name"]] = counts.get(metric["Name"], 0) + line[metric["Name"]]
    return counts


def test_ingest_publishes_through_the_endpoint(start, capsys, requests):
    create("signals-ingress", queues=("signals-spool",))
    function = start("ingest")
    answer = function.handler(http_event([signal("a"), signal("b"), 7]), Context())
    assert answer["statusCode"] == 202
    [request] = requests
    assert request["EndpointId"] == "abcde.veo"
    assert [entry["EventBusName"] for entry in request["Entries"]] == ["signals-ingress"]
    assert received("signals-spool") == []
    assert metrics(capsys.readouterr().out) == {"AcceptedSignals": 2, "RejectedSignals": 1, "Entries": 1}


def test_ingest_spools_what_the_endpoint_refuses_and_republish_brings_it_back(start, requests):
    create(queues=("signals-spool",))  # and no bus
    answer = start("ingest").handler(http_event(signal()), Context())
    assert answer["statusCode"] == 202
    [spooled] = received("signals-spool")

    create("signals-ingress")
    republish = start("republish")
    record = {"messageId": spooled["MessageId"], "body": spooled["Body"]}
    assert republish.handler({"Records": [record]}, Context()) == {"batchItemFailures": []}
    assert json.loads(requests[-1]["Entries"][0]["Detail"])["signals"] == [signal()]


def test_ingest_says_503_when_there_is_neither_bus_nor_spool(start):
    answer = start("ingest").handler(http_event(signal()), Context(seconds=1))
    assert answer["statusCode"] == 503
    assert answer["headers"]["retry-after"]
    assert json.loads(answer["body"])["results"][0]["status"] == "unavailable"


def test_enrichment_puts_one_event_a_signal_and_sets_bad_ones_aside(start, capsys, requests):
    create("signals-data", queues=("signals-quarantine",))
    function = start("enrichment")
    function.handler(ingress_event(signal("a"), {"id": "bad"}, *[signal(str(n)) for n in range(11)]), Context(60))
    assert [len(request["Entries"]) for request in requests] == [10, 2]
    assert {entry["EventBusName"] for request in requests for entry in request["Entries"]} == {"signals-data"}
    assert all("EndpointId" not in request for request in requests)
    [bad] = received("signals-quarantine")
    assert json.loads(bad["Body"]) == {"id": "bad"}
    attributes = {name: value["StringValue"] for name, value in bad["MessageAttributes"].items()}
    assert attributes == {
        "reason": "invalid_specversion",
        "message": 'specversion must be "1.0"',
        "batch_id": "b" * 32,
        "source": "demo",
    }
    assert metrics(capsys.readouterr().out) == {"EnrichedSignals": 12, "QuarantinedSignals": 1}


def test_everything_that_cannot_be_processed_is_in_the_quarantine(start):
    create("signals-data", queues=("signals-quarantine",))
    bad = [{"id": f"bad-{number}"} for number in range(9)]
    start("enrichment").handler(ingress_event(signal("a"), *bad), Context(60))
    found = [json.loads(message["Body"]) for message in received("signals-quarantine")]
    assert sorted(found, key=str) == bad


def test_enrichment_fails_when_the_quarantine_takes_nothing(start):
    create("signals-data")  # and no quarantine
    with pytest.raises(RuntimeError, match="the quarantine did not take 1 of 1"):
        start("enrichment").handler(ingress_event(signal(), 7), Context(11.6))


def test_enrichment_fails_when_the_bus_takes_nothing(start):
    create(queues=("signals-quarantine",))
    with pytest.raises(RuntimeError, match="took none of 1"):
        start("enrichment").handler(ingress_event(signal()), Context(60))


def test_no_signal_key_or_address_is_logged(start, capsys):
    create(queues=("signals-spool",))
    start("ingest").handler(http_event(signal(data={"card": "4111"})), Context())
    output = capsys.readouterr().out
    assert "refused" in output
    assert not any(secret in output for secret in ("4111", "local-write-key", "203.0.113"))


# Cold starts

FUNCTIONS_AND_VARIABLES = [
    ("ingest", "EVENT_BUS_NAME"),
    ("ingest", "EVENT_ENDPOINT_ID"),
    ("ingest", "SPOOL_QUEUE_URL"),
    ("ingest", "MAX_SIGNAL_BYTES"),
    ("ingest", "AWS_REGION"),
    ("enrichment", "ACCOUNT_ID"),
    ("enrichment", "DATA_BUS_NAME"),
    ("enrichment", "QUARANTINE_QUEUE_URL"),
    ("republish", "EVENT_BUS_NAME"),
    ("republish", "EVENT_ENDPOINT_ID"),
    ("profile", "STATE_TABLE"),
]


@pytest.mark.parametrize(("name", "variable"), FUNCTIONS_AND_VARIABLES)
@pytest.mark.parametrize("value", [None, "", "no such thing!"])
def test_a_bad_environment_fails_the_cold_start_and_names_the_variable(
    start, function_environment, name, variable, value
):
    if value is None:
        function_environment.delenv(variable)
    else:
        function_environment.setenv(variable, value)
    with pytest.raises(BadEnvironmentError, match=variable):
        start(name)


@pytest.mark.parametrize("size", ["1023", "240001"])
def test_a_signal_size_that_the_spool_could_not_take_fails_the_cold_start(start, function_environment, size):
    function_environment.setenv("MAX_SIGNAL_BYTES", size)
    with pytest.raises(BadEnvironmentError, match="1024 to 240000"):
        start("ingest")


@pytest.mark.parametrize("content", [None, "{", "{}", "[]", '{"demo": ["key"]}', '{"demo": 5}'])
@pytest.mark.parametrize("name", ["ingest", "enrichment"])
def test_bad_sources_fail_the_cold_start(start, tmp_path, name, content):
    if content is None:
        (tmp_path / "sources.json").unlink()
    else:
        (tmp_path / "sources.json").write_text(content)
    with pytest.raises(BadEnvironmentError, match=r"sources\.json"):
        start(name)


@pytest.mark.parametrize("name", ["ingest", "republish"])
def test_a_missing_awscrt_fails_the_cold_start_and_says_what_to_do(start, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "awscrt.auth", None)
    with pytest.raises(RuntimeError, match="awscrt wheel of this function's own Python and CPU"):
        start(name)


def test_switching_awscrt_off_fails_the_cold_start(function_environment):
    function_environment.setenv("BOTO_DISABLE_CRT", "true")
    started = subprocess.run(
        [sys.executable, "-c", "import handlers.ingest.handler"], capture_output=True, text=True, check=False
    )
    assert "BOTO_DISABLE_CRT switches awscrt off" in started.stderr


@pytest.mark.parametrize("name", ["ingest", "enrichment", "republish", "profile"])
def test_the_sdk_does_not_retry_behind_the_ladder(start, made_clients, name):
    start(name)
    assert made_clients
    for config in (client.meta.config for client in made_clients):
        assert config.retries["total_max_attempts"] == (3 if name == "profile" else 1)
        assert config.connect_timeout + config.read_timeout <= 3
