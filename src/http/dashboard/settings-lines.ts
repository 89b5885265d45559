import { Secret } from "../../base/secret.ts";

/** A setting as a page shows it. */
export type SettingLine = {
  /** Such as `webhook.signing_tokens[0].secret`. */
  readonly path: string;
  /** Null where nothing is set. */
  readonly value: string | null;
  readonly isSecret: boolean;
};

/**
 * The settings, one a line. What is a secret is known by its type and not by its name, so that a secret
 * under a new name cannot slip through.
 */
export const settingsLines = (tree: unknown, path = ""): readonly SettingLine[] => {
  if (tree instanceof Secret) return [{ path, value: String(tree), isSecret: true }];
  if (tree === null || tree === undefined) return [{ path, value: null, isSecret: false }];
  if (typeof tree !== "object")
    return [{ path, value: typeof tree === "string" ? tree : JSON.stringify(tree), isSecret: false }];
  const entries: readonly (readonly [string, unknown])[] = Object.entries(tree);
  if (entries.length === 0) return [{ path, value: null, isSecret: false }];
  const isList = Array.isArray(tree);
  return entries.flatMap(([name, child]) =>
    settingsLines(child, isList ? `${path}[${name}]` : path === "" ? name : `${path}.${name}`),
  );
};
