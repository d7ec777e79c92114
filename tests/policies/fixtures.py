"""For each rule, changes of the recorded `prod` stack that break it and nothing else."""

import json
from collections.abc import Callable
from typing import Any

from components.resource_types import BUS_PERMISSION, BUS_POLICY, TABLE
from signals.recording.iam import as_list
from tests.policies.changes import Changes

Fixture = Callable[[Changes], Any]
FIXTURES: list[tuple[str, Fixture]] = []


def breaks(rule_id: str) -> Callable[[Fixture], Fixture]:
    def add(fixture: Fixture) -> Fixture:
        FIXTURES.append((rule_id, fixture))
        return fixture

    return add


def _endpoint(c: Changes) -> dict[str, Any]:
    return c.inputs("EventEndpoint", "ingress-endpoint")


def _alarm(c: Changes) -> dict[str, Any]:
    return c.inputs("MetricAlarm", "failover-alarm")


def _check(c: Changes) -> dict[str, Any]:
    return c.inputs("HealthCheck", "failover-check")


def _target(c: Changes) -> dict[str, Any]:
    return c.inputs("EventTarget", "processing-us-west-2-enrichment-target")


def _pattern(c: Changes, rule: str, pattern: dict[str, Any]) -> None:
    c.inputs("EventRule", rule)["eventPattern"] = json.dumps(pattern)


@breaks("EB-ENDPOINT-REPLICATION")
def replication_is_off(c: Changes) -> None:
    _endpoint(c)["replicationConfig"]["state"] = "DISABLED"


@breaks("EB-ENDPOINT-BUSES")
def it_fails_over_to_a_region_without_a_bus(c: Changes) -> None:
    _endpoint(c)["routingConfig"]["failoverConfig"]["secondary"]["route"] = "us-east-2"


@breaks("EB-ENDPOINT-BUSES")
def it_lists_one_bus(c: Changes) -> None:
    del _endpoint(c)["eventBuses"][1]


@breaks("EB-ENDPOINT-ROLE")
def nobody_may_assume_the_role(c: Changes) -> None:
    with c.policy("Role", "ingress-replication", "assumeRolePolicy") as statements:
        statements[0]["Principal"]["Service"] = "scheduler.amazonaws.com"


@breaks("EB-ENDPOINT-ROLE")
def the_role_may_not_pass_itself(c: Changes) -> None:
    with c.policy("RolePolicy", "ingress-replication-policy") as statements:
        del statements[2]


@breaks("EB-ENDPOINT-ROLE")
def the_role_knows_one_regions_bus(c: Changes) -> None:
    with c.policy("RolePolicy", "ingress-replication-policy") as statements:
        del statements[1]["Resource"][1]


@breaks("EB-ENDPOINT-ROLE")
def the_role_has_the_wrong_prefix(c: Changes) -> None:
    with c.policy("RolePolicy", "ingress-replication-policy") as statements:
        statements[0]["Resource"] = statements[0]["Resource"].replace("GlobalEndpointManagedRule", "ManagedRule")


@breaks("EB-HEALTH-CHECK")
def the_check_asks_an_address(c: Changes) -> None:
    _check(c)["type"] = "HTTPS"


@breaks("EB-HEALTH-HELD")
def the_check_is_disabled(c: Changes) -> None:
    _check(c)["disabled"] = True


@breaks("EB-HEALTH-METRIC")
def the_alarm_has_a_dimension(c: Changes) -> None:
    _alarm(c)["dimensions"] = {"EventBusName": "signals-prod-ingress"}


@breaks("EB-HEALTH-METRIC")
def the_alarm_spells_the_metric_as_the_table_does(c: Changes) -> None:
    _alarm(c)["metricName"] = "IngestiontoInvocationStartLatency"


@breaks("EB-HEALTH-ALARM-FORM")
def the_alarm_wants_three_of_five(c: Changes) -> None:
    _alarm(c)["datapointsToAlarm"] = 3


@breaks("EB-HEALTH-ALARM-FORM")
def the_alarm_takes_a_percentile(c: Changes) -> None:
    del _alarm(c)["statistic"]
    _alarm(c)["extendedStatistic"] = "p99"


