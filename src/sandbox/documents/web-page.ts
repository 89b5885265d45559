import { Readability } from "@mozilla/readability";
import { DOMParser } from "linkedom";

const parser = new DOMParser();

/** The parser makes no `html` and `body` of its own for a page that leaves them out. */
const parse = (html: string) => {
  const page = parser.parseFromString(html, "text/html");
  return page.querySelector("html") === null
    ? parser.parseFromString(`<!doctype html><html><head></head><body>${html}</body></html>`, "text/html")
    : page;
};

/**
 * The article of a web page in UTF-8, without navigation and footers, in the form of Dify's web scraper and by the same
 * library (Readability); empty where the page has no text. The date is None, as Dify's own reading leaves it.
 */
export const readWebPage = async (bytes: Uint8Array): Promise<string> => {
  const article = new Readability(parse(new TextDecoder().decode(bytes))).parse();
  const content = article?.textContent?.replaceAll(/\n\s*\n/g, "\n") ?? "";
  if (content.trim() === "") return "";
  const shown = (value: string | null | undefined): string => (value ? value : "None");
  return `\nTITLE: ${shown(article?.title)}\nAUTHORS: ${shown(article?.byline)}\nPUBLISH DATE: None\nTOP_IMAGE_URL: \nTEXT:\n\n${content}\n`;
};
