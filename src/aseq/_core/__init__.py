"""The core: what a sequence is, which numbers it gives, and what to say to a database.

House rules: nothing in this folder awaits, knows a driver or a framework, reads
a clock, or logs. It imports the standard library, `aseq.errors` and itself.

* `spec` knows what parameters are valid; `table` what a table may be called.
* `arithmetic` knows integers, and nothing else.
* `statement` knows how drivers write parameters.
* `dialects` know what each server understands.
* `failure` knows how errors are wrapped; `retry` which ones are worth a new transaction.
* `plans` put these together: the operations, as generators of statements.
"""