@breaks("EB-HEALTH-TRACKS-ALARM")
def the_check_is_not_told_of_a_new_threshold(c: Changes) -> None:
    _alarm(c)["threshold"] = 20_000


@breaks("EB-HEALTH-MISSING-DATA")
def no_data_is_a_breach_to_the_alarm_alone(c: Changes) -> None:
    _check(c)["insufficientDataHealthStatus"] = "Healthy"


@breaks("EB-HEALTH-HELD")
def a_drill_was_left_on(c: Changes) -> None:
    _check(c)["invertHealthcheck"] = True


@breaks("EB-HEARTBEAT")
def nothing_beats(c: Changes) -> None:
    c.remove("Schedule", "heartbeat-schedule")


@breaks("EB-HEARTBEAT")
def it_beats_once_an_hour(c: Changes) -> None:
    c.inputs("Schedule", "heartbeat-schedule")["scheduleExpression"] = "rate(1 hour)"


@breaks("EB-HEARTBEAT")
def nothing_matches_the_heartbeat(c: Changes) -> None:
    _pattern(c, "heartbeat-subscription-rule", {"source": ["something.else"]})


@breaks("EB-PUBLISHER-BUSES")
def ingest_may_put_on_one_regions_bus(c: Changes) -> None:
    with c.policy("RolePolicy", "api-us-west-2-ingest-role-policy") as statements:
        (put,) = [s for s in statements if s["Action"] == "events:PutEvents"]
        del put["Resource"][1]


@breaks("EB-PUBLISHER-BUSES")
def ingest_may_put_on_every_bus(c: Changes) -> None:
    with c.policy("RolePolicy", "api-us-west-2-ingest-role-policy") as statements:
        (put,) = [s for s in statements if s["Action"] == "events:PutEvents"]
        put["Resource"].append("arn:aws:events:*:444455556666:event-bus/*")


@breaks("EB-PUT-SCOPE")
def enrichment_may_put_on_every_bus(c: Changes) -> None:
    with c.policy("RolePolicy", "processing-us-west-2-enrichment-role-policy") as statements:
        (put,) = [s for s in statements if s["Action"] == "events:PutEvents"]
        put["Resource"] = "arn:aws:events:us-west-2:444455556666:event-bus/*"


@breaks("EB-PUT-SOURCE")
def enrichment_may_speak_as_anybody(c: Changes) -> None:
    with c.policy("RolePolicy", "processing-us-west-2-enrichment-role-policy") as statements:
        (put,) = [s for s in statements if s["Action"] == "events:PutEvents"]
        del put["Condition"]


@breaks("EB-TARGET-RETRY")
def a_target_states_no_retries(c: Changes) -> None:
    del _target(c)["retryPolicy"]


@breaks("EB-TARGET-RETRY")
def a_target_is_retried_for_an_hour(c: Changes) -> None:
    _target(c)["retryPolicy"]["maximumEventAgeInSeconds"] = 3_600


@breaks("EB-TARGET-DLQ")
def a_target_has_no_dead_letter_queue(c: Changes) -> None:
    del _target(c)["deadLetterConfig"]


@breaks("EB-QUEUE-POLICY")
def a_dead_letter_queue_takes_nothing(c: Changes) -> None:
    with c.policy("QueuePolicy", "processing-us-west-2-enrichment-dlq-policy") as statements:
        del statements[1]


@breaks("EB-QUEUE-POLICY")
def a_target_queue_takes_another_rules_events(c: Changes) -> None:
    with c.policy("QueuePolicy", "processing-us-west-2-orders-queue-policy") as statements:
        arn = "arn:aws:events:us-west-2:444455556666:rule/signals-prod-data/signals-prod-other"
        statements[1]["Condition"]["ArnEquals"]["aws:SourceArn"] = [arn]


@breaks("EB-INVOKE-PERMISSION")
def a_rule_may_not_invoke_its_function(c: Changes) -> None:
    c.remove("Permission", "processing-us-west-2-enrichment-invoked-by-ingress-rule")


