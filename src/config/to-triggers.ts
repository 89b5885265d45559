import type { Contract } from "./builtin-flows.ts";
import type { TriggerConfig } from "./config.ts";
import type { TriggerSections } from "./trigger-schema.ts";

/**
 * The checked sections about triggers, filters, bots and commands, as the program uses them. Only reviews by
 * findings leave threads that somebody could be reminded of.
 */
export const toTriggers = (
  { triggers, filters, bots, commands }: TriggerSections,
  contract: Contract,
): TriggerConfig => ({
  opened: triggers.opened,
  reopened: triggers.reopened,
  newCommits: { on: triggers.new_commits, quietMs: triggers.quiet_time },
  ready: triggers.ready,
  stale:
    triggers.stale === null
      ? null
      : { ...triggers.stale, remind: triggers.stale.remind && contract === "findings" },
  reviewer: triggers.reviewer,
  labels: triggers.labels,
  command: triggers.command,
  drafts: triggers.drafts,
  filters: {
    targetBranches: filters.target_branches,
    sourceBranches: filters.source_branches,
    authors: filters.authors,
    labels: filters.labels,
    titles: filters.titles,
    mostFiles: filters.most_files,
  },
  bots: { review: bots.review, ids: bots.ids, notIds: bots.not_ids },
  commands: { least: commands.least, per: commands.per, slash: commands.slash },
});
