"""Lambda's managed Python runtime (Lambda Developer Guide, "Building Lambda functions with Python")."""

import json

import pytest

from tests.support.embedded import EAST, Aws

TRY = """
import importlib, os
def handler(event, context):
    try:
        importlib.import_module(event)
    except ImportError as error:
        return str(error)
    return os.environ["AWS_REGION"]
"""


@pytest.fixture(scope="module")
def function(aws: Aws) -> str:
    return aws.function("managed-runtime", TRY, EAST, Timeout=20)


@pytest.mark.parametrize("package", ["boto3", "json", "sqlite3"])
def test_a_function_finds_the_standard_library_and_boto3(aws: Aws, function: str, package: str) -> None:
    assert invoke(aws, function, package) == EAST


@pytest.mark.parametrize("package", ["pydantic", "awscrt", "orjson", "handlers", "ministack"])
def test_a_function_finds_nothing_else_that_its_archive_lacks(aws: Aws, function: str, package: str) -> None:
    assert invoke(aws, function, package) == f"No module named '{package}'"


def invoke(aws: Aws, function: str, package: str) -> str:
    answer = aws("lambda", EAST).invoke(FunctionName=function, Payload=json.dumps(package).encode())
    return str(json.loads(answer["Payload"].read()))