@breaks("LAMBDA-FAILURE-DESTINATION")
def what_a_function_fails_on_is_gone(c: Changes) -> None:
    del c.inputs("FunctionEventInvokeConfig", "processing-us-west-2-profile-async")["destinationConfig"]


@breaks("LAMBDA-FAILURE-DESTINATION")
def a_function_may_not_send_to_its_destination(c: Changes) -> None:
    with c.policy("RolePolicy", "processing-us-west-2-profile-role-policy") as statements:
        statements[:] = [s for s in statements if s["Action"] != "sqs:SendMessage"]


@breaks("EB-DEAD-LETTERS-ALARMED")
def nobody_watches_a_dead_letter_queue(c: Changes) -> None:
    c.remove("MetricAlarm", "processing-us-west-2-lake-dlq-alarm")


@breaks("EB-NO-BUS-CHAIN")
def a_rule_feeds_a_third_bus(c: Changes) -> None:
    inputs = c.inputs("EventTarget", "processing-us-west-2-lake-target")
    inputs["arn"] = "arn:aws:events:us-west-2:111122223333:event-bus/somebody-elses"


@breaks("EB-ARCHIVE-SECONDARY")
def the_secondary_keeps_nothing(c: Changes) -> None:
    c.remove("EventArchive", "ingress-archive-us-east-1")


@breaks("EB-ARCHIVE-SECONDARY")
def the_secondary_keeps_a_day(c: Changes) -> None:
    c.inputs("EventArchive", "ingress-archive-us-east-1")["retentionDays"] = 1


@breaks("EB-ARCHIVE-SECONDARY")
def the_secondary_keeps_some(c: Changes) -> None:
    c.inputs("EventArchive", "ingress-archive-us-east-1")["eventPattern"] = '{"source": ["signals.ingest"]}'


@breaks("EB-ARCHIVE-SECONDARY")
def the_secondary_leaves_out_what_ingest_puts(c: Changes) -> None:
    pattern = {"source": [{"anything-but": ["signals.heartbeat", "signals.ingest"]}]}
    c.inputs("EventArchive", "ingress-archive-us-east-1")["eventPattern"] = json.dumps(pattern)


@breaks("EB-RETURN-PATH")
def nothing_takes_replays(c: Changes) -> None:
    _pattern(c, "return-subscription-rule", {"replay-name": [{"exists": False}]})


@breaks("EB-RETURN-PATH")
def the_way_back_ends_in_the_secondary(c: Changes) -> None:
    with c.policy("RolePolicy", "return-return-path-role-policy") as statements:
        (put,) = [s for s in statements if s["Action"] == "events:PutEvents"]
        put["Resource"] = ["arn:aws:events:us-east-1:444455556666:event-bus/signals-prod-ingress"]


@breaks("EB-REPLAY-STANCE")
def the_secondary_processes_replays_too(c: Changes) -> None:
    _pattern(c, "active-active-us-east-1-enrichment-rule", {"source": [{"anything-but": ["signals.heartbeat"]}]})


def _bus_policy(c: Changes, **statement: Any) -> None:
    body = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*", **statement}
    bus = ("EventBus", "ingress-bus-us-west-2")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [body]})
    c.add(bus, BUS_POLICY, {"policy": policy})


@breaks("EB-BUS-POLICY")
def the_world_may_put(c: Changes) -> None:
    _bus_policy(c, Principal={"AWS": "*"})


@breaks("EB-BUS-POLICY")
def an_organisation_may_put_anything(c: Changes) -> None:
    _bus_policy(c, Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}})


@breaks("EB-BUS-POLICY")
def a_permission_lets_the_world_in(c: Changes) -> None:
    bus = ("EventBus", "ingress-bus-us-west-2")
    c.add(bus, BUS_PERMISSION, {"principal": "*", "statementId": "all"})


@breaks("IAM-NO-WILDCARD")
def a_role_may_do_anything_to_a_queue(c: Changes) -> None:
    with c.policy("RolePolicy", "spool-us-west-2-republish-role-policy") as statements:
        (receive,) = [s for s in statements if "sqs:ReceiveMessage" in s["Action"]]
        receive["Action"] = "sqs:*"


