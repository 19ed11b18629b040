"""What monitoring asks of a running server: does it live, can it work, what has it done.

Import it only where HTTP is served.
"""

import time
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ops.readiness import glance, readiness_of
from universe import __version__

if TYPE_CHECKING:
    from ops.life import Life
    from ops.metrics import Metrics

RETRY_SECONDS = 5  # parked actors try again every two seconds, and a commit comes every five
FRESH = {"Cache-Control": "no-store"}


def endpoint_routes(life: "Life", metrics: "Metrics") -> list[Route]:
    """Return GET and HEAD of /health, /ready and /metrics. The first two tell nothing that needs a token."""

    async def health(_: Request) -> Response:
        """Answer: that it comes says that the process and its event loop are alive."""
        document = {
            "status": "ok",
            "version": __version__,
            "role": life.role,
            "uptime_seconds": round(time.perf_counter() - life.started, 3),
        }
        return JSONResponse(document, headers=FRESH)

    async def ready(_: Request) -> Response:
        """Answer 200 or 503, and what was looked at."""
        found = readiness_of(life, glance(life.current))
        if found.ready:
            return JSONResponse(found.document(), headers=FRESH)
        return JSONResponse(found.document(), 503, headers={**FRESH, "Retry-After": str(RETRY_SECONDS)})

    async def metrics_text(request: Request) -> Response:
        """Answer with every metric, in the format that the caller reads."""
        text, content_type = metrics.exposition(request.headers.get("accept", ""))
        return Response(text, headers={**FRESH, "Content-Type": content_type})

    return [
        Route("/health", health, methods=["GET"]),
        Route("/ready", ready, methods=["GET"]),
        Route("/metrics", metrics_text, methods=["GET"]),
    ]
