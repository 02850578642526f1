"""What ``aseq`` can do: a function for each verb. Its docstring is what ``--help`` prints."""