@breaks("IAM-NO-WILDCARD")
def a_role_may_read_every_table(c: Changes) -> None:
    with c.policy("RolePolicy", "processing-us-west-2-profile-role-policy") as statements:
        (tables,) = [s for s in statements if "dynamodb:GetItem" in s["Action"]]
        tables["Resource"] = "*"


@breaks("IAM-NO-WILDCARD")
def a_role_may_write_to_every_bucket_of_a_prefix(c: Changes) -> None:
    with c.policy("RolePolicy", "processing-us-west-2-lake-role-policy") as statements:
        (objects,) = [s for s in statements if "s3:PutObject" in s["Action"]]
        objects["Resource"] = "arn:aws:s3:::signals-prod-*/*"


@breaks("DATA-ENCRYPTED")
def a_queue_is_plain(c: Changes) -> None:
    c.inputs("Queue", "spool-us-west-2-queue-queue")["sqsManagedSseEnabled"] = False


@breaks("DATA-ENCRYPTED")
def the_bucket_says_nothing_of_encryption(c: Changes) -> None:
    c.remove("BucketServerSideEncryptionConfiguration", "processing-us-west-2-lake-encryption")


@breaks("DATA-TLS")
def the_bucket_takes_plain_http(c: Changes) -> None:
    c.remove("BucketPolicy", "processing-us-west-2-lake-policy")


@breaks("DATA-TLS")
def the_domain_speaks_tls_1_0(c: Changes) -> None:
    c.inputs("DomainName", "domain-name-us-west-2")["domainNameConfiguration"]["securityPolicy"] = "TLS_1_0"


@breaks("DATA-PUBLIC-ACCESS")
def the_bucket_can_be_opened(c: Changes) -> None:
    c.inputs("BucketPublicAccessBlock", "processing-us-west-2-lake-public-access")["restrictPublicBuckets"] = False


@breaks("EB-NO-CLIENT-TIME")
def the_publisher_passes_the_clients_time_on(c: Changes) -> None:
    def change(files: dict[str, bytes]) -> None:
        files["handlers/ingest/entry.py"] = b"def entry(signal):\n    return {'Detail': '{}', 'Time': signal['time']}\n"

    c.archive("api-us-west-2-ingest-function", change)


@breaks("EB-PUBLISHER-CRT")
def ingest_is_packaged_without_crt(c: Changes) -> None:
    def change(files: dict[str, bytes]) -> None:
        for name in [name for name in files if "awscrt" in name]:
            del files[name]

    c.archive("api-us-west-2-ingest-function", change)


def _patched(part: str, offset: int, value: int) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        (name,) = [name for name in files if name.startswith(part) and name.endswith(".so")]
        content = bytearray(files[name])
        content[offset] = value
        files[name] = bytes(content)

    return change


@breaks("LAMBDA-ARCHITECTURE")
def awscrt_is_for_another_cpu(c: Changes) -> None:
    c.archive("api-us-west-2-ingest-function", _patched("_awscrt", 18, 0x3E))


@breaks("LAMBDA-ARCHITECTURE")
def a_module_is_for_another_python(c: Changes) -> None:
    def change(files: dict[str, bytes]) -> None:
        crt = next(content for name, content in files.items() if name.startswith("_awscrt"))
        files["extra.cpython-39-aarch64-linux-gnu.so"] = crt[:64]

    c.archive("api-us-west-2-ingest-function", change)


@breaks("LOGS-RETENTION")
def a_log_is_kept_for_ever(c: Changes) -> None:
    del c.inputs("LogGroup", "api-us-west-2-access-logs")["retentionInDays"]


@breaks("LOGS-RETENTION")
def a_function_makes_its_own_log(c: Changes) -> None:
    c.remove("LogGroup", "api-us-west-2-ingest-logs")


@breaks("QUOTAS-EQUAL")
def the_secondary_throttles_sooner(c: Changes) -> None:
    c.inputs("Stage", "api-us-east-1-stage")["defaultRouteSettings"]["throttlingRateLimit"] = 100


