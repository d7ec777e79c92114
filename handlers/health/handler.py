"""What Lambda calls, made once at import: a bad environment fails the cold start."""

from handlers.health.wiring import build
from handlers.shared.clients import start

handler = start(build)
