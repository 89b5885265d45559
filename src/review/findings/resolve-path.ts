import { type Message, message } from "../../messages/message.ts";
import { shownPath } from "../units/render-unit.ts";

/** A path that was found among the given ones, or why it was not. */
export type PathReading =
  | { readonly kind: "path"; readonly path: string; readonly lines: string | null }
  | { readonly kind: "unknown"; readonly reason: Message };

const LINES_BEHIND = /(?:[:#]L?|\s+\(?lines?\s+)(\d+(?:\s*[-–]\s*L?\d+)?)(?::\d+)?\)?$/i;

/** What `fileLine` puts around a path. */
const FILE_LINE =
  /^={2,}\s*|\s*\((?:added|deleted|modified|renamed[^)]*|removed|copied[^)]*|new file)\)\s*(?:={2,})?$|\s*={2,}$/gi;

/**
 * The one of `paths` that a model meant: the same text; the same but for quotes, slashes, `./`, `a/` or
 * `b/` before it, what the line above its hunks says of it, and a line behind it; or else the only one that ends with it at a slash.
 */
export const resolvePath = (stated: string, paths: readonly string[]): PathReading => {
  const raw = stated
    .normalize("NFC")
    .trim()
    .replace(/^[`"'<*]+|[`"'>*]+$/g, "");
  const plain = raw.replace(FILE_LINE, "");
  const lines = LINES_BEHIND.exec(plain)?.[1] ?? null;
  // A mark may also end before the line: `src/cart.js`:12.
  const bare = plain.replace(LINES_BEHIND, "").replace(/[`"'>*]+$/, "");
  const forms = [stated, raw, plain, bare];
  for (const form of forms) {
    for (const candidate of variants(form)) {
      const path = paths.find((given) =>
        [given, given.normalize("NFC"), shownPath(given)].includes(candidate),
      );
      if (path !== undefined) return { kind: "path", path, lines };
    }
  }
  const tail = variants(bare).at(-1) ?? "";
  const ending = tail === "" ? [] : paths.filter((given) => given.normalize("NFC").endsWith(`/${tail}`));
  const [only] = ending;
  if (only !== undefined && ending.length === 1) return { kind: "path", path: only, lines };
  const reason = message(ending.length > 1 ? "findings.path-ambiguous" : "findings.path-unknown");
  return { kind: "unknown", reason };
};

/** From the text as it stands to the barest form, each once. */
const variants = (text: string): readonly string[] => {
  const slashes = text.replaceAll("\\", "/").replace(/\/{2,}/g, "/");
  const relative = slashes.replace(/^(?:\.?\/)+/, "");
  const bare = relative.replace(/^[ab]\//, "").replace(/^(?:\.\/)+/, "");
  return [...new Set([text, slashes, relative, bare])];
};
