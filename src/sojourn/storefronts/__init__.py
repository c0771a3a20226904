"""The agencies. One folder each; this list is the only place that names them."""

from sojourn.platform.storefront import Storefront
from sojourn.storefronts.derlg import STOREFRONT as DERLG
from sojourn.storefronts.holyone import STOREFRONT as HOLYONE

STOREFRONTS: dict[str, Storefront] = {storefront.key: storefront for storefront in (HOLYONE, DERLG)}
