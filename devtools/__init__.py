"""Tools for developing aseq; none of them is part of the installed package."""
