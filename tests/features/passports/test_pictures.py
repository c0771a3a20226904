"""Passports read in their pictures, by the engine where it is installed."""

from importlib.util import find_spec
from io import BytesIO

import pytest
from PIL import Image, ImageDraw, ImageFont
from tests.conftest import StartSystem
from tests.features.documents.conftest import hand_in, handed_in, pdf, picture
from tests.support.client import StorefrontClient, read, refusal
from tests.unit.passports.test_mrz import TD3

from sojourn.settings import SettingsError

PASSPORT = {"category": "PASSPORT"}
HAS_ENGINE = find_spec("rapidocr") is not None
WIDTH, HEIGHT, CELL = 1100, 760, 22


def specimen(*, turned: float = 0) -> bytes:
    """The page of ICAO's specimen, one letter to a cell, as a scan."""
    page = Image.new("RGB", (WIDTH, HEIGHT), "#eef2e6")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(28)
    draw.text((400, 200), "ERIKSSON\nANNA MARIA", font=font, fill="black")
    for row, line in enumerate(TD3.split("\n")):
        for place, sign in enumerate(line):
            at = (60 + place * CELL + CELL / 2, 600 + row * 60)
            draw.text(at, sign, font=font, fill="#111111", anchor="mm")
    written = BytesIO()
    page.rotate(turned, fillcolor="#eef2e6", resample=Image.Resampling.BICUBIC).save(written, "JPEG", quality=90)
    return written.getvalue()


async def test_without_an_engine_the_lines_are_typed(holyone: StorefrontClient) -> None:
    customer = await holyone.sign_in_as()
    document = await handed_in(customer, specimen(), "passport.jpg", **PASSPORT)
    assert (
        refusal(await customer.post(f"/documents/{document['id']}/passport", json={}), 409) == "PASSPORT_LINES_NEEDED"
    )


@pytest.mark.skipif(HAS_ENGINE, reason="the engine is there")
async def test_an_engine_that_is_not_installed_stops_the_start(start_system: StartSystem) -> None:
    with pytest.raises(SettingsError, match=r"sojourn\[ocr\]"):
        async with start_system(OCR_VENDOR="rapidocr"):
            pass


async def test_an_engine_that_nobody_knows_stops_the_start(start_system: StartSystem) -> None:
    with pytest.raises(SettingsError, match="is not rapidocr"):
        async with start_system(OCR_VENDOR="eyes"):
            pass


@pytest.mark.skipif(not HAS_ENGINE, reason="NOT TESTED: reading pictures. pip install 'sojourn[ocr]'")
async def test_the_engine_reads_specimens(start_system: StartSystem) -> None:
    async with start_system(OCR_VENDOR="rapidocr") as system:
        customer = await system.holyone.sign_in_as()
        for turned in (0, 2):
            document = await handed_in(customer, specimen(turned=turned), "passport.jpg", **PASSPORT)
            reading = read(await customer.post(f"/documents/{document['id']}/passport", json={}))
            assert (reading["source"], reading["format"], reading["failedChecks"]) == ("PICTURE", "TD3", [])
            assert (reading["documentNumber"], reading["surname"]) == ("L898902C3", "ERIKSSON")
        nothing = read(await hand_in(customer, picture(), "noise.jpg", **PASSPORT), 201)
        answer = await customer.post(f"/documents/{nothing['id']}/passport", json={})
        assert refusal(answer, 422) == "PASSPORT_UNREADABLE"
        paper = await handed_in(customer, pdf(), **PASSPORT)
        answer = await customer.post(f"/documents/{paper['id']}/passport", json={})
        assert refusal(answer, 409) == "PASSPORT_LINES_NEEDED"
