/**
 * Keeps the picture of a run up to date: the server says what has changed, made ready as HTML. Without
 * this script the page shows how things stood when it was opened.
 */
const TRY_AGAIN_MS = 15_000;

const parse = (text) => new DOMParser().parseFromString(text, "text/html");

const replaceContent = (element, text) => {
  if (element === null) return;
  const fresh = parse(text).body;
  if (fresh.innerHTML === element.innerHTML) return;
  element.replaceChildren(...document.importNode(fresh, true).childNodes);
};

/** Changes an entry in place, so that what somebody has opened stays open and focus stays where it is. */
const updateEntry = ({ id, place, html }) => {
  const fresh = document.importNode(parse(`<ol>${html}</ol>`).querySelector("li"), true);
  const known = document.getElementById(id);
  if (known === null) {
    document.getElementById(place)?.append(fresh);
    return;
  }
  known.dataset.state = fresh.dataset.state;
  for (const selector of [":scope > details > summary", ":scope > details > .body"]) {
    const [old, next] = [known.querySelector(selector), fresh.querySelector(selector)];
    if (old !== null && next !== null && old.innerHTML !== next.innerHTML)
      old.replaceChildren(...next.childNodes);
  }
};

const updateNodes = (part, nodes) => {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const drawn of part.querySelectorAll(".flow-drawing [data-node]")) {
    const node = byId.get(drawn.dataset.node);
    if (node === undefined) continue;
    drawn.dataset.state = node.state;
    drawn.setAttribute("aria-label", node.label);
  }
};

/** Moves a wide picture to what runs, unless somebody is at it. */
const showRunning = (part) => {
  const picture = part.querySelector(".picture");
  const running = [...part.querySelectorAll('.flow-drawing [data-state="running"]')].at(-1);
  if (picture === null || running === undefined || picture.matches(":hover, :focus-within")) return;
  const [around, node] = [picture.getBoundingClientRect(), running.getBoundingClientRect()];
  if (node.left >= around.left && node.right <= around.right) return;
  picture.scrollLeft += node.left - around.left - (around.width - node.width) / 2;
};

/** Opens the newest step of a node, with the rounds around it. */
const showStep = (nodeId) => {
  const steps = [...document.querySelectorAll("#live-steps [data-node]")];
  const step = steps.findLast(({ dataset }) => dataset.node === nodeId);
  if (step === undefined) return false;
  for (let around = step; around !== null; around = around.parentElement.closest("li.step"))
    around.querySelector(":scope > details").open = true;
  step.scrollIntoView({ block: "nearest" });
  step.querySelector(":scope > details > summary").focus();
  return true;
};

document.addEventListener("click", (event) => {
  const drawn = event.target instanceof Element ? event.target.closest(".flow-drawing a[data-node]") : null;
  if (drawn !== null && showStep(drawn.dataset.node)) event.preventDefault();
});

let source = null;
let timer = null;

const close = () => {
  source?.close();
  source = null;
  clearTimeout(timer);
};

/** Fetches the page and takes its part over, where it shows something else now. */
const reload = async () => {
  close();
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "manual" });
    const fresh = response.ok ? parse(await response.text()).getElementById("flow") : null;
    if (fresh === null) throw new Error("no page");
    document.getElementById("flow").replaceChildren(...document.importNode(fresh, true).childNodes);
    const { events } = fresh.dataset;
    if (events === undefined) delete document.getElementById("flow").dataset.events;
    else document.getElementById("flow").dataset.events = events;
    open();
  } catch {
    timer = setTimeout(reload, TRY_AGAIN_MS);
  }
};

const open = () => {
  const part = document.getElementById("flow");
  const address = part?.dataset.events;
  if (address === undefined || source !== null) return;
  showRunning(part);
  source = new EventSource(address);
  source.addEventListener("update", ({ data }) => {
    const update = JSON.parse(data);
    for (const entry of update.entries) updateEntry(entry);
    updateNodes(part, update.nodes);
    showRunning(part);
    replaceContent(document.getElementById("live-head"), update.head);
    replaceContent(document.getElementById("live-calls"), update.calls);
  });
  source.addEventListener("switch", () => void reload());
  source.addEventListener("end", () => {
    close();
    delete part.dataset.events;
  });
  source.addEventListener("error", () => {
    // A browser connects again by itself unless it was refused.
    if (source?.readyState !== EventSource.CLOSED) return;
    close();
    timer = setTimeout(reload, TRY_AGAIN_MS);
  });
};

addEventListener("pagehide", close);
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) void reload();
});
open();
