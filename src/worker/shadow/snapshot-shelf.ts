import type { Diff, Forge, MergeRequest, MergeRequestRef } from "../../review/forge.ts";

/** A merge request and its changes as a run reviewed them. */
export type Snapshot = { readonly mergeRequest: MergeRequest; readonly diff: Diff };

/** The newest snapshots that runs of this process have read, so that a shadow need not read them again. */
export type SnapshotShelf = {
  /** The forge, whose diffs are kept from now on. */
  readonly watch: (forge: Forge) => Forge;
  /** What was read of that head; null when it is not, or no longer, known. */
  readonly find: (ref: MergeRequestRef, headSha: string) => Snapshot | null;
};

const MOST_SNAPSHOTS = 32;
/** In UTF-16 units, over all snapshots. */
const MOST_TEXT = 16_000_000;

const keyOf = ({ projectId, iid }: MergeRequestRef, headSha: string): string =>
  `${projectId}!${iid}@${headSha}`;

const lengthOf = ({ diff }: Snapshot): number =>
  diff.files.reduce((sum, file) => sum + (file.diff.kind === "text" ? file.diff.text.length : 0), 0);

/** An empty shelf. */
export const createSnapshotShelf = (): SnapshotShelf => {
  const kept = new Map<string, { readonly snapshot: Snapshot; readonly length: number }>();
  const put = (snapshot: Snapshot): void => {
    const key = keyOf(snapshot.mergeRequest.ref, snapshot.diff.refs.headSha);
    kept.delete(key);
    kept.set(key, { snapshot, length: lengthOf(snapshot) });
    let total = [...kept.values()].reduce((sum, { length }) => sum + length, 0);
    for (const [oldest, { length }] of kept) {
      if (kept.size <= MOST_SNAPSHOTS && total <= MOST_TEXT) return;
      kept.delete(oldest);
      total -= length;
    }
  };
  return {
    watch: (forge) => ({
      ...forge,
      fetchDiff: async (mergeRequest, signal) => {
        const diff = await forge.fetchDiff(mergeRequest, signal);
        put({ mergeRequest, diff });
        return diff;
      },
    }),
    find: (ref, headSha) => kept.get(keyOf(ref, headSha))?.snapshot ?? null,
  };
};
