"""A recording with every reference replaced by what AWS might answer: for judges that cannot read references."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

from components.parts.references import TOKEN, Reference
from policies.recorded import stack_of
from policies.view import View
from signals.recording import types as kinds
from signals.recording.resources import Recording


class Answers:
    """What each resource of a recording would be called once it is there."""

    def __init__(self, recording: Recording) -> None:
        self._stack = stack_of(recording)
        self._views = {(view.type, view.name): view for view in self._stack.resources}

    def outputs(self, type: str, name: str) -> dict[str, Any]:
        """The outputs of a resource that others refer to: id, arn, name, url and the like."""
        view = self._views.get((type, name))
        if view is None:
            return {}
        token = hashlib.sha256(f"{type}{name}".encode()).hexdigest()[:12]
        own = self.resolve(view.inputs.get("bucket") or view.inputs.get("name") or token)
        arn = self._arn(view, own, token)
        found = {"id": own, "name": own, "arn": arn}
        match type:
            case kinds.QUEUE:
                found["url"] = found["id"] = f"https://sqs.{view.region}.amazonaws.com/{view.account_id}/{own}"
            case kinds.ENDPOINT:
                found["endpointUrl"] = f"https://{token}.veo.endpoint.events.amazonaws.com"
            case kinds.API:
                found |= {"id": token, "executionArn": f"arn:aws:execute-api:{view.region}:{view.account_id}:{token}"}
            case kinds.FUNCTION | kinds.ALIAS:
                function = f"arn:aws:apigateway:{view.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
                found |= {"invokeArn": function, "version": "1"}
            case kinds.HEALTH_CHECK:
                found["id"] = token
        return found

    def resolve(self, value: Any) -> Any:
        """A value of the recording with an answer in place of each reference."""
        match value:
            case str():
                return TOKEN.sub(lambda match: self._answer(Reference(**match.groupdict())), value)
            case Mapping():
                return {key: self.resolve(item) for key, item in value.items()}
            case list() | tuple():
                return [self.resolve(item) for item in value]
        return value

    def _answer(self, reference: Reference) -> str:
        answer = str(self.outputs(reference.type, reference.name).get(reference.path, f"known-{reference.path}"))
        if reference.helper == "endpoint_id":
            return answer.removeprefix("https://").removesuffix(".endpoint.events.amazonaws.com")
        return answer

    def _arn(self, view: View, own: str, token: str) -> str:
        match view.type:
            case kinds.ALIAS:
                function = self._stack.refer(view.inputs["functionName"], kinds.FUNCTION, view.region)
                return f"{self._stack.arn(function) if function else token}:{own}"
            case kinds.HEALTH_CHECK:
                return f"arn:aws:route53:::healthcheck/{token}"
        service = view.type.split(":")[1].split("/")[0]
        return self._stack.arn(view) or f"arn:aws:{service}:{view.region}:{view.account_id}:{own}"


def resolved(recording: Recording) -> Recording:
    """The recording without references."""
    answers = Answers(recording)
    return dataclasses.replace(
        recording, all=tuple(dataclasses.replace(r, inputs=answers.resolve(r.inputs)) for r in recording.all)
    )
