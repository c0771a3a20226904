"""Why a guide is refused."""

from sojourn.platform.errors import NotFound, Refusal


class GuideNotFound(NotFound):
    code = "GUIDE_NOT_FOUND"
    sentence = "There is no such guide."


class GuideNotLinked(Refusal):
    status = 409
    code = "GUIDE_NOT_LINKED"
    sentence = "Your account is not linked to a guide of the catalogue. An admin can link it."


class AccountNotGuide(Refusal):
    """`details`: the account's role, and whether it is active."""

    status = 409
    code = "ACCOUNT_NOT_GUIDE"
    sentence = "Only an active account with the role GUIDE can be a guide's."


class AccountLinked(Refusal):
    """`details`: the guide whose account it is."""

    status = 409
    code = "ACCOUNT_LINKED"
    sentence = "This account is another guide's. Take it from that one first."
