"""`/health`: is it alive, and can it answer?"""

from dataclasses import asdict

import orjson
from fastapi import APIRouter, Response

from flightdata.pipeline.query import Query
from flightdata.web.documents import ReadinessDocument


def router(query: Query) -> APIRouter:
    """The family's routes."""
    routes = APIRouter(prefix="/health", tags=["health"])

    @routes.get("/live", summary="The process lives")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @routes.get(
        "/ready",
        responses={200: {"model": ReadinessDocument}, 503: {"model": ReadinessDocument}},
        summary="Questions can be answered",
    )
    def ready() -> Response:
        """503 until there is a first picture; `degraded` while a source fails or a store does not answer."""
        readiness = query.readiness()
        status = "starting" if not readiness.ready else "degraded" if readiness.degraded else "ready"
        document = asdict(readiness) | {"status": status}
        del document["ready"]
        return Response(orjson.dumps(document), 200 if readiness.ready else 503, media_type="application/json")

    return routes
