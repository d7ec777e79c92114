"""What Lambda calls, made once at import: a bad environment fails the cold start."""

from __future__ import annotations

from handlers.profile.once import Recorder
from handlers.profile.wiring import build
from handlers.shared import logs
from handlers.shared.clients import AwsClients
from handlers.shared.environment import Environment

logs.set_up()
handler = build(clients=AwsClients(), environment=Environment.from_os(), recorder=Recorder)
