"""The ledger: a row for each number, and the same number for the same key."""
