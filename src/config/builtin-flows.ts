/**
 * How a flow and Reviewflow share the work. `classic`: the flow posts by itself. `note`: it returns
 * Markdown and we post one note. `findings`: it judges parts of the diff and we do everything else.
 */
export type Contract = "classic" | "note" | "findings";

/** The workflow files that come with Reviewflow, and the contract of those that can review. */
export const BUILTIN_FLOWS = {
  review: "findings",
  mentor: "findings",
  classic: "classic",
  summary: null,
  verify: null,
  reply: null,
} as const satisfies Readonly<Record<string, Contract | null>>;

/** The name of a workflow file that comes with Reviewflow. */
export type BuiltinFlow = keyof typeof BUILTIN_FLOWS;

const PREFIX = "builtin:";

const isBuiltin = (name: string): name is BuiltinFlow => Object.hasOwn(BUILTIN_FLOWS, name);

/** The shipped file that a setting names, `unknown` for a name that we do not ship, null for a path. */
export const builtinOf = (file: string): BuiltinFlow | "unknown" | null => {
  if (!file.startsWith(PREFIX)) return null;
  const name = file.slice(PREFIX.length);
  return isBuiltin(name) ? name : "unknown";
};

/** What can be written, for messages. */
export const BUILTIN_NAMES: readonly string[] = Object.keys(BUILTIN_FLOWS).map((name) => PREFIX + name);

/** The flow that answers notes where the configuration names no other. */
export const ANSWERS = {
  kind: "embedded",
  file: { kind: "builtin", name: "reply" },
  secrets: {},
  tools: {},
} as const;