@breaks("QUOTAS-EQUAL")
def the_secondary_has_less_memory(c: Changes) -> None:
    c.inputs("Function", "api-us-east-1-ingest-function")["memorySize"] = 128


@breaks("NAMES-UNIQUE")
def two_alarms_have_one_name(c: Changes) -> None:
    other = c.inputs("MetricAlarm", "processing-us-west-2-lake-dlq-alarm")
    c.inputs("MetricAlarm", "processing-us-west-2-orders-dlq-alarm")["name"] = other["name"]


@breaks("NAMES-UNIQUE")
def two_roles_in_two_regions_differ_by_case_alone(c: Changes) -> None:
    c.inputs("Role", "probe-schedule-role")["name"] = c.inputs("Role", "heartbeat-role")["name"].upper()


@breaks("NAMES-UNIQUE")
def a_replica_has_the_name_of_a_table(c: Changes) -> None:
    c.add(("Table", "profile-tables-state"), TABLE, dict(c.inputs("Table", "profile-tables-idempotency")))


@breaks("NAMES-UNIQUE")
def two_rules_of_one_bus_have_one_name(c: Changes) -> None:
    orders = c.inputs("EventRule", "processing-us-west-2-orders-rule")
    c.inputs("EventRule", "processing-us-west-2-lake-rule")["name"] = orders["name"]


def _trusts(c: Changes, role: str, service: str) -> None:
    with c.policy("Role", role, "assumeRolePolicy") as statements:
        statements[0]["Principal"]["Service"] = service


@breaks("IAM-TRUST")
def firehose_cannot_be_assumed(c: Changes) -> None:
    _trusts(c, "processing-us-west-2-lake-role", "kinesis.amazonaws.com")


@breaks("IAM-TRUST")
def the_lakes_rules_role_trusts_firehose(c: Changes) -> None:
    _trusts(c, "processing-us-west-2-lake-delivery", "firehose.amazonaws.com")


@breaks("IAM-TRUST")
def a_functions_role_trusts_another_service(c: Changes) -> None:
    _trusts(c, "spool-us-east-1-republish-role", "events.amazonaws.com")


@breaks("IAM-TRUST")
def the_heartbeats_role_trusts_events(c: Changes) -> None:
    _trusts(c, "heartbeat-role", "events.amazonaws.com")


def _may_not(c: Changes, policy: str, action: str) -> None:
    with c.policy("RolePolicy", f"{policy}-policy") as statements:
        for statement in statements:
            if action in statement["Action"]:
                statement["Action"] = [
                    a for a in as_list(statement["Action"]) if a != action
                ] or "sts:GetCallerIdentity"


@breaks("IAM-ROLE-SUFFICES")
def a_poller_may_not_delete(c: Changes) -> None:
    _may_not(c, "spool-us-west-2-republish-role", "sqs:DeleteMessage")


@breaks("IAM-ROLE-SUFFICES")
def firehose_may_not_write(c: Changes) -> None:
    _may_not(c, "processing-us-west-2-lake-role", "s3:PutObject")


@breaks("IAM-ROLE-SUFFICES")
def firehose_may_write_another_bucket(c: Changes) -> None:
    with c.policy("RolePolicy", "processing-us-west-2-lake-role-policy") as statements:
        (objects,) = [s for s in statements if "s3:PutObject" in s["Action"]]
        objects["Resource"] = "arn:aws:s3:::signals-other-lake/*"


@breaks("IAM-ROLE-SUFFICES")
def the_lakes_rule_may_not_put(c: Changes) -> None:
    _may_not(c, "processing-us-west-2-lake-delivery", "firehose:PutRecord")


@breaks("IAM-ROLE-SUFFICES")
def a_function_is_traced_and_may_not_send_its_traces(c: Changes) -> None:
    c.inputs("Function", "processing-us-west-2-profile-function")["tracingConfig"] = {"mode": "Active"}


@breaks("IAM-ROLE-SUFFICES")
def the_profile_may_not_write(c: Changes) -> None:
    _may_not(c, "processing-us-west-2-profile-role", "dynamodb:PutItem")


