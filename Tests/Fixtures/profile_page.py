#!/usr/bin/env python3
"""Opens pages of profiles in headless Chromium, in light and dark, and checks what only a browser can.

    pip install playwright==1.65.2        # and a Chromium: apt-get install chromium
    python Tests/Fixtures/profile_page.py CHROMIUM FOLDER

For every page in the folder: nothing on the console, nothing fetched, nothing of a name was run, every operation is a
point within the picture, labels of axes and limits do not overlap, text has a contrast of 4.5 to what is behind it, marks
and timeline answer to keys. Screenshots are left beside the pages. dev/test-report.sh does all of it.
"""

import json
import pathlib
import sys

from playwright.sync_api import sync_playwright

CONTRAST = """() => {
  const parse = text => {
    const numbers = text.match(/[\\d.]+/g).map(Number);
    return { rgb: numbers.slice(0, 3), alpha: numbers.length > 3 ? numbers[3] : 1 };
  };
  const over = (top, alpha, below) => top.map((value, i) => value * alpha + below[i] * (1 - alpha));
  const light = rgb => {
    const [r, g, b] = rgb.map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const page = parse(getComputedStyle(document.body).backgroundColor).rgb;
  const behind = (element, box) => {
    const svg = element.closest('svg');
    if (!svg) {
      for (let e = element; e; e = e.parentElement) {
        const colour = parse(getComputedStyle(e).backgroundColor);
        if (colour.alpha) return colour.rgb;
      }
      return page;
    }
    // The rectangle of a treemap that the label stands in.
    let found = page;
    for (const rect of svg.querySelectorAll('rect')) {
      const area = rect.getBoundingClientRect();
      if (area.left > box.left + 1 || area.right < box.left + 1 || area.top > box.top + 4 || area.bottom < box.top + 4) continue;
      const style = getComputedStyle(rect);
      if (style.fill !== 'none') found = over(parse(style.fill).rgb, +style.fillOpacity, page);
    }
    return found;
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (!node.textContent.trim() || element.closest('script, title, noscript, [hidden]')) continue;
    const style = getComputedStyle(element);
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (!box.width) continue;
    const ink = parse(element.closest('svg') ? style.fill : style.color).rgb;
    const [a, b] = [light(ink), light(behind(element, box))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) poor.push(`${node.textContent.trim().slice(0, 30)}: ${contrast.toFixed(2)}`);
  }
  return poor;
}"""

OVERLAPS = """() => {
  const overlapping = [];
  for (const picture of document.querySelectorAll('#roofline, #memory, #treemap')) {
    const texts = [...picture.querySelectorAll('text')].filter(t => !t.getAttribute('transform')).map(t => [t, t.getBoundingClientRect()]);
    for (let i = 0; i < texts.length; i++)
      for (let j = 0; j < i; j++) {
        const [a, b] = [texts[i][1], texts[j][1]];
        const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (width > 1 && height > 2.5) overlapping.push(`${picture.id}: ${texts[i][0].textContent} and ${texts[j][0].textContent}`);
      }
    const frame = picture.getBoundingClientRect();
    for (const [text, box] of texts)
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
        overlapping.push(`${picture.id}: ${text.textContent} leaves the picture`);
  }
  return overlapping;
}"""

POINTS = """() => {
  const picture = document.getElementById('roofline');
  if (!picture) return [];
  const frame = picture.getBoundingClientRect();
  return [...picture.querySelectorAll('circle.mark')].filter(point => {
    const box = point.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    return box.width > 4 && x > frame.left && x < frame.right && y > frame.top && y < frame.bottom;
  }).map(point => +point.dataset.op).sort((a, b) => a - b);
}"""

COLOURS = """() => {
  const canvas = document.getElementById('timeline');
  // A copy, for the browser warns of reading the page's own again and again.
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const pixels = copy.getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = new Set();
  for (let i = 0; i < pixels.length; i += 4) colours.add(pixels[i] << 16 | pixels[i + 1] << 8 | pixels[i + 2]);
  let sum = 0;
  for (let i = 0; i < pixels.length; i++) sum = (sum * 31 + pixels[i]) >>> 0;
  return [colours.size, sum];
}"""


class Checks:
    def __init__(self):
        self.failures = 0

    def check(self, name, found, wanted):
        if found != wanted:
            self.failures += 1
            print(f"FAILED: {name}: {found!r}, wanted {wanted!r}", file=sys.stderr)


