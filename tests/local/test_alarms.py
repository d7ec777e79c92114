"""CloudWatch alarms, above all as Terraform's provider reads them (CloudWatch User Guide, "Evaluating an alarm")."""

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.embedded import ACCOUNT, WEST, Aws

XML = {"m": "http://monitoring.amazonaws.com/doc/2010-08-01/"}
TOPIC = f"arn:aws:sns:{WEST}:{ACCOUNT}:alarms"


def query(aws: Aws, action: str, **parameters: str) -> ElementTree.Element:
    """A request in the query protocol, as provider 5.x sends it."""
    body = "&".join(f"{k}={v}" for k, v in {"Action": action, "Version": "2010-08-01", **parameters}.items())
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", f"{aws.url}/", data=body, headers=headers)
    SigV4Auth(Credentials("test", "test"), "monitoring", WEST).add_auth(request)
    return ElementTree.fromstring(httpx.post(f"{aws.url}/", content=body, headers=dict(request.headers)).text)


def alarm(aws: Aws, name: str, **settings: Any) -> None:
    aws("cloudwatch").put_metric_alarm(
        **{
            "AlarmName": name,
            "Namespace": name,
            "MetricName": "Depth",
            "Statistic": "Maximum",
            "Period": 60,
            "EvaluationPeriods": 2,
            "Threshold": 5.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            **settings,
        }
    )


def state(aws: Aws, name: str) -> str:
    return str(aws("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])


def seen(aws: Aws, name: str, *values: float, **dimensions: str) -> None:
    """One value for each of the last complete minutes, newest first."""
    minute = time.time() // 60 * 60
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    for ago, value in enumerate(values):
        at = datetime.fromtimestamp(minute - 60 * (ago + 1) + 30, UTC)
        datum = {"MetricName": "Depth", "Dimensions": named, "Timestamp": at, "Value": value}
        aws("cloudwatch").put_metric_data(Namespace=name, MetricData=[datum])


def test_the_query_protocol_reads_back_every_setting(aws: Aws, name: str) -> None:
    written = {
        "AlarmName": name,
        "AlarmDescription": "slow%20%26%20failing",
        "Namespace": "AWS/SQS",
        "MetricName": "Depth",
        "Statistic": "Maximum",
        "Period": "60",
        "EvaluationPeriods": "3",
        "DatapointsToAlarm": "2",
        "Threshold": "30000",
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "breaching",
        "ActionsEnabled": "true",
        "AlarmActions.member.1": TOPIC,
        "OKActions.member.1": TOPIC,
        "InsufficientDataActions.member.1": TOPIC,
        "Dimensions.member.1.Name": "QueueName",
        "Dimensions.member.1.Value": "q",
    }
    query(aws, "PutMetricAlarm", **written)
    answer = query(aws, "DescribeAlarms", **{"AlarmNames.member.1": name})
    (member,) = answer.findall(".//m:MetricAlarms/m:member", XML)
    read = {element.tag.partition("}")[2]: element.text for element in member}
    for key in ("Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "DatapointsToAlarm"):
        assert read[key] == written[key]
    for key in ("ComparisonOperator", "TreatMissingData", "ActionsEnabled"):
        assert read[key] == written[key]
    assert read["AlarmDescription"] == "slow & failing"
    assert float(read["Threshold"] or 0) == 30_000
    for actions in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        assert [m.text for m in member.findall(f"m:{actions}/m:member", XML)] == [TOPIC]
    assert member.findtext("m:Dimensions/m:member/m:Name", namespaces=XML) == "QueueName"


def test_the_query_protocol_reads_back_every_setting_of_a_composite(aws: Aws, name: str) -> None:
    both = [f"{name}-{each}" for each in "ab"]
    for each in both:
        alarm(aws, each)
    written = {
        "AlarmName": name,
        "AlarmDescription": "at risk",
        "AlarmRule": " OR ".join(f'ALARM("{each}")' for each in both),
        "ActionsEnabled": "true",
        "AlarmActions.member.1": TOPIC,
    }
    query(aws, "PutCompositeAlarm", **{key: quote(value) for key, value in written.items()})
    asked = {"AlarmNames.member.1": name, "AlarmTypes.member.1": "CompositeAlarm"}
    (member,) = query(aws, "DescribeAlarms", **asked).findall(".//m:CompositeAlarms/m:member", XML)
    read = {element.tag.partition("}")[2]: element.text for element in member}
    assert {key: read[key] for key in list(written)[:4]} == dict(list(written.items())[:4])
    assert [m.text for m in member.findall("m:AlarmActions/m:member", XML)] == [TOPIC]


def test_an_alarm_looks_at_its_own_dimensions_only(aws: Aws, name: str) -> None:
    seen(aws, name, 9, 9, Queue="another")
    for queue, expected in (("mine", "OK"), ("another", "ALARM")):
        alarm(aws, f"{name}-{queue}", Namespace=name, Dimensions=[{"Name": "Queue", "Value": queue}])
        assert state(aws, f"{name}-{queue}") == expected


def test_every_period_must_breach_unless_told_otherwise(aws: Aws, name: str) -> None:
    seen(aws, name, 9, 1)
    alarm(aws, f"{name}-both", Namespace=name)
    alarm(aws, f"{name}-one", Namespace=name, DatapointsToAlarm=1)
    assert state(aws, f"{name}-both") == "OK"
    assert state(aws, f"{name}-one") == "ALARM"


@pytest.mark.parametrize(
    ("treatment", "expected"), [("breaching", "ALARM"), ("notBreaching", "OK"), ("missing", "INSUFFICIENT_DATA")]
)
def test_missing_data_is_treated_as_told(aws: Aws, name: str, treatment: str, expected: str) -> None:
    alarm(aws, name, TreatMissingData=treatment)
    assert state(aws, name) == expected


def test_what_came_and_went_is_in_the_history_though_nobody_asked(aws: Aws, name: str) -> None:
    alarm(aws, name, Period=1, EvaluationPeriods=1)
    aws("cloudwatch").put_metric_data(Namespace=name, MetricData=[{"MetricName": "Depth", "Value": 9.0}])
    time.sleep(5)
    history = aws("cloudwatch").describe_alarm_history(AlarmName=name, HistoryItemType="StateUpdate")
    said = [item["HistorySummary"].rpartition(" ")[2] for item in history["AlarmHistoryItems"]]
    assert {"ALARM", "OK"} <= set(said)