@breaks("IAM-ROLE-SUFFICES")
def the_profile_may_write_in_the_other_region_alone(c: Changes) -> None:
    with c.policy("RolePolicy", "active-active-us-east-1-profile-role-policy") as statements:
        (tables,) = [s for s in statements if "dynamodb:PutItem" in s["Action"]]
        tables["Resource"] = [arn.replace("us-east-1", "us-west-2") for arn in tables["Resource"]]


@breaks("IAM-ROLE-SUFFICES")
def enrichment_may_not_quarantine(c: Changes) -> None:
    with c.policy("RolePolicy", "processing-us-west-2-enrichment-role-policy") as statements:
        statements[:] = [s for s in statements if "quarantine" not in str(s["Resource"])]


@breaks("IAM-ROLE-SUFFICES")
def enrichment_may_not_put(c: Changes) -> None:
    with c.policy("RolePolicy", "processing-us-west-2-enrichment-role-policy") as statements:
        statements[:] = [s for s in statements if s["Action"] != "events:PutEvents"]


@breaks("IAM-ROLE-SUFFICES")
def ingest_may_not_spool(c: Changes) -> None:
    _may_not(c, "api-us-east-1-ingest-role", "sqs:SendMessage")


@breaks("IAM-ROLE-SUFFICES")
def the_schedule_may_not_invoke_the_canary(c: Changes) -> None:
    _may_not(c, "probe-schedule-role", "lambda:InvokeFunction")


@breaks("IAM-ROLE-SUFFICES")
def a_function_may_not_log(c: Changes) -> None:
    _may_not(c, "probe-canary-role", "logs:PutLogEvents")


@breaks("IAM-SCHEDULE-SOURCE")
def the_heartbeats_role_may_put_probes(c: Changes) -> None:
    with c.policy("RolePolicy", "heartbeat-role-policy") as statements:
        statements[0]["Condition"]["StringEquals"]["events:source"] = "signals.probe"


@breaks("API-INVOKE-PERMISSION")
def the_api_may_not_invoke(c: Changes) -> None:
    c.remove("Permission", "api-us-east-1-ingest-invoked-by-api")


@breaks("API-INVOKE-PERMISSION")
def another_api_may_invoke(c: Changes) -> None:
    permission = c.inputs("Permission", "api-us-west-2-ingest-invoked-by-api")
    permission["sourceArn"] = "arn:aws:execute-api:us-west-2:444455556666:other/*/*"


@breaks("SQS-RETENTION")
def a_consumers_queue_keeps_a_minute(c: Changes) -> None:
    c.inputs("Queue", "processing-us-west-2-orders-queue-queue")["messageRetentionSeconds"] = 60


@breaks("SQS-RETENTION")
def the_spool_keeps_what_sqs_keeps_by_itself(c: Changes) -> None:
    del c.inputs("Queue", "spool-us-west-2-queue-queue")["messageRetentionSeconds"]


@breaks("SQS-RETENTION")
def the_heartbeats_dead_letters_are_soon_forgotten(c: Changes) -> None:
    c.inputs("Queue", "heartbeat-subscription-dlq-queue")["messageRetentionSeconds"] = 60


@breaks("LAMBDA-MAPPING")
def nothing_drains_the_spool(c: Changes) -> None:
    c.inputs("EventSourceMapping", "spool-us-west-2-mapping")["enabled"] = False


@breaks("LAMBDA-MAPPING")
def what_could_not_be_published_is_deleted(c: Changes) -> None:
    c.inputs("EventSourceMapping", "return-mapping")["functionResponseTypes"] = []


def _spool(c: Changes) -> dict[str, Any]:
    return c.inputs("Queue", "spool-us-west-2-queue-queue")


@breaks("SQS-REDRIVE")
def the_spool_gives_up_after_three_receives(c: Changes) -> None:
    _spool(c)["redrivePolicy"] = _spool(c)["redrivePolicy"].replace('"maxReceiveCount": 240', '"maxReceiveCount": 3')


