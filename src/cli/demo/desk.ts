import type { MergeRequest } from "../../../standins/gitlab/state.ts";
import { CHANGES, type MendedChange } from "./changes.ts";
import type { DemoTeam } from "./team.ts";

/** A merge request of the demo with what it is about. */
type Opened = { readonly mergeRequest: MergeRequest; readonly change: MendedChange };

/** Opens merge requests, one after the other, and knows them. */
export type DemoDesk = {
  /** Oldest first. */
  readonly opened: () => readonly Opened[];
  readonly openNext: () => Promise<MergeRequest>;
  readonly changeOf: (mergeRequest: MergeRequest) => MendedChange | null;
};

/** The changes come again when each was there, under a branch of their own. */
const nth = (index: number): MendedChange | undefined => {
  const change = CHANGES[index % CHANGES.length];
  const round = Math.floor(index / CHANGES.length) + 1;
  return change === undefined || round === 1
    ? change
    : { ...change, branch: `${change.branch}-${round}`, title: `${change.title} (${round})` };
};

/** A desk without merge requests. */
export const createDesk = (team: DemoTeam): DemoDesk => {
  const opened: Opened[] = [];
  let next = 0;
  return {
    opened: () => opened,
    changeOf: (mergeRequest) => opened.find((one) => one.mergeRequest === mergeRequest)?.change ?? null,
    openNext: async () => {
      const change = nth(next);
      if (change === undefined) throw new Error("The demo has no changes; this is a defect");
      next += 1;
      const mergeRequest = await team.openMergeRequest(change);
      opened.push({ mergeRequest, change });
      return mergeRequest;
    },
  };
};

/** Whether a merge request holds its correction already. */
export const isFixed = async (desk: DemoDesk, mergeRequest: MergeRequest): Promise<boolean> => {
  const change = desk.changeOf(mergeRequest);
  const head = mergeRequest.versions.at(-1)?.head;
  const { repository } = mergeRequest.project;
  if (change === null || head === undefined) return true;
  const entry = await repository.entry(head, change.path);
  return entry !== null && (await repository.blob(entry.sha)).toString("utf8") === change.fixed;
};
