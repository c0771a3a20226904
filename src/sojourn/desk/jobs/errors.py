"""What the desk's side of the queue refuses."""

from sojourn.platform.errors import NotFound, Refusal


class JobNotFound(NotFound):
    code = "JOB_NOT_FOUND"
    sentence = "There is no such job; jobs that are done leave no trace here."


class JobNotFailed(Refusal):
    status = 409
    code = "JOB_NOT_FAILED"
    sentence = "Only a failed job can be tried again."


class JobQueuedAgain(Refusal):
    status = 409
    code = "JOB_QUEUED_AGAIN"
    sentence = "The same job is queued anew already."
