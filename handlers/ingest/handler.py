"""What Lambda calls, made once at import: a bad environment fails the cold start."""

from handlers.ingest.wiring import build
from handlers.shared.clients import start
from handlers.shared.crt import require_crt

require_crt()
handler = start(build)
