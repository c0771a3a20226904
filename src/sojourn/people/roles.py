"""Who someone is to the agency."""

from enum import StrEnum

from sojourn.platform.storefront import Storefront


class Role(StrEnum):
    CUSTOMER = "CUSTOMER"
    CONSULTANT = "CONSULTANT"
    GUIDE = "GUIDE"
    ADMIN = "ADMIN"


STAFF = frozenset({Role.CONSULTANT, Role.GUIDE, Role.ADMIN})


def role_on_wire(role: Role, storefront: Storefront) -> str:
    """The role as this storefront calls it: DerLg's customers are travellers."""
    return storefront.customer_role if role is Role.CUSTOMER else role.value


def role_from_wire(name: str, storefront: Storefront) -> Role | None:
    """The role behind a storefront's name for it, or None."""
    if name == storefront.customer_role:
        return Role.CUSTOMER
    return Role(name) if name in Role.__members__ and name != Role.CUSTOMER else None
