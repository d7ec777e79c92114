"""What works on an output is refused, by resource and property; what uses one whole is not."""

import base64
import hashlib
import json
import re
import urllib.parse
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from components.parts.references import endpoint_id
from components.resource_types import QUEUE
from signals.errors import RecordError
from signals.recording.record import record_program
from signals.recording.resources import Recording
from signals.terraform.emit import emit
from tests.support.sample import beside, options

Work = Callable[[str], Any]

ARNS = (
    "arn:aws:sqs:us-west-2:444455556666:signals-prod-spool",
    "arn:aws:sqs:eu-central-1:111122223333:orders_dlq.fifo",
    "arn:aws-cn:sqs:cn-north-1:999900001111:a-0123456789-bcdefghijklmnopqrstuvwxyz",
)


def recorded(work: Work, output: str = "arn") -> Recording:
    """A program that gives a queue what `work` makes of an output of another."""

    def program() -> None:
        opts = options()
        first = aws.sqs.Queue("first", opts=opts)
        made = getattr(first, output).apply(work)
        aws.sqs.Queue("second", name="second", tags={"made": made.apply(str)}, opts=opts)

    return record_program(program)


REFUSED = r"aws:sqs/queue:Queue 'second': property tags\.made .*works on an output"


@pytest.mark.parametrize(
    "work",
    [
        lambda arn: arn.split(":")[0],
        lambda arn: arn.split(":")[-1],
        lambda arn: arn.split(":")[5],
        lambda arn: arn.upper(),
        lambda arn: arn.lower(),
        lambda arn: arn[:3],
        lambda arn: arn[-12:],
        len,
        lambda arn: len(arn) > 64,
        lambda arn: hashlib.sha256(arn.encode()).hexdigest()[:8],
        hash,
        lambda arn: "yes" if arn.startswith("arn:") else "no",
        lambda arn: arn.removeprefix("arn:aws:sqs:"),
        lambda arn: arn.replace(":", "-"),
        lambda arn: arn.replace("-", "_"),
        lambda arn: arn.title(),
        lambda arn: re.sub(r"\d+", "*", arn),
        lambda arn: base64.b64encode(arn.encode()).decode(),
        lambda arn: urllib.parse.quote(arn, safe=""),
        lambda arn: arn.ljust(200),
        lambda arn: "".join(reversed(arn)),
        lambda arn: int(arn.split(":")[4]),
    ],
)
def test_work_on_an_arn_is_refused(work: Work) -> None:
    with pytest.raises(RecordError, match=REFUSED):
        recorded(work)


@pytest.mark.parametrize(
    "work",
    [
        lambda url: url.removeprefix("https://"),
        lambda url: url.rpartition("/")[2],
        lambda url: urllib.parse.urlsplit(url).hostname,
    ],
)
def test_work_on_a_url_is_refused(work: Work) -> None:
    with pytest.raises(RecordError, match=REFUSED):
        recorded(work, output="url")


def test_work_on_a_name_that_the_program_gave_is_refused() -> None:
    with pytest.raises(RecordError, match=REFUSED):
        recorded(lambda name: name[:8], output="name")


@pytest.mark.parametrize("work", [lambda n: n + 1, lambda n: f"{n:,}", lambda n: n * 2])
def test_work_on_a_number_is_refused(work: Work) -> None:
    with pytest.raises(RecordError, match=REFUSED):
        recorded(work, output="visibility_timeout_seconds")


def test_a_number_that_only_decides_is_refused() -> None:
    with pytest.raises(RecordError, match="with a reference it fails, TypeError: '>' not supported"):
        recorded(lambda seconds: seconds > 5, output="visibility_timeout_seconds")


def test_a_number_in_a_document_is_refused_since_a_reference_would_be_quoted() -> None:
    with pytest.raises(RecordError, match=REFUSED):
        recorded(lambda seconds: json.dumps({"seconds": seconds}), output="visibility_timeout_seconds")


def test_work_on_a_part_of_a_computed_structure_is_refused() -> None:
    def program() -> None:
        opts = options()
        certificate = aws.acm.Certificate("c", domain_name="example.com", validation_method="DNS", opts=opts)
        proof = certificate.domain_validation_options[0].resource_record_name
        aws.route53.Record(
            "r", zone_id="Z", type="CNAME", ttl=60, records=["x"], name=proof.apply(str.upper), opts=opts
        )

    with pytest.raises(RecordError, match=r"Record 'r': property name .*works on an output"):
        record_program(program)


