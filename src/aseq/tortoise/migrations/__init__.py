"""Migrations of Tortoise for the table of sequences."""
