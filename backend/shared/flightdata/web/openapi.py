"""The OpenAPI document, as FastAPI makes it, put right where our answers differ from its habits."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from flightdata.web.documents import FlightCollection

_JSON, _PROBLEM = "application/json", "application/problem+json"


def install(app: FastAPI) -> None:
    """Let `app` document that bad parameters are a 400 and that errors are problems."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        for responses in _responses(document):
            responses.pop("422", None)
            for answer in responses.values():
                content = answer.get("content", {})
                if content.get(_JSON, {}).get("schema", {}).get("$ref", "").endswith("/Problem"):
                    content[_PROBLEM] = content.pop(_JSON)
        document["components"]["schemas"] |= _schemas_beside()
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents


def _schemas_beside() -> dict[str, Any]:
    """Of answers in other formats than JSON, which FastAPI does not look for."""
    schema = FlightCollection.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), FlightCollection.__name__: schema}


def _responses(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        for operation in path.values():
            yield operation["responses"]