def _text(output: pulumi.Output[str]) -> str:
    return f"{output}"


@pytest.mark.parametrize("text", [_text, str, "{}".format, lambda output: "%s" % output])  # noqa: UP031
def test_an_output_in_an_f_string_is_refused(text: Callable[[object], str]) -> None:
    def program() -> None:
        first = aws.sqs.Queue("first", opts=options())
        aws.sqs.Queue("second", tags={"made": text(first.arn)}, opts=beside(first))

    with pytest.raises(RecordError, match=r"Queue 'second': tags\.made: an output in an f-string"):
        record_program(program)


def test_an_output_in_an_f_string_is_refused_in_a_logical_name() -> None:
    def program() -> None:
        first = aws.sqs.Queue("first", opts=options())
        aws.sqs.Queue(f"{first.name}-dlq", opts=beside(first))

    with pytest.raises(RecordError, match="aws:sqs/queue:Queue: its logical name: an output in an f-string"):
        record_program(program)


def test_an_f_string_whose_text_does_not_arrive_is_refused_by_its_line() -> None:
    def program() -> None:
        first = aws.sqs.Queue("first", opts=options())
        aws.sqs.Queue("second", name=hashlib.sha256(f"{first.arn}".encode()).hexdigest(), opts=beside(first))

    with pytest.raises(RecordError, match=r"^test_worked_on\.py:\d+: an output in an f-string"):
        record_program(program)


def test_work_in_a_stack_output_is_refused() -> None:
    def program() -> None:
        queue = aws.sqs.Queue("q", opts=options())
        pulumi.export("made", {"of": [queue.name, queue.name.apply(str.upper)]})

    with pytest.raises(RecordError, match=r"^stack output made\.of\[1\] .* works on an output"):
        record_program(program)


def test_work_inside_a_document_is_refused() -> None:
    def program() -> None:
        queue = aws.sqs.Queue("q", opts=options())
        account = queue.arn.apply(lambda arn: arn[-20:])
        policy = pulumi.Output.json_dumps({"Statement": [{"Resource": queue.arn, "Principal": account}]})
        aws.sqs.QueuePolicy("p", queue_url=queue.url, policy=policy, opts=beside(queue))

    with pytest.raises(RecordError, match=r"QueuePolicy 'p': property policy .* works on an output"):
        record_program(program)


def test_work_in_a_secret_is_refused_and_not_shown() -> None:
    def program() -> None:
        queue = aws.sqs.Queue("q", opts=options())
        made = pulumi.Output.secret("hidden").apply(lambda hidden: hidden)
        name = pulumi.Output.all(made, queue.arn).apply(lambda both: both[0] + both[1].upper())
        aws.sqs.Queue("second", name=name, opts=beside(queue))

    with pytest.raises(RecordError, match="Queue 'second': property name works on an output") as refused:
        record_program(program)
    assert "hidden" not in str(refused.value)


def test_a_resource_that_only_some_outputs_declare_is_refused() -> None:
    def program() -> None:
        queue = aws.sqs.Queue("q", opts=options())

        def more(arn: str) -> None:
            if arn.startswith("arn:"):
                aws.sqs.Queue("more", opts=beside(queue))

        pulumi.export("done", queue.arn.apply(more))

    with pytest.raises(RecordError, match="Queue 'more' is declared only if an output is of some form"):
        record_program(program)


def test_the_order_of_outputs_is_refused() -> None:
    def program() -> None:
        opts = options()
        arns = [aws.sqs.Queue(name, opts=opts).arn for name in ("b", "a")]
        pulumi.export("first", pulumi.Output.all(*arns).apply(min))

    with pytest.raises(RecordError, match=r"stack output first .*works on an output"):
        record_program(program)


def test_a_program_that_fails_with_real_outputs_is_refused() -> None:
    def work(arn: str) -> str:
        if arn.startswith("arn:"):
            raise ZeroDivisionError("here")
        return arn

    with pytest.raises(RecordError, match="with one like AWS's it fails, ZeroDivisionError: here"):
        recorded(work)