def keys(page, name, operations, checks):
    """Marks, kinds and the timeline, with the keyboard alone."""
    tip = page.locator("#tip")
    if operations:
        for picture in ("roofline", "treemap"):
            marks = page.locator(f"#{picture} .mark")
            if marks.count() == 0:
                continue
            checks.check(f"{name}: one stop in {picture}", page.locator(f"#{picture} .mark[tabindex='0']").count(), 1)
            page.locator(f"#{picture} .mark[tabindex='0']").focus()
            first = tip.inner_text()
            checks.check(f"{name}: figures in {picture}", tip.is_visible() and "calls" in first or "call" in first, True)
            if marks.count() > 1:
                page.keyboard.press("ArrowRight")
                checks.check(f"{name}: the next mark in {picture}", page.evaluate(
                    f"document.activeElement === document.querySelectorAll('#{picture} .mark')[1]"), True)
            page.keyboard.press("Escape")
            checks.check(f"{name}: Escape in {picture}", tip.is_visible(), False)
        button = page.locator("[data-kind]").first
        button.press("Enter")
        checks.check(f"{name}: a kind stands out", page.evaluate("document.body.classList.contains('pale')"), True)
        button.press("Enter")
        checks.check(f"{name}: and no more", page.evaluate("document.body.classList.contains('pale')"), False)
    canvas = page.locator("#timeline")
    if canvas.count() and operations:
        canvas.focus()
        colours, whole = page.evaluate(COLOURS)
        checks.check(f"{name}: the timeline has colours", colours > 3, True)
        page.keyboard.press("+")
        zoomed = page.evaluate(COLOURS)[1]
        checks.check(f"{name}: + zooms", zoomed != whole, True)
        page.keyboard.press("0")
        checks.check(f"{name}: 0 shows everything", page.evaluate(COLOURS)[1], whole)
        page.keyboard.press(".")
        checks.check(f"{name}: . shows a span", tip.is_visible() and "worker" in tip.inner_text(), True)
        page.keyboard.press("Escape")
        box = canvas.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 10)
        page.mouse.wheel(0, -300)
        page.wait_for_timeout(50)
        checks.check(f"{name}: the wheel zooms", page.evaluate(COLOURS)[1] != whole, True)
        page.keyboard.press("0")


def visit(browser, path, scheme, checks):
    name = f"{path.stem} in {scheme}"
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1200, "height": 900})
    page = context.new_page()
    said, fetched = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append("a dialog: " + dialog.message), dialog.dismiss()))
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_timeout(100)
    with open(path.with_suffix(".json")) as file:
        profile = json.load(file)
    operations = sum(len(phase["operations"]) for phase in profile["phases"])
    checks.check(f"{name}: points", page.evaluate(POINTS), list(range(operations)))
    checks.check(f"{name}: contrast", page.evaluate(CONTRAST), [])
    checks.check(f"{name}: overlaps", page.evaluate(OVERLAPS), [])
    checks.check(f"{name}: width", page.evaluate("document.documentElement.scrollWidth <= innerWidth"), True)
    alarm = page.locator("[role=alert]")
    checks.check(f"{name}: says it was interrupted", alarm.count() == 1, profile["interrupted"])
    keys(page, name, operations, checks)
    page.screenshot(path=path.with_name(f"{path.stem}-{scheme}.png"), full_page=True)
    if path.stem == "model":
        page.locator("#roofline .mark").last.hover()  # drawn above all others
        page.screenshot(path=path.with_name(f"{path.stem}-{scheme}-hover.png"))
        page.set_viewport_size({"width": 420, "height": 800})
        page.wait_for_timeout(50)
        checks.check(f"{name}: width on a telephone", page.evaluate("document.documentElement.scrollWidth <= innerWidth"), True)
        page.screenshot(path=path.with_name(f"{path.stem}-{scheme}-narrow.png"))
        page.set_viewport_size({"width": 1200, "height": 900})
        page.emulate_media(media="print")
        page.wait_for_timeout(50)
        checks.check(f"{name}: prints on white", page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        checks.check(f"{name}: contrast in print", page.evaluate(CONTRAST), [])
        page.set_viewport_size({"width": 700, "height": 1000})
        page.wait_for_timeout(50)
        checks.check(f"{name}: tables fit on A4", page.evaluate(
            "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.ariaLabel)"), [])
        page.pdf(path=path.with_name(f"{path.stem}-{scheme}.pdf"), print_background=True)
    checks.check(f"{name}: console", said, [])
    checks.check(f"{name}: requests", [url for url in fetched if url != path.as_uri() and not url.startswith("data:")], [])
    context.close()


def main():
    chromium, folder = sys.argv[1:]
    checks = Checks()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        pages = sorted(pathlib.Path(folder).resolve().glob("*.html"))
        checks.check("there are pages", bool(pages), True)
        for path in pages:
            for scheme in ("light", "dark"):
                visit(browser, path, scheme, checks)
        browser.close()
    print(f"{len(pages)} pages, {checks.failures} failures")
    sys.exit(1 if checks.failures else 0)


if __name__ == "__main__":
    main()
