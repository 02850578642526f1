"""Benchmarks: aseq beside what people use instead, each pair in one run on one machine.

* `settings` says how long and how many; `cells` what is measured with what.
* `connections` know a driver each; `draws` a way of getting a number each; `threads`
  know django-sequences.
* `load` lets the clients loose; `places` hold the databases; `counting` looks at what
  they wrote.
* `turns` lets a crowd wait for its turn, and looks at what others wait.
* `calls` know the CPU time of a draw, `imports` how long an import takes.
* `ways` let callers ask for numbers, `issuing` of an issuer.
* `results` hold it all; `figures`, `pairs`, `table`, `charts` and `page` make something to
  look at of it.
"""
