"""How people hand in: exports to work on elsewhere, answers to be scored, and folders that hold a submission.

Nothing that somebody else wrote is executed, imported or unpickled here.
"""

from autows.submissions.folder import misnamed
from autows.submissions.records import read_records
from autows.submissions.schema import InvalidSubmission
from autows.submissions.submission import Submission, read

__all__ = ["InvalidSubmission", "Submission", "misnamed", "read", "read_records"]
