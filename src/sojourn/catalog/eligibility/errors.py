"""Why an eligibility rule is refused."""

from sojourn.platform.errors import NotFound


class EligibilityRuleNotFound(NotFound):
    code = "ELIGIBILITY_RULE_NOT_FOUND"
    sentence = "There is no such eligibility rule."
