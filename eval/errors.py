"""The error of evaluation: input that cannot be evaluated. Names file and line where there is one."""

from ingest.errors import RectoError


class EvaluationError(RectoError):
    """A data set, suite or run that is wrong, or a question about it that has no answer (a mean of nothing)."""

    exit_code = 2
