"""Rules as entries of the catalogue: how they are read and checked. Nothing is sold of them."""

from sojourn.catalog.eligibility import queries, rules
from sojourn.catalog.eligibility.models import EligibilityRuleIn
from sojourn.catalog.shelving import Goods

RULE = Goods(name="eligibility_rule", shelf=queries.RULES, model=EligibilityRuleIn, faults=rules.faults_of)
