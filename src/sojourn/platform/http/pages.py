"""Pages for people who come by a link: one look (`page_base.html`), no script, nothing from anywhere."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sojourn.platform.kit.lazily import lazily

if TYPE_CHECKING:
    import jinja2
else:
    jinja2 = lazily("jinja2")

_HERE = Path(__file__).parent


@cache
def page_template(path: Path) -> "jinja2.Template":
    """The template at `path`, which extends `page_base.html` and is rendered with `storefront`, `language`, `title`."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader([path.parent, _HERE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template(path.name)
