import type { FileDiff } from "../../diff/file-diff.ts";
import type { Position } from "../../diff/position.ts";
import { fromPosition } from "../../diff/to-position.ts";
import { maskSecrets } from "../../review/units/mask-secrets.ts";
import { ownThreads } from "../../review/plan/marker.ts";
import type { Discussion } from "../../review/discussion.ts";
import { beginningOf } from "../../base/cut-text.ts";

/** What was said before about some files, as text for a model: JSON, or the empty text for nothing. */
export type SaidText = (paths: ReadonlySet<string>) => string;

/** Nothing was said. */
export const NOTHING_SAID: SaidText = () => "";

const MAX_NOTE_LENGTH = 600;
const MAX_LENGTH = 20_000;

/**
 * Prepares what was said in the threads of a diff. The flow's own threads that are open are left out: a
 * finding that is not reported again because it was said already would count as mended. The newest
 * threads come first, as many as there is room for.
 */
export const prepareSaid = (discussions: readonly Discussion[], flow: string, diff: ShownDiff): SaidText => {
  const open = new Set(
    ownThreads(discussions, flow)
      .filter(({ discussion }) => !discussion.resolved)
      .map(({ discussion }) => discussion.id),
  );
  const threads = discussions
    .filter(({ id }) => !open.has(id))
    .flatMap((discussion) => describeThread(discussion, diff))
    .toReversed();
  return (paths) => {
    const kept: Thread[] = [];
    let length = 2;
    for (const thread of threads.filter(({ path }) => paths.has(path))) {
      length += JSON.stringify(thread).length + 1;
      if (length > MAX_LENGTH) break;
      kept.push(thread);
    }
    return kept.length === 0 ? "" : JSON.stringify(kept);
  };
};

type Thread = {
  readonly path: string;
  readonly line: number | null;
  readonly resolved: boolean;
  readonly notes: readonly { readonly by: "you" | "someone"; readonly text: string }[];
};

/** The version of the change that a model is shown, by whose lines threads in it are told. */
type ShownDiff = { readonly headSha: string; readonly files: readonly FileDiff[] };

const lineOf = (position: Position, { headSha, files }: ShownDiff): number | null => {
  const { on } = position;
  if (on.kind === "file") return null;
  const file =
    position.headSha === headSha ? files.find(({ newPath }) => newPath === position.newPath) : undefined;
  const { oldLine, newLine } = (file === undefined ? null : fromPosition(file, on)) ?? on;
  return newLine ?? oldLine;
};

const describeThread = (discussion: Discussion, diff: ShownDiff): Thread[] => {
  const { position, resolved } = discussion;
  const notes = discussion.notes
    .filter(({ system }) => !system)
    .map(({ ours, body }) => ({
      by: ours !== null ? ("you" as const) : ("someone" as const),
      text: beginningOf(maskSecrets(body.replaceAll(/<!--.*?-->/gs, "").trim()).text, MAX_NOTE_LENGTH),
    }));
  if (position === null || notes.length === 0) return [];
  return [{ path: position.newPath, line: lineOf(position, diff), resolved, notes }];
};
