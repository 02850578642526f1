"""A web application that issues invoices with gapless numbers: FastAPI and SQLAlchemy."""
