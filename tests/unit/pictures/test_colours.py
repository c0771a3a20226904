"""Colours stay what they were when a picture loses its profile."""

from io import BytesIO

import pytest
from PIL import Image, ImageCms

from sojourn.platform.pictures import PictureKind
from sojourn.platform.unpacking import unpack

RED, GREEN = (230, 20, 20), (20, 230, 20)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped() -> bytes:
    """A profile that calls red what everybody calls green, and the other way round."""
    profile = SRGB
    for name in (b"XYZ", b"TRC"):
        profile = profile.replace(b"r" + name, b"?" + name, 1).replace(b"g" + name, b"r" + name, 1)
        profile = profile.replace(b"?" + name, b"g" + name, 1)
    return profile


def drawn(picture: Image.Image, kind: str, profile: bytes) -> Image.Image:
    written = BytesIO()
    picture.save(written, kind, icc_profile=profile, **({"quality": 100} if kind == "JPEG" else {}))
    return unpack(written.getvalue(), PictureKind(kind))


def is_like(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(ours - theirs) <= 8 for ours, theirs in zip(pixel, colour, strict=False))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_profile_is_applied_before_it_is_dropped(kind: str) -> None:
    shown = drawn(Image.new("RGB", (16, 16), RED), kind, swapped())
    assert is_like(shown.getpixel((8, 8)), GREEN)
    assert "icc_profile" not in shown.info


def test_the_usual_profile_changes_nothing() -> None:
    assert is_like(drawn(Image.new("RGB", (16, 16), RED), "PNG", SRGB).getpixel((8, 8)), RED)


def test_what_shines_through_still_does() -> None:
    shown = drawn(Image.new("RGBA", (16, 16), (*RED, 77)), "PNG", swapped())
    pixel = shown.getpixel((8, 8))
    assert is_like(pixel, GREEN)
    assert isinstance(pixel, tuple)
    assert pixel[3] == 77


def test_a_palette_has_colours_too() -> None:
    shown = drawn(Image.new("RGB", (16, 16), RED).convert("P", palette=Image.Palette.ADAPTIVE), "PNG", swapped())
    assert is_like(shown.getpixel((8, 8)), GREEN)


@pytest.mark.parametrize("profile", [b"no profile", SRGB[:200], bytes(3000)], ids=["words", "cut off", "zeros"])
@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_a_profile_that_says_nothing_is_left_out(mode: str, profile: bytes) -> None:
    shown = drawn(Image.new("RGB", (16, 16), RED).convert(mode), "JPEG", profile)
    assert shown.mode == "RGB"
    assert is_like(shown.getpixel((8, 8)), RED)


def test_a_profile_of_another_kind_of_colour_is_left_out() -> None:
    shown = drawn(Image.new("RGB", (16, 16), RED).convert("CMYK"), "JPEG", SRGB)
    assert is_like(shown.getpixel((8, 8)), RED)
