import { maskPrivateKeys } from "./mask-private-keys.ts";
import { SECRET_FORMATS, type SecretFormat } from "./secret-formats.ts";

const PLACEHOLDER = /\[masked: [a-z-]{1,32}\]/;

/** What is called is code, whatever its name looks like; a mask would hide what it does. */
const CALLED = /^[ \t]*\(/;
const MAX_GAP = 16;

/** What stands in the place of a secret of this kind. */
const maskedAs = (kind: string): string => `[masked: ${kind}]`;

/** Whether the text holds a placeholder; code that does must not be written back, as a suggestion would. */
export const holdsMask = (text: string): boolean => PLACEHOLDER.test(text);

/**
 * Replaces what has the form of a known token, of a private key in PEM form or of a password in a URL
 * by a placeholder that names the kind, before a model sees it. The text keeps its number of lines, and
 * every line its place. `masked` counts the replacements, a private key as one for each of its lines.
 * Where tokens are not glued to each other, masking twice is the same as masking once. Linear in the text.
 *
 * Nothing but the secret is replaced, so that nobody hides code from a reviewer by what stands around it.
 * Secrets without a form of their own (`password = "hunter2"`) are not known by this; what looks like a
 * commit, a checksum or a UUID is left alone.
 */
export const maskSecrets = (
  text: string,
  formats: readonly SecretFormat[] = SECRET_FORMATS,
): { readonly text: string; readonly masked: number } => {
  let masked = 0;
  let seen = text;
  for (const { kind, pattern } of formats) {
    seen = seen.replace(pattern, (match, kept: string, index: number, whole: string) => {
      if (CALLED.test(whole.slice(index + match.length, index + match.length + MAX_GAP))) return match;
      masked += 1;
      return `${kept}${maskedAs(kind)}`;
    });
  }
  const keys = maskPrivateKeys(seen.split("\n"), maskedAs("private-key"));
  return { text: keys.lines.join("\n"), masked: masked + keys.masked };
};
