"""What a command can't do, in a sentence, and the code that it exits with."""

from __future__ import annotations

from aseq._exit_codes import ExitCode


class Problem(Exception):
    """Ends the command with a message and a code.

    Args:
        text: what happened and what to do, without any secret.
        code: what the command exits with.
    """

    def __init__(self, text: str, code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(text)
        self.code = code