@breaks("SQS-REDRIVE")
def the_spool_has_no_dead_letter_queue(c: Changes) -> None:
    del _spool(c)["redrivePolicy"]


@breaks("SQS-REDRIVE")
def a_message_is_visible_before_the_function_has_ended(c: Changes) -> None:
    _spool(c)["visibilityTimeoutSeconds"] = 59
    _spool(c)["redrivePolicy"] = _spool(c)["redrivePolicy"].replace('"maxReceiveCount": 240', '"maxReceiveCount": 9999')


@breaks("EB-RULE-WORKS")
def a_rule_is_disabled(c: Changes) -> None:
    c.inputs("EventRule", "processing-us-west-2-enrichment-rule")["state"] = "DISABLED"


@breaks("EB-RULE-WORKS")
def a_rule_has_no_target(c: Changes) -> None:
    c.remove("EventTarget", "processing-us-west-2-lake-target")


@breaks("LAMBDA-TIMEOUT")
def enrichment_has_less_time_than_it_keeps(c: Changes) -> None:
    for name in ("processing-us-west-2", "active-active-us-east-1"):
        c.inputs("Function", f"{name}-enrichment-function")["timeout"] = 11


@breaks("LAMBDA-TIMEOUT")
def the_canary_has_three_seconds(c: Changes) -> None:
    c.inputs("Function", "probe-canary-function")["timeout"] = 3


@breaks("LAMBDA-RESERVED")
def a_function_may_never_run(c: Changes) -> None:
    c.inputs("Function", "return-return-path-function")["reservedConcurrentExecutions"] = 0


def _environment(c: Changes, function: str) -> dict[str, Any]:
    variables: dict[str, Any] = c.inputs("Function", function)["environment"]["variables"]
    return variables


@breaks("LAMBDA-ENVIRONMENT")
def the_return_path_puts_into_its_own_region(c: Changes) -> None:
    _environment(c, "return-return-path-function")["PRIMARY_REGION"] = "us-east-1"


@breaks("LAMBDA-ENVIRONMENT")
def the_profile_is_told_of_a_table_that_is_not_there(c: Changes) -> None:
    _environment(c, "processing-us-west-2-profile-function")["STATE_TABLE"] = "signals-dev-profile-state"


@breaks("LAKE-LIFECYCLE")
def the_life_cycle_deletes_signals(c: Changes) -> None:
    rules = c.inputs("BucketLifecycleConfiguration", "processing-us-west-2-lake-lifecycle")["rules"]
    rules[0]["expiration"] = {"days": 1}


@breaks("LAKE-LIFECYCLE")
def the_rule_for_results_deletes_everything(c: Changes) -> None:
    rules = c.inputs("BucketLifecycleConfiguration", "processing-us-west-2-lake-lifecycle")["rules"]
    rules[1]["filter"] = {"prefix": ""}


@breaks("IAM-ROLE-SUFFICES")
def the_lakes_rule_has_no_role(c: Changes) -> None:
    del c.inputs("EventTarget", "processing-us-west-2-lake-target")["roleArn"]


@breaks("LAMBDA-FAILURE-DESTINATION")
def what_the_canary_fails_on_is_gone(c: Changes) -> None:
    c.remove("FunctionEventInvokeConfig", "probe-canary-async")


@breaks("ALARM-NOTIFIES")
def an_alarm_notifies_nobody(c: Changes) -> None:
    c.inputs("MetricAlarm", "probe-missing-us-east-1")["alarmActions"] = []


@breaks("ALARM-NOTIFIES")
def an_alarm_is_not_told_whom_to_notify(c: Changes) -> None:
    del _alarm(c)["alarmActions"]


@breaks("ALARM-NOTIFIES")
def an_alarms_actions_are_switched_off(c: Changes) -> None:
    _alarm(c)["actionsEnabled"] = False


@breaks("ALARM-NOTIFIES")
def an_alarm_notifies_a_topic_of_the_other_region(c: Changes) -> None:
    _alarm(c)["alarmActions"] = [_alarm(c)["alarmActions"][0].replace("us-west-2", "us-east-1")]
