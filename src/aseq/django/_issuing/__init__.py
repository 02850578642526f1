"""`aseq.django.Issuer`: drafts are saved without a number, and get one later, many at a time.

The desk, the groups and the plans are those of `aseq.issuing`. What is Django's own:

* `issuer`: the public class;
* `fields`: which columns the names of a model's fields mean;
* `desks`: a desk for each event loop, started on first use: ASGI has no lifespan in Django;
* `source`: connections for the desk, in `aatomic` blocks of a task and a thread of its own;
* `now`: one row, in sync code, in the caller's transaction or one of its own;
* `hooks`: the caller's own work in the transaction, which is sync code with Django's ORM.
"""
