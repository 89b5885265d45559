import type { Translate } from "../../../messages/format-message.ts";
import type { FileDiff } from "../../../../standins/gitlab/raw-diff.ts";
import type { CommitInfo } from "../../../../standins/gitlab/repository.ts";
import type { Delivery, MergeRequest, Note } from "../../../../standins/gitlab/state.ts";
import type { MergeRequestView } from "../../../../standins/gitlab/view.ts";
import type { Run } from "../../../store/store.ts";

/** A merge request that the page leads to. */
type Tab = {
  readonly path: string;
  readonly title: string;
  readonly reference: string;
  readonly isCurrent: boolean;
};

/** Everything that the page of a merge request shows. */
export type PageModel = Pick<MergeRequestView, "reactions" | "statuses"> & {
  /** The tag of the page's language, and its catalogue. */
  readonly language: string;
  readonly t: Translate;
  /** The model that is asked; null for the script. */
  readonly modelName: string | null;
  readonly dashboardUrl: string;
  readonly botUsername: string;
  readonly tabs: readonly Tab[];
  readonly mergeRequest: MergeRequest;
  readonly files: readonly FileDiff[];
  /** Newest first. */
  readonly commits: readonly CommitInfo[];
  /** Newest first. */
  readonly deliveries: readonly Delivery[];
  /** Of this merge request, newest first. */
  readonly runs: readonly Run[];
  /** Whether there is a fix that was not pushed yet. */
  readonly canFix: boolean;
  /** The lines that the suggestion of a note replaces, by the note's id. */
  readonly replaced: ReadonlyMap<number, readonly string[]>;
};

/** The path of a merge request's page. */
export const pathOf = ({ project, iid }: Pick<MergeRequest, "project" | "iid">): string =>
  `/${project.path}/-/merge_requests/${iid}`;

/** The commit that the page shows; empty before the first. */
export const headOf = ({ versions }: MergeRequest): string => versions.at(-1)?.head ?? "";

/** Whether a note hangs on a line of the diff that is shown. */
export const isPlaced = (mergeRequest: MergeRequest, { position }: Note): boolean =>
  position !== null && position.position_type === "text" && position.head_sha === headOf(mergeRequest);
