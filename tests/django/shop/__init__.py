"""An app whose rows carry numbers."""
