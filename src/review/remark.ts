/**
 * What there is to say about a review itself. The cause is somebody else's words, such as a model server's, or
 * names the operator's models: it is for the operator's pages, logs and terminals, and never in a merge request.
 */
export type Remark = {
  /** A sentence of ours, without its final dot where a cause follows. */
  readonly text: string;
  readonly cause: string | null;
};

/** The remark for whoever runs the server. */
export const fullRemark = ({ text, cause }: Remark): string => (cause === null ? text : `${text}: ${cause}`);

/** The remark for whoever reads the merge request. */
export const publicRemark = ({ text, cause }: Remark): string => (cause === null ? text : `${text}.`);
