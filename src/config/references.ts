import { problemAt } from "../base/errors.ts";
import { type Message, message } from "../messages/message.ts";

const REFERENCE = /\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** A tree of plain values with its references replaced, and what could not be replaced. */
export type Resolved = {
  readonly value: unknown;
  readonly problems: readonly Message[];
  /** The variables that some text refers to. */
  readonly used: ReadonlySet<string>;
};

/**
 * Replaces `${NAME}` in every text of a tree by the environment variable of that name, `${NAME:-text}`
 * by the text when it is not set, and `$${NAME}` by the literal `${NAME}`. A variable that is missing
 * is a problem that names the key.
 */
export const resolveReferences = (
  tree: unknown,
  environment: Readonly<Record<string, string | undefined>>,
): Resolved => {
  const problems: Message[] = [];
  const used = new Set<string>();
  const walk = (node: unknown, path: string): unknown => {
    if (typeof node === "string") return replaceIn(node, path);
    if (Array.isArray(node)) return node.map((child: unknown, index) => walk(child, `${path}[${index}]`));
    if (typeof node !== "object" || node === null) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, child]: [string, unknown]) => [
        key,
        walk(child, path === "" ? key : `${path}.${key}`),
      ]),
    );
  };
  const replaceIn = (text: string, path: string): string =>
    text.replace(REFERENCE, (whole, escaped: string, name: string, fallback: string | undefined) => {
      if (escaped !== "") return whole.slice(1);
      used.add(name);
      const value = environment[name];
      if (value !== undefined && value !== "") return value;
      if (fallback !== undefined) return fallback;
      problems.push(problemAt(path, message("config.variable-unset", { name })));
      return "";
    });
  return { value: walk(tree, ""), problems, used };
};
