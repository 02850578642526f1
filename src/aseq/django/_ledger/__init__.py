"""`Ledger` on Django's own connections, for sync code and for async code."""
