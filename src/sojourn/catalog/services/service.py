"""What a new service needs before it goes on the shelf as everything does (`catalog/shelving.py`)."""

from sojourn.catalog.services import queries
from sojourn.catalog.services.models import NewService, ServiceIn
from sojourn.catalog.services.rules import free_slug, slug_of
from sojourn.platform.db.database import Connection
from sojourn.platform.errors import InvalidInput


async def named(connection: Connection, new: NewService) -> ServiceIn:
    """The service with a slug: its own, or one made of its title that nothing has yet. Raises `InvalidInput`."""
    slug = new.slug
    if slug is None:
        wanted = slug_of(new.title)
        if not wanted:
            raise InvalidInput.at("slug", "is needed: `title` has no Latin letters to make one of")
        slug = free_slug(wanted, await queries.list_slugs_like(connection, wanted))
    return ServiceIn.model_validate({**new.model_dump(), "slug": slug})
