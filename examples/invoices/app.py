"""The web application: what it runs on, and what it answers when something goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DBAPIError

from aseq import SequenceLocked, is_retryable

from . import books, credit_notes, drafts, issue
from .db import make_engine, make_reader
from .settings import Settings


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Two engines and the issuer, as long as the application runs."""
    settings: Settings = app.state.settings
    app.state.engine, app.state.reader = make_engine(settings), make_reader(settings)
    try:
        async with drafts.issuer(app.state.engine, settings.patience) as app.state.issuer:
            yield
    finally:
        await app.state.engine.dispose()
        await app.state.reader.dispose()


async def refuse(_: Request, exc: Exception) -> JSONResponse:
    """The order was fine, the customer's credit isn't."""
    return JSONResponse({"detail": f"{exc} has no credit left for this"}, status_code=409)


async def ask_to_come_back(_: Request, exc: Exception) -> JSONResponse:
    """The wait was too long, or two were in each other's way. Nothing was issued."""
    if not is_retryable(exc):
        raise exc
    body = {"detail": "too many invoices are being issued, try again"}
    return JSONResponse(body, status_code=503, headers={"Retry-After": "1"})


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application. Its tables are there already: `migrate` has created them."""
    app = FastAPI(title="Invoices", lifespan=lifespan)
    app.state.settings = settings or Settings.from_environment()
    for router in (issue.router, credit_notes.router, drafts.router, books.router):
        app.include_router(router)
    app.add_exception_handler(issue.CreditExceeded, refuse)
    app.add_exception_handler(SequenceLocked, ask_to_come_back)
    app.add_exception_handler(DBAPIError, ask_to_come_back)
    app.mount("/", StaticFiles(directory=Path(__file__).with_name("page"), html=True))
    return app
