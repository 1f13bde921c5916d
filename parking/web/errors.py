"""The one place that turns errors into status numbers: RFC 9457 problems, one shape for every failure, nothing leaked.

The API's description says so of every route: FastAPI's own words about errors would promise what nobody here answers.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket

from parking.kernel.errors import ErrorKind, ParkingError
from parking.web import secure_headers

STATUS = {
    ErrorKind.INVALID: 422,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.TOO_MANY: 429,
    ErrorKind.UNAVAILABLE: 503,
}
_CODES = {
    400: "request.malformed",
    401: "auth.required",
    403: "auth.forbidden",
    404: "route.unknown",
    405: "method.unknown",
}
_CODES |= {413: "body.too_large", 415: "body.type", 429: "rate.limited"}
_TEXT = {"type": "string"}
_FIELDS = ("field", "code", "detail")
PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "What was refused, or has failed (RFC 9457): `code` is stable, `errors` names each field that is wrong.",
    "type": "object",
    "properties": {
        **dict.fromkeys(("type", "title", "detail", "instance", "code", "trace_id"), _TEXT),
        "status": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": dict.fromkeys(_FIELDS, _TEXT), "required": list(_FIELDS)},
        },
    },
    "required": ["type", "title", "status", "detail", "instance", "code", "errors", "trace_id"],
}
"""What `problem` writes, as JSON Schema."""
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
log = structlog.get_logger(__name__)


def trace_id(connection: HTTPConnection) -> str:
    """The trace this request belongs to: the caller's (W3C traceparent), else a fresh one; 32 hex digits."""
    known = getattr(connection.state, "trace_id", None)
    if known is None:
        sent = _TRACEPARENT.fullmatch(connection.headers.get("traceparent", ""))
        known = connection.state.trace_id = sent[1] if sent else secrets.token_hex(16)
    return str(known)


def problem(
    connection: HTTPConnection,
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A reply of type `application/problem+json`; `type` is a path that is stable for the code."""
    trace = trace_id(connection)
    content: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": f"urn:trace:{trace}",
        "code": code,
        "errors": list(errors),
        "trace_id": trace,
    }
    return JSONResponse(content, status, headers=dict(headers or {}), media_type="application/problem+json")


async def deny(connection: HTTPConnection, response: Response) -> Response | None:
    """To a request the response itself; a websocket is denied with it, or closed if it was accepted already."""
    if not isinstance(connection, WebSocket):
        return response
    if connection.application_state.name == "CONNECTED":
        await connection.close(1008 if response.status_code < 500 else 1011)
    elif "websocket.http.response" in connection.scope.get("extensions", {}):
        await connection.send_denial_response(response)
    else:
        await connection.close(1013 if response.status_code == 429 else 1008)
    return None


async def _parking_error(connection: HTTPConnection, error: ParkingError) -> Response | None:
    status = STATUS[error.kind]
    errors = [{"field": error.field, "code": error.code, "detail": error.message}] if error.field else []
    headers = {}
    if error.kind is ErrorKind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    if (wait_s := getattr(error, "retry_after_s", None)) is not None:
        headers["Retry-After"] = str(max(1, round(wait_s)))
    reply = problem(connection, status, error.code, error.message, errors=errors, headers=headers)
    return await deny(connection, reply)


def _place(location: Sequence[Any]) -> str:
    """`("body", "lines", 0, "amount")` as `lines[0].amount`; a query or header keeps its own name."""
    text = ""
    for part in location[1:] or location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


async def _validation_error(
    connection: HTTPConnection, error: RequestValidationError | WebSocketRequestValidationError
) -> Response | None:
    # The input itself is not repeated: it may hold a plate or a card number.
    errors = [{"field": _place(e["loc"]), "code": str(e["type"]), "detail": str(e["msg"])} for e in error.errors()]
    detail = "; ".join(f"{e['field']}: {e['detail']}" for e in errors[:3])
    return await deny(connection, problem(connection, 422, "request.invalid", detail, errors=errors))


async def _http_exception(connection: HTTPConnection, error: HTTPException) -> Response | None:
    status = error.status_code
    if status in (204, 304):
        return Response(status_code=status, headers=error.headers)
    code = _CODES.get(status, "request.failed")
    return await deny(connection, problem(connection, status, code, str(error.detail), headers=error.headers))


async def _not_kept(connection: HTTPConnection, error: DataError) -> Response | None:
    route = getattr(connection.scope.get("route"), "path", "")
    log.warning("request.not_kept", trace_id=trace_id(connection), error=type(error.orig).__name__, route=route)
    # PostgreSQL keeps no NUL, wherever in a request it stands; what it says of it repeats the value
    detail = "something in this request cannot be kept: a NUL, or a number that is too large"
    return await deny(connection, problem(connection, 422, "request.invalid", detail))


async def _unknown(request: Request, error: Exception) -> Response:
    route = getattr(request.scope.get("route"), "path", "")  # never the path itself: a plate may stand in it
    log.error("request.crashed", trace_id=trace_id(request), error=type(error).__name__, route=route)
    said = "something went wrong on our side; the trace id helps to find it"
    headers = secure_headers.of_answer(request.url.path, scheme=request.url.scheme)  # this answer passes no middleware
    return problem(request, 500, "server.failed", said, headers=headers)


def install(app: FastAPI) -> None:
    """Answer every failure of `app` as a problem."""
    app.add_exception_handler(ParkingError, _parking_error)  # type: ignore[arg-type] # Starlette types handlers by Exception
    app.add_exception_handler(RequestValidationError, _validation_error)  # type: ignore[arg-type] # the same
    app.add_exception_handler(WebSocketRequestValidationError, _validation_error)  # type: ignore[arg-type] # the same
    app.add_exception_handler(HTTPException, _http_exception)  # type: ignore[arg-type] # the same
    app.add_exception_handler(DataError, _not_kept)  # type: ignore[arg-type] # the same
    app.add_exception_handler(Exception, _unknown)
    described = app.openapi

    def openapi() -> dict[str, Any]:
        return app.openapi_schema or _with_problems(described())

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to extend it


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """The description, in which whatever is not a success is a problem."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = {"description": "A problem (RFC 9457)", "content": content}
    return document
