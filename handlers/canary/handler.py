"""What Lambda calls, made once at import: a bad environment fails the cold start."""

from __future__ import annotations

from handlers.canary.wiring import build
from handlers.shared import logs
from handlers.shared.clients import AwsClients
from handlers.shared.crt import require_crt
from handlers.shared.environment import Environment

logs.set_up()
require_crt()
handler = build(clients=AwsClients(), environment=Environment.from_os())
