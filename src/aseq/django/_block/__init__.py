"""`aatomic`: a transaction of one task."""
