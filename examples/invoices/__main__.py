"""Serve the application on this machine: ``python -m examples.invoices``."""

import contextlib
import os

import uvicorn

if __name__ == "__main__":
    port = int(os.environ.get("PORT") or 8000)
    print(f"Invoices: http://127.0.0.1:{port}/ (Ctrl-C ends it)", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.run(
            "examples.invoices.app:create_app",
            factory=True,
            host="127.0.0.1",
            port=port,
            log_level="warning",
        )
