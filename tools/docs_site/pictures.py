"""Takes the pictures of README.md and the documentation: `python -m tools.docs_site.pictures`.

`inspector.png` and `inspector_dark.png` show the inspector in Debian's chromium, with tasks of every vendor that has
tasks; `results.png` is a part of the contact sheet of `soundstage demo`. Needs the package playwright, as the session
`browser` does.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import import_module
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from PIL import Image
from playwright.sync_api import expect, sync_playwright

from soundstage_contracts import VENDORS, load_facts
from soundstage_server import Clock, Scenario, Server, World

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
_WIDTH, _HEIGHT = 1280, 800
_PROMPT: Final = "A lighthouse at dusk, waves breaking below"
_COLORS: Final = 256
_SHEET_WIDTH: Final = 1600
_SHEET_ROWS: Final = 0.342
"""The part of the contact sheet's height that the picture shows."""


def order_tasks(server: Server) -> None:
    """Create tasks with every vendor's client, in different states."""
    world = server.world
    for vendor in VENDORS:
        module = import_module(f"soundstage_contracts.vendors.{vendor}")
        base = load_facts(vendor).vendors[vendor].base_url_at(server.url)
        options = {"base_url": base, **module.CONTRACT.options(base)}
        if not module.CONTRACT.ends:
            continue  # a vendor without tasks
        if vendor == VENDORS[1]:
            world.scenario(Scenario("fail", vendor=vendor, times=1))
        with module.CONTRACT.client(**module.CONTRACT.credentials("alice"), **options) as client:
            for call in module.DEMO[:3]:
                if call.credentials is None:
                    getattr(client, call.method)(**call.arguments)
        world.advance(40)


def save(name: str, picture: Image.Image) -> None:
    """Save *picture* with few colors, which makes its file small."""
    small = picture.convert("RGB").quantize(_COLORS, dither=Image.Dither.NONE)
    small.save(FOLDER / name, optimize=True)
    print(f"{name}: {(FOLDER / name).stat().st_size // 1024} KiB")


def show(page: Page) -> None:
    """Open the last vendor's task, end it, and show a frame of its video."""
    page.get_by_text(_PROMPT).first.click()
    detail = page.locator("#detail")
    detail.get_by_role("button", name="Succeed now").click()
    expect(detail.locator("video")).to_be_visible()
    page.evaluate("""() => new Promise((done) => {
        const video = document.querySelector("video");
        video.addEventListener("seeked", done, { once: true });
        video.currentTime = 2;
    })""")


def take_inspector() -> None:
    """Save the pictures of the inspector in both color schemes."""
    with World(clock=Clock("manual")) as world, Server(world) as server, sync_playwright() as playwright:
        order_tasks(server)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        page.goto(server.url)
        expect(page.locator("#connection")).to_have_text("live")
        show(page)
        save("inspector.png", Image.open(BytesIO(page.screenshot())))
        page.emulate_media(color_scheme="dark")
        save("inspector_dark.png", Image.open(BytesIO(page.screenshot())))
        browser.close()


def take_results() -> None:
    """Save the upper part of the contact sheet of a demo."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "soundstage_cli", "demo", "--out", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with Image.open(Path(folder) / "contact-sheet.png") as sheet:
            height = round(sheet.height * _SHEET_WIDTH / sheet.width)
            save(
                "results.png",
                sheet.resize((_SHEET_WIDTH, height)).crop((0, 0, _SHEET_WIDTH, round(height * _SHEET_ROWS))),
            )


if __name__ == "__main__":
    take_inspector()
    take_results()
