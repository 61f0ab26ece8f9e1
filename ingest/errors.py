"""The error tree's root, and the errors of the user's own files.

Every message is one line that says what is wrong and what to do. `pipeline.errors` adds the kinds
that have to do with configuration, stores and models.
"""


class RectoError(Exception):
    """Something the user can mend. Shown as one line, never with a traceback."""

    exit_code = 1


class InputError(RectoError):
    """A file, path or question that cannot be used as it is."""
