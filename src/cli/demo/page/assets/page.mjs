/**
 * Keeps the page as the merge request is: asks for it anew every second, and changes only what differs, so
 * that what somebody types, has opened or has in focus stays. Without this script every button works, too,
 * and the page shows how things stood when it was loaded.
 */
const EVERY_MS = 1_000;
/** Answers that fail in a row before the page says that the demo has ended. */
const PATIENCE = 3;

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE && node.id !== "" ? node.id : null);

const isSameKind = (old, next) =>
  old.nodeType === next.nodeType && old.nodeName === next.nodeName && keyOf(old) === keyOf(next);

const updateAttributes = (old, next) => {
  for (const { name, value } of next.attributes) {
    // What is open or folded is for the reader to say.
    if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const name of old.getAttributeNames()) {
    if (name !== "open" && name !== "disabled" && !next.hasAttribute(name)) old.removeAttribute(name);
  }
};

/** Makes `old` what `next` is, and keeps every node that can stay. */
const update = (old, next) => {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
    return;
  }
  if (old.id === "ended") return;
  updateAttributes(old, next);
  if (old.matches("textarea")) return;
  let at = old.firstChild;
  for (const wanted of next.childNodes) {
    const key = keyOf(wanted);
    const known = key === null ? null : [...old.childNodes].find((child) => keyOf(child) === key);
    const same = known ?? (at !== null && isSameKind(at, wanted) ? at : null);
    if (same === null || same === undefined) {
      old.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else old.insertBefore(same, at);
    update(same, wanted);
  }
  while (at !== null) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
};

let tag = "";
let failures = 0;

const show = async (response) => {
  const next = new DOMParser().parseFromString(await response.text(), "text/html");
  tag = response.headers.get("etag") ?? "";
  document.title = next.title;
  update(document.body, next.body);
};

const setEnded = (isEnded) => {
  const sign = document.getElementById("ended");
  if (sign !== null) sign.hidden = !isEnded;
};

const ask = async () => {
  try {
    const response = await fetch(location.pathname, { headers: { "if-none-match": tag }, cache: "no-store" });
    failures = 0;
    setEnded(false);
    if (response.status === 200) await show(response);
  } catch {
    failures += 1;
    if (failures >= PATIENCE) setEnded(true);
  }
};

const follow = async () => {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    if (!document.hidden) await ask();
  }
};

const send = async (form, button) => {
  const fields = new URLSearchParams(new FormData(form, button));
  button?.setAttribute("disabled", "");
  try {
    const response = await fetch(form.action, { method: "POST", body: fields });
    const path = new URL(response.url).pathname;
    if (response.ok && path !== location.pathname) {
      location.assign(path);
      return;
    }
    if (response.ok) {
      form.reset();
      await show(response);
    } else form.submit();
  } catch {
    setEnded(true);
  } finally {
    button?.removeAttribute("disabled");
  }
};

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form.act")) return;
  event.preventDefault();
  void send(event.target, event.submitter);
});

void follow();