def test_outputs_used_whole_are_references() -> None:
    def program() -> None:
        opts = options()
        queue = aws.sqs.Queue("q", visibility_timeout_seconds=30, opts=opts)
        endpoint = aws.cloudwatch.EventEndpoint(
            "e", event_buses=[{"event_bus_arn": "x"}], routing_config={"failover_config": {}}, opts=opts
        )
        pulumi.export("concat", pulumi.Output.concat("https://", queue.name, queue.arn, "z1"))
        pulumi.export("format", pulumi.Output.format("{0}/{1}", queue.url, queue.max_message_size))
        pulumi.export("json", pulumi.Output.json_dumps({"a": [queue.arn, queue.url]}))
        pulumi.export("same", pulumi.Output.all(queue.arn, queue.arn).apply(lambda both: both[0] == both[1]))
        pulumi.export("number", queue.max_message_size)
        pulumi.export("id", endpoint_id(endpoint.endpoint_url))
        pulumi.export("given", queue.visibility_timeout_seconds)

    outputs = record_program(program).outputs
    arn, url, name, size = (f"<<output {QUEUE}::q#{path}>>" for path in ("arn", "url", "name", "maxMessageSize"))
    assert outputs["concat"] == f"https://{name}{arn}z1"
    assert outputs["format"] == f"{url}/{size}"
    assert json.loads(outputs["json"]) == {"a": [arn, url]}
    assert (outputs["same"], outputs["number"], outputs["given"]) == (True, size, 30)
    assert outputs["id"].endswith("#endpointUrl|endpoint_id>>")


# What people do to text, each with what is drawn for it. All but the whole uses work on it.
_piece = st.sampled_from([":", "/", "-", ".", "arn:", "aws", "sqs", "us-", "1", "2", "e", "q", "_", "::", ":sqs:"])
_index = st.integers(-30, 30)
_works: st.SearchStrategy[Work] = st.one_of(
    st.tuples(_index, _index, st.sampled_from([1, 1, 2, -1])).map(lambda s: lambda t: t[slice(*s)]),
    st.tuples(_piece, st.integers(-3, 5)).map(lambda s: lambda t: (t.split(s[0]) * 6)[s[1]]),
    st.tuples(_piece, st.integers(0, 2)).map(lambda s: lambda t: t.partition(s[0])[s[1]]),
    st.tuples(_piece, st.integers(0, 2)).map(lambda s: lambda t: t.rpartition(s[0])[s[1]]),
    st.tuples(_piece, _piece).map(lambda s: lambda t: t.replace(*s)),
    _piece.map(lambda s: lambda t: t.removeprefix(s)),
    _piece.map(lambda s: lambda t: t.strip(s)),
    _piece.map(lambda s: lambda t: str(t.startswith(s))),
    st.sampled_from([str.upper, str.lower, str.swapcase, str.title, str.casefold, str.capitalize]),
    st.sampled_from(["md5", "sha256"]).map(lambda s: lambda t: hashlib.new(s, t.encode()).hexdigest()),
    st.integers(8, 400).map(lambda s: lambda t: t.zfill(s)),
    st.sampled_from([lambda t: str(len(t)), lambda t: t[::-1], urllib.parse.quote, lambda t: t.encode().hex()]),
)
_words = st.text("ab-:/.$%{}é ", max_size=5)
_wholes: st.SearchStrategy[Work] = st.one_of(
    _words.map(lambda s: lambda t: s + t),
    _words.map(lambda s: lambda t: t + s),
    _words.map(lambda s: lambda t: f"{t}{s}{t}"),
    _words.map(lambda s: lambda t: json.dumps({"a": [t, s]})),
)


def _chain(works: list[Work]) -> Work:
    def work(text: str) -> str:
        for each in works:
            text = each(text)
        return text

    return work


@settings(max_examples=150, deadline=None)
@given(st.lists(_wholes, max_size=2), _works, st.lists(_wholes, max_size=1))
def test_whatever_changes_a_real_arn_is_refused(before: list[Work], work: Work, after: list[Work]) -> None:
    made = [(_chain([*before, work, *after])(arn), arn) for arn in ARNS]
    # What has the real ARN in it, whole, may stay, and so may what is the same for all.
    assume(all(arn not in one for one, arn in made))
    assume(len({one for one, _ in made}) == len(ARNS))
    with pytest.raises(RecordError, match=REFUSED):
        recorded(_chain([*before, work, *after]))


@settings(max_examples=50, deadline=None)
@given(st.lists(_wholes, min_size=1, max_size=3))
@example([lambda text: f"${text}$"])
def test_whatever_uses_an_output_whole_stays_a_reference(uses: list[Work]) -> None:
    recording = recorded(_chain(uses))
    token = f"<<output {QUEUE}::first#arn>>"
    assert recording.resource(QUEUE, "second").inputs["tags"] == {"made": _chain(uses)(token)}
    assert "${aws_sqs_queue.first.arn}" in emit(recording).text()
