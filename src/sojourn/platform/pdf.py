"""PDF documents from Typst templates, with the same fonts on every machine."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from sojourn.platform.kit.lazily import lazily

if TYPE_CHECKING:
    import typst
else:
    typst = lazily("typst")

# Latin, Greek, Cyrillic and Devanagari; Khmer; Chinese, Japanese and Korean. Other scripts print as boxes.
_FONT_FOLDERS = (
    ("fontpkg_noto_sans", "files"),
    ("fontpkg_noto_sans_khmer", "files"),
    ("justmytype_intl_cjk", "fonts"),
)


def render_pdf(*, template: Path, data: Mapping[str, object], created_at: datetime) -> bytes:
    """Set `data` with the Typst `template`; the same input gives the same bytes.

    Data reaches the template as JSON in `sys.inputs.data` and nowhere else, so nothing in it is ever read as markup.
    `created_at` is the document's date in its metadata. The result is PDF/A-3b, or plain PDF when a character is in
    none of the fonts: a strange name must not keep a document from being issued. Raises typst.TypstError for a
    template that does not compile.
    """
    compiler = typst.Compiler(
        template, root=template.parent, font_paths=_fonts(), sys_inputs={"data": json.dumps(data, ensure_ascii=False)}
    )
    timestamp = int(created_at.timestamp())
    try:
        document = compiler.compile(format="pdf", pdf_standards="a-3b", timestamp=timestamp)
    except typst.TypstError:
        document = compiler.compile(format="pdf", timestamp=timestamp)
    if not isinstance(document, bytes):
        raise TypeError(f"{template.name} did not give one document")
    return document


async def render_pdf_async(*, template: Path, data: Mapping[str, object], created_at: datetime) -> bytes:
    """`render_pdf` in a thread: it is some milliseconds of work that the event loop should not wait for."""
    return await asyncio.to_thread(render_pdf, template=template, data=data, created_at=created_at)


@cache
def _fonts() -> "typst.Fonts":
    folders = [str(resources.files(package).joinpath(folder)) for package, folder in _FONT_FOLDERS]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
