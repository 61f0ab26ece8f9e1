"""How a run of the command ends: one line on stderr and an exit code. Never lets a user's mistake show a traceback."""

from __future__ import annotations

import errno
import os
import sys
import traceback

from pipeline.errors import RectoError

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130
"""Exit codes beside 0; the last is what a shell reports for SIGINT, and stands for SIGTERM too."""


def say(message: str) -> None:
    """One line on stderr, whatever line breaks `message` holds."""
    print(f"recto: {' '.join(message.split())}", file=sys.stderr)


def drop_stdout() -> None:
    """Whoever read stdout has gone: what is still buffered, or is yet to come, must not raise again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report(error: BaseException, debug: bool) -> int:
    """Print what the user needs to know of `error`; return the exit code."""
    if debug and not isinstance(error, BrokenPipeError):
        traceback.print_exception(error)
    if isinstance(error, RectoError):
        say(str(error))
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        say("interrupted; run the same command again to continue")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        drop_stdout()
        return FAILED
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        say("the disk is full: free some space and run the same command again")
        return FAILED
    if isinstance(error, MemoryError):
        say("out of memory: close other programs, or lower embedding.batch_tokens and ingest.workers")
        return FAILED
    hint = "the traceback is above" if debug else "run it again with --debug for the traceback"
    say(f"this is a bug in recto, please report it ({type(error).__name__}: {error}); {hint}")
    return FAILED
