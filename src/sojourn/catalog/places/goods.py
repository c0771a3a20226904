"""Places on the shelf: how they are read and checked. Nothing is sold of them, so there is no stock."""

from sojourn.catalog.places import queries, rules
from sojourn.catalog.places.models import PlaceIn
from sojourn.catalog.shelving import Goods

PLACE = Goods(name="place", shelf=queries.PLACES, model=PlaceIn, faults=rules.faults_of)
