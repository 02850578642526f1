"""What applications on Tortoise name in their configuration: models and migrations.

`aseq.tortoise.models` is the module of models, `aseq.tortoise.migrations` that of migrations.
"""
