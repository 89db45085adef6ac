"""`/metrics`: what Prometheus scrapes."""

from fastapi import APIRouter, Response

from flightdata.pipeline.watch import Watch


def router(watch: Watch) -> APIRouter:
    """The family's routes."""
    routes = APIRouter(tags=["health"])

    @routes.get(
        "/metrics",
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        response_class=Response,
        summary="Figures for Prometheus",
    )
    def metrics() -> Response:
        """In Prometheus' text format; docs/operations.md says what each is."""
        return Response(watch.text(), media_type=watch.content_type)

    return routes
