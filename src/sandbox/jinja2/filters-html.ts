import { dumpJson } from "./dump-json.ts";
import type { Filter } from "./environment.ts";
import { createFilter, flag, textArgument } from "./filter-parts.ts";
import { prettyPrint } from "./pretty-print.ts";
import { escapeHtml, str } from "./print.ts";
import { integerOf, iterate, listOf, textOf, typeName } from "./types.ts";
import { PyDict, PyError, PyMarkup, PyUndefined } from "./values.ts";
import type { PyValue } from "./values.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
  copy: "©",
  reg: "®",
  hellip: "…",
  mdash: "—",
  ndash: "–",
  laquo: "«",
  raquo: "»",
  lsquo: "‘",
  rsquo: "’",
  ldquo: "“",
  rdquo: "”",
  euro: "€",
  times: "×",
};

const unescapeHtml = (text: string): string =>
  text.replace(/&(#x[\da-f]{1,6}|#\d{1,7}|[a-z]+);/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return Object.hasOwn(ENTITIES, name) ? (ENTITIES[name] ?? whole) : whole;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  });

const stripTags = (value: PyValue): string => {
  const bare = str(value)
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/<[^>]*>/g, "");
  return unescapeHtml(bare.trim().split(/\s+/u).join(" "));
};

const quote = (text: string, forQuery: boolean): string => {
  const encoded = encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return forQuery ? encoded.replaceAll("%20", "+") : encoded.replaceAll("%2F", "/");
};

const urlEncode = (value: PyValue): PyValue => {
  if (textOf(value) !== null || value === null || typeof value !== "object") return quote(str(value), false);
  const pairs = value instanceof PyDict ? [...value.entries()] : [...iterate(value)].map(listOf);
  return pairs
    .map(([key, item]) => `${quote(str(key ?? null), true)}=${quote(str(item ?? null), true)}`)
    .join("&");
};

const xmlAttributes = createFilter("xmlattr", ["autospace"], (value, [autospace]) => {
  if (!(value instanceof PyDict))
    throw new PyError("AttributeError", `'${typeName(value)}' object has no attribute 'items'`);
  const parts = [...value.entries()].flatMap(([key, item]) =>
    item === null || item instanceof PyUndefined
      ? []
      : [`${escapeHtml(str(key))}="${item instanceof PyMarkup ? item.text : escapeHtml(str(item))}"`],
  );
  const text = parts.join(" ");
  return flag(autospace, true) && text !== "" ? ` ${text}` : text;
});

const WEB =
  /^(?:https?:\/\/|www\.)(?:(?:[\w%-]+\.)+)?(?:[a-z]{2,63}|xn--[\w%]{2,59}|(?:[\w%-]{2,63}\.)+[a-z]{2,63}|(?:\d{1,3}\.){3}\d{1,3}|\[[\da-f]{1,4}(?::[\da-f]{0,4})+\])(?::\d{1,5})?(?:[/?#]\S*)?$/i;
const BARE = /^(?:[\w%-]+\.)+(?:com|net|int|edu|gov|org|info|mil)(?::\d{1,5})?(?:[/?#]\S*)?$/i;
const MAIL = /^\S+@\w[\w.-]*\.\w+$/;

type LinkStyle = { readonly attributes: string; readonly limit: number | null };

const linkFor = (middle: string, { attributes, limit }: LinkStyle): string => {
  const shown = limit !== null && middle.length > limit ? `${middle.slice(0, limit)}...` : middle;
  if (WEB.test(middle)) {
    const target = /^https?:\/\//i.test(middle) ? middle : `https://${middle}`;
    return `<a href="${target}"${attributes}>${shown}</a>`;
  }
  if (BARE.test(middle) && !middle.includes("@"))
    return `<a href="https://${middle}"${attributes}>${shown}</a>`;
  if (middle.startsWith("mailto:") && MAIL.test(middle.slice(7)))
    return `<a href="${middle}">${middle.slice(7)}</a>`;
  if (middle.includes("@") && !middle.startsWith("www.") && !middle.includes(":") && MAIL.test(middle))
    return `<a href="mailto:${middle}">${middle}</a>`;
  return middle;
};

const urlize = createFilter(
  "urlize",
  ["trim_url_limit", "nofollow", "target", "rel", "extra_schemes"],
  (value, [limit, nofollow, target, rel]) => {
    const relations = new Set([...textArgument(rel, "").split(/\s+/).filter(Boolean), "noopener"]);
    if (flag(nofollow, false)) relations.add("nofollow");
    const attributes =
      ` rel="${escapeHtml([...relations].sort().join(" "))}"` +
      (target === undefined || target === null ? "" : ` target="${escapeHtml(str(target))}"`);
    const size = integerOf(limit);
    const style: LinkStyle = { attributes, limit: size === null ? null : Number(size) };
    return escapeHtml(str(value))
      .split(/(\s+)/u)
      .map((word) => {
        const [head = ""] = /^(?:[(<]|&lt;)+/.exec(word) ?? [""];
        const [tail = ""] = /(?:[)>.,\n]|&gt;)+$/.exec(word.slice(head.length)) ?? [""];
        const middle = word.slice(head.length, word.length - tail.length);
        return head + linkFor(middle, style) + tail;
      })
      .join("");
  },
);

/** Filters that make or take apart HTML, URLs and JSON. */
export const HTML_FILTERS: Readonly<Record<string, Filter>> = {
  pprint: (value) => prettyPrint(value),
  striptags: stripTags,
  tojson: createFilter("tojson", ["indent"], (value, [indent]) => {
    const size = integerOf(indent);
    return new PyMarkup(
      dumpJson(
        value,
        indent === undefined || indent === null
          ? null
          : size === null
            ? str(indent)
            : " ".repeat(Math.min(100, Number(size))),
      ),
    );
  }),
  urlencode: urlEncode,
  urlize,
  xmlattr: xmlAttributes,
};
