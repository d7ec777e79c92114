"""What `signals permissions` says is enough for a deployment: held against what one asked of the embedded AWS."""

import json

from signals.local.middleware import REQUEST_LOG
from tests.support.deployed import Deployment
from tests.support.operations import actions

# The provider's second way to learn the account id, when STS does not say it; nothing depends on its answer
# (hashicorp/aws-sdk-go-base, awsauth.go). sts:GetCallerIdentity itself needs no permission (STS API reference).
_NOT_NEEDED = {"iam:GetUser", "sts:GetCallerIdentity"}


def test_every_call_of_a_deployment_is_allowed_and_no_service_that_it_does_not_call(deployment: Deployment) -> None:
    requests = [json.loads(line) for line in (deployment.home / REQUEST_LOG).read_text().splitlines()]
    called = {action.lower() for action in actions(requests)} - {action.lower() for action in _NOT_NEEDED}
    assert {"sqs:createqueue", "s3:createbucket", "lambda:createfunction", "iam:createrole"} <= called

    documents = json.loads(deployment.run("permissions", "--stack", "local").stdout)
    statements = [statement for document in documents.values() for statement in document["Statement"]]
    allowed = {
        action.lower()
        for statement in statements
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert called - allowed == set()
    assert services(allowed) - services(called) == set()


def services(named: set[str]) -> set[str]:
    return {action.partition(":")[0] for action in named}
