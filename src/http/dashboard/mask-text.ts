import { Json, parseJson } from "../../base/json.ts";
import { maskValues } from "../../base/mask-values.ts";
import type { Secret } from "../../base/secret.ts";

const MASK = "[secret]";

/** Names whose values are nobody's business, whatever they hold. */
const SECRET_NAME =
  /token|secret|passw|credential|authorization|private[_-]?key|api[_-]?key|access[_-]?key|signature|cookie/i;

/** Tokens that are known by their look: GitLab's, webhook signing, OpenAI's and its likes, JWTs, PEM blocks. */
const PATTERNS = [
  /\b(?:glpat|gldt|glrt|glcbt|glptt|glft|glimt|glagent|gloas|glsoat|glffct|GR1348941)[-_][\w.-]{8,}/g,
  /\bwhsec_[\w+/=-]{8,}/g,
  /\b(?:sk|app|gh[pousr]|xox[abprs])[-_][\w-]{16,}/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}/g,
  /\bBearer\s+[\w.~+/=-]{8,}/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
] as const;

const CREDENTIALS_IN_URL = /(\b\w[\w+.-]*:\/\/)[^\s/@"'<>]+@/g;
const SECRET_IN_QUERY = /([?&][\w-]*(?:token|secret|key|passw)[\w-]*=)[^\s&"'<>]+/gi;

/** Takes out of texts what must not be shown. */
export type Masking = {
  readonly text: (text: string) => string;
  readonly json: (value: Json) => Json;
};

/**
 * A mask for bodies and results: our own secrets wherever they stand, tokens by their look, credentials in
 * addresses, and every text under a name that speaks of a secret.
 */
export const createMasking = (secrets: readonly Secret[]): Masking => {
  const own = maskValues(secrets);
  const text = (original: string): string => {
    return PATTERNS.reduce((seen, pattern) => seen.replaceAll(pattern, MASK), own(original))
      .replaceAll(CREDENTIALS_IN_URL, `$1${MASK}@`)
      .replaceAll(SECRET_IN_QUERY, `$1${MASK}`);
  };
  const json = (value: Json, isSecret = false): Json => {
    if (isSecret && (typeof value === "number" || (typeof value === "string" && value !== ""))) return MASK;
    if (typeof value === "string") return text(value);
    if (typeof value !== "object" || value === null) return value;
    if (isArray(value)) return value.map((child) => json(child, isSecret));
    return Object.fromEntries(
      Object.entries(value).map(([name, child]) => [
        text(name),
        json(child, isSecret || SECRET_NAME.test(name)),
      ]),
    );
  };
  return { text, json: (value) => json(value) };
};

const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);

/** A body that is larger is not shown. */
const LARGEST_BODY = 4 * 1024 * 1024;
/** The most characters of it on a page. */
const LONGEST_SHOWN = 400_000;

/** A body made fit for a page. */
export type ShownBody =
  | { readonly kind: "too-large"; readonly bytes: number }
  | { readonly kind: "json" | "text"; readonly text: string; readonly isCut: boolean };

/** The body of a delivery, indented and without its secrets. */
export const showBody = (body: Uint8Array, masking: Masking): ShownBody => {
  if (body.byteLength > LARGEST_BODY) return { kind: "too-large", bytes: body.byteLength };
  const raw = Buffer.from(body).toString("utf8");
  const parsed = Json.safeParse(parseJson(raw));
  const text = parsed.success ? JSON.stringify(masking.json(parsed.data), null, 2) : masking.text(raw);
  return {
    kind: parsed.success ? "json" : "text",
    text: text.slice(0, LONGEST_SHOWN),
    isCut: text.length > LONGEST_SHOWN,
  };
};
