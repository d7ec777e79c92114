"""What AWS needs seconds or minutes for is done at once: a stack comes up as fast as the engine can ask.

AWS: a function is Pending, and its update InProgress, for seconds. ministack waits half a second, which Terraform turns
into several, for it looks again only after its own pause.
"""

from __future__ import annotations

from ministack.services import lambda_svc

from signals.local.extensions import patching


def install() -> None:
    patching.require(lambda_svc, "_schedule_state_transition(func_name, delay)", "_LAMBDA_STATE_TRANSITION_DELAY")
    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0.0
