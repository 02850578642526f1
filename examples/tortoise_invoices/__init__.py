"""An application that issues invoices: FastAPI and Tortoise."""
