/**
 * Brings news to an open page: when the server says that something has changed, the page is fetched again
 * and its live regions are replaced. Brings parts that a page does not wait for. Pages work without this.
 */
const REFRESH_AT_MOST_EVERY_MS = 2_000;

const address = document.body.dataset["live"];

/** A region that somebody works in is left alone, so that neither focus nor an opened detail is lost. */
const isInUse = (region) =>
  region.contains(document.activeElement) || region.querySelector("details[open]") !== null;

const replaceRegions = (fresh) => {
  for (const region of document.querySelectorAll("[data-region]")) {
    const next = fresh.getElementById(region.id);
    if (next === null || isInUse(region) || next.innerHTML === region.innerHTML) continue;
    region.replaceWith(document.importNode(next, true));
  }
};

const refresh = async () => {
  const response = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "manual" });
  if (!response.ok) return;
  replaceRegions(new DOMParser().parseFromString(await response.text(), "text/html"));
};

/** Parts that take long come after the page; the link that stands in their place leads there as well. */
const loadPart = async (part) => {
  try {
    const response = await fetch(part.dataset["load"], {
      headers: { accept: "text/html" },
      redirect: "manual",
    });
    if (!response.ok) return;
    const loaded = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = loaded.getElementById(part.id);
    if (next !== null && !isInUse(part)) part.replaceWith(document.importNode(next, true));
  } catch {
    // The server is gone for the moment.
  }
};

for (const part of document.querySelectorAll("[data-load]")) void loadPart(part);

if (address !== undefined) {
  let timer = null;
  const soon = () => {
    timer ??= setTimeout(async () => {
      try {
        await refresh();
      } catch {
        // The server is gone for the moment; the stream connects again and brings the next news.
      } finally {
        timer = null;
      }
    }, REFRESH_AT_MOST_EVERY_MS / 4);
  };
  let source = null;
  const open = () => {
    if (source !== null || document.hidden) return;
    source = new EventSource(address);
    source.addEventListener("change", soon);
    source.addEventListener("hello", soon);
  };
  const close = () => {
    source?.close();
    source = null;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
}
