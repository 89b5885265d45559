import type { Page } from "playwright-core";

/** How far the page reaches beyond the window to the right, in pixels. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`).then(Number);

const NAMELESS = `
  [...document.querySelectorAll("a, button, input:not([type=hidden]), select, img, summary")]
    .filter((element) => {
      const named = [element.getAttribute("aria-label"), element.getAttribute("alt"), element.textContent]
        .concat([...(element.labels ?? [])].map((label) => label.textContent));
      return named.every((text) => (text ?? "").trim() === "");
    })
    .map((element) => element.outerHTML.slice(0, 200))`;

/** Links, controls and pictures that have no name for those who cannot see them. */
export const namelessOf = async (page: Page): Promise<readonly string[]> => page.evaluate<string[]>(NAMELESS);

const TABLES = `
  [...document.querySelectorAll("table")]
    .filter((table) => table.caption === null || table.querySelector("thead th[scope=col]") === null)
    .length`;

/** How many tables lack a caption or headings. */
export const bareTablesOf = (page: Page): Promise<number> => page.evaluate(TABLES).then(Number);

/**
 * Texts whose colour stands out too little from what is behind them: below 4.5 to 1, or 3 to 1 for large
 * ones (WCAG 2.2, 1.4.3).
 */
const FAINT = `
  (() => {
    const parse = (color) => {
      const parts = (color.match(/[\\d.]+/g) ?? []).map(Number);
      return { rgb: parts.slice(0, 3), alpha: parts[3] ?? 1 };
    };
    const light = (rgb) => {
      const [r, g, b] = rgb.map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
      for (let at = element; at !== null; at = at.parentElement) {
        const { rgb, alpha } = parse(getComputedStyle(at).backgroundColor);
        if (alpha === 1) return rgb;
      }
      return [255, 255, 255];
    };
    const found = [];
    for (const element of document.querySelectorAll("body *")) {
      const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
      if (!own || element.closest(".unseen, .skip, svg") !== null) continue;
      const style = getComputedStyle(element);
      const [one, other] = [light(parse(style.color).rgb), light(behind(element))];
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (isLarge ? 3 : 4.5)) found.push(ratio.toFixed(2) + " " + element.outerHTML.slice(0, 120));
    }
    return found;
  })()`;

/** Texts that are hard to read in the page's present colours. */
export const faintTextsOf = async (page: Page): Promise<readonly string[]> => page.evaluate<string[]>(FAINT);

/** What has the focus: its text, and whether it is marked so that it can be seen. */
export const focusOf = (page: Page): Promise<{ readonly text: string; readonly isMarked: boolean }> =>
  page.evaluate(`
    (() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      return {
        text: (element.getAttribute("aria-label") ?? element.textContent ?? "").trim(),
        isMarked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
      };
    })()`);

/** Presses Tab until what has the focus says so; fails when the page has nothing of the kind. */
export const tabTo = async (page: Page, text: RegExp): Promise<void> => {
  for (let step = 0; step < 80; step += 1) {
    await page.keyboard.press("Tab");
    const focus = await focusOf(page);
    if (!focus.isMarked) throw new Error(`the focus cannot be seen on "${focus.text}"`);
    if (text.test(focus.text)) return;
  }
  throw new Error(`nothing that says ${String(text)} can be reached with the Tab key`);
};
