"""One module per library whose connections aseq accepts, imported on first use.

`base` is the contract. Only ``adapters/x.py`` may import library ``x``.
"""
