"""Check the inspector in a real browser: it shows, plays, steers, and is safe against what prompts contain.

Run by ``nox -s browser``, which finds Debian's chromium. Prints a line for each check and exits with 1 if one fails.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from playwright.sync_api import expect, sync_playwright

from soundstage_server import Clock, Server, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

MANY = 10_000
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
CREATE = "/infrai/v1/video/generate"
HEADERS = {"Authorization": "Bearer ifr_sk_browser"}
TOKEN = "token-of-this-run"


WIDER = "() => [...document.querySelectorAll('.side, aside')].some(one => one.scrollWidth > one.clientWidth)"
PLAY = """async () => {
    const video = document.querySelector("video");
    video.muted = true;
    await video.play();
    const update = () => new Promise((next) => video.addEventListener("timeupdate", next, { once: true }));
    while (video.currentTime < 0.3) await update();
    return true;
}"""


class Checks:
    """Runs checks, prints each, and counts the failures."""

    def __init__(self) -> None:
        self.failed = 0

    def __call__(self, promise: str, check: Callable[[], Any]) -> None:
        """Run *check*, which raises or returns False if the promise is broken."""
        try:
            held = check() is not False
            reason = ""
        except AssertionError as error:
            held, reason = False, str(error)
        self.failed += not held
        print(f"{'pass' if held else 'FAIL'}  {promise}  {reason}".rstrip(), flush=True)


def create(url: str, prompt: str) -> str:
    """Create a task and return its id."""
    answer = httpx.post(url + CREATE, json={"prompt": prompt}, headers=HEADERS, trust_env=False).json()
    return str(answer["data"]["job_id"])


def steer(check: Checks, page: Page, server: Server, pictures: Path | None) -> None:
    """Check what the page shows, and its controls."""
    row = page.locator("#tasks tbody tr")
    expect(page.locator("#empty")).to_be_visible()
    create(server.url, "A fox in the snow")
    check("a task appears by itself", lambda: expect(row).to_have_count(1))
    create(server.url, HOSTILE)
    create(server.url, "A storm soundstage:fail")
    check("each task is a row", lambda: expect(row).to_have_count(3))
    check("a prompt is text", lambda: expect(row.nth(1)).to_contain_text("<script>"))
    page.get_by_text("A fox in the snow").click()
    panel = page.locator("#detail")
    check("a task opens", lambda: expect(panel).to_contain_text("Time line"))
    panel.get_by_role("button", name="Succeed now").click()
    check("its fate can be decided", lambda: expect(panel.locator("video")).to_be_visible())
    check("its video plays", lambda: bool(page.evaluate(PLAY)))
    check("the bill has its price", lambda: expect(page.locator("#bill")).to_contain_text("0.1"))
    check("nothing is wider than its column", lambda: not page.evaluate(WIDER))
    if pictures is not None:
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=pictures / "inspector-dark.png")
        page.emulate_media(color_scheme="light")
        page.screenshot(path=pictures / "inspector.png")
    page.keyboard.press("Escape")
    check("Escape closes it", lambda: expect(panel).to_be_hidden())
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    check("arrow and Enter open the next one", lambda: expect(panel).to_contain_text("<script>"))
    page.keyboard.press("Escape")
    page.get_by_label("Search").fill("storm")
    check("search selects", lambda: expect(row).to_have_count(1))
    page.get_by_label("Search").fill("")
    before = server.world.clock.now()
    page.get_by_role("button", name="+1 h").click()
    check("the clock moves", lambda: expect(row.filter(has_text="A storm").locator(".state")).to_contain_text("failed"))
    bar = row.filter(has_text="A storm").locator("progress")
    check(
        "its bar shows that it failed",
        lambda: expect(bar).to_have_attribute("aria-label", re.compile("failed, [0-9]+")),
    )
    check("by one hour", lambda: server.world.clock.now() == before + 3600)
    page.locator("#order").get_by_role("button", name="Order").click()
    check("an order is placed", lambda: expect(page.locator("#orders li")).to_have_count(1))
    page.locator("#orders").get_by_role("button").click()
    check("an order is removed", lambda: expect(page.locator("#orders li")).to_have_count(0))
    page.locator("#fault").get_by_role("button", name="Plant").click()
    check("a fault is planted", lambda: expect(page.locator("#faults li")).to_have_count(1))
    page.locator("#faults").get_by_role("button").click()
    check("a fault is removed", lambda: expect(page.locator("#faults li")).to_have_count(0))


def fill(page: Page, server: Server) -> None:
    """Show how long the page takes with many tasks. The time is printed and not judged."""
    (account,) = server.world.accounts()
    with server.world.transaction():
        account.ledger.set_available(MANY * 1_000_000, account.now())
    with httpx.Client(headers=HEADERS, trust_env=False) as client:
        for number in range(MANY):
            client.post(server.url + CREATE, json={"prompt": f"number {number}"})
    expect(page.locator("#task-count")).to_have_text(str(MANY + 3))
    expect(page.locator("#tasks tbody tr").first).to_contain_text(f"number {MANY - 1}")
    frames = page.evaluate(
        """async () => {
            const box = document.querySelector(".scroll"); let longest = 0, before = performance.now();
            for (let step = 0; step < 120; step += 1) {
                box.scrollTop = step * 40;
                await new Promise(requestAnimationFrame);
                const now = performance.now(); longest = Math.max(longest, now - before); before = now;
            }
            return longest;
        }"""
    )
    started = time.perf_counter()
    page.get_by_label("Search").fill("number 77")
    expect(page.locator("#tasks tbody tr").first).to_contain_text("number 77")
    found = time.perf_counter() - started
    print(f"{MANY} tasks: longest frame while scrolling {frames:.0f} ms, search {found * 1000:.0f} ms")


def main() -> int:
    """Run all checks."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("chromium is missing: install Debian's package chromium")
        return 1
    pictures = Path(os.environ["PICTURES"]) if "PICTURES" in os.environ else None
    check = Checks()
    with (
        World(clock=Clock("manual")) as world,
        Server(world, control_token=TOKEN) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 860})
        errors: list[str] = []
        asked: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(server.url)
        dialog = page.locator("#token")
        check("without the token it asks for it", lambda: expect(dialog).to_be_visible())
        dialog.get_by_label("Token").fill(TOKEN)
        dialog.get_by_role("button").click()
        check("with the token it is live", lambda: expect(page.locator("#connection")).to_have_text("live"))
        steer(check, page, server, pictures)
        fill(page, server)
        check("no script of a prompt ran", lambda: page.title() == "Soundstage")
        check("no error in the page", lambda: not errors)
        check("nothing was requested from elsewhere", lambda: all(url.startswith(server.url) for url in asked))
        browser.close()
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
