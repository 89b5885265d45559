import type { Context } from "./context.ts";
import { ACTIONS } from "./quick-action-list.ts";
import type { MergeRequest, User } from "./state.ts";

/** A command found in a text. */
export type Command = { readonly name: string; readonly args: string };

/** What became of a text's commands. */
export type CommandOutcome = {
  readonly text: string;
  readonly commands: readonly Command[];
  readonly changes: Readonly<Record<string, unknown>>;
  readonly summary: readonly string[];
  readonly failed: boolean;
};

const LINE = /^\/([a-zA-Z_]+)(?:[ \t]+(.*?))?[ \t]*$/;

/** Where the fence that opens at a line closes; before the line where none opens or it never closes. */
const fenceEnd = (lines: readonly string[], at: number): number => {
  const mark = /^(`{3,}|>>>)/.exec(lines[at] ?? "")?.[1];
  return mark === undefined ? -1 : lines.findIndex((line, index) => index > at && line.trimEnd() === mark);
};

/**
 * Takes the commands out of a text: lines that begin with a known `/name` at their first column, outside closed fences of
 * backticks and of `>>>`. Stricter than each of GitLab's two readers: it also takes such lines from fences of tildes and
 * from fences that never close, and a lone CR ends a line here.
 */
export const extractCommands = (
  body: string,
): { readonly text: string; readonly commands: readonly Command[] } => {
  const commands: Command[] = [];
  const kept: string[] = [];
  const lines = body.split(/\r\n|\r|\n/);
  let fencedUntil = -1;
  for (const [at, line] of lines.entries()) {
    if (at > fencedUntil) fencedUntil = fenceEnd(lines, at);
    const match = at > fencedUntil ? LINE.exec(line) : null;
    const name = match?.[1]?.toLowerCase() ?? "";
    if (match !== null && ACTIONS.has(name)) commands.push({ name, args: match[2] ?? "" });
    else kept.push(line);
  }
  return commands.length === 0 ? { text: body, commands } : { text: kept.join("\n").trim(), commands };
};

/** Runs a text's commands as its author, recording each; what the author may not do is not done. */
export const runCommands = async (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
  body: string,
): Promise<CommandOutcome> => {
  const { text, commands } = extractCommands(body);
  const changes: Record<string, unknown> = {};
  const summary: string[] = [];
  let failed = false;
  for (const { name, args } of commands) {
    const action = ACTIONS.get(name);
    const executed = action !== undefined && action.may(mergeRequest, user);
    if (executed) {
      Object.assign(changes, await action.run(context, mergeRequest, user, args));
      summary.push(action.says);
    } else failed = true;
    context.world.quickActions.push({
      user: user.username,
      projectId: mergeRequest.project.id,
      iid: mergeRequest.iid,
      command: name,
      args,
      executed,
    });
  }
  return { text, commands, changes, summary, failed };
};
