/** A project's file of lessons, as people see it. Times are in milliseconds since the epoch. */
export type ShownLessons = {
  readonly projectId: number;
  readonly projectPath: string;
  readonly text: string;
  /** Whether reviews are told of it. */
  readonly on: boolean;
  readonly version: number;
  readonly editedAtMs: number | null;
  readonly editedBy: string | null;
};

/** A project by its number and by its path with its namespace. */
export type LessonsProject = { readonly id: number; readonly path: string };

/** Where people read and change what reviews learnt. Failures are StoreErrors. */
export type LessonDesk = {
  /** The file with the newest outcomes summed up in it. */
  readonly read: (project: LessonsProject) => Promise<ShownLessons>;
  /** Puts a text in the place of the file as its writer saw it; `too-long` beyond 6,000 characters. */
  readonly edit: (
    project: LessonsProject,
    edit: { readonly version: number; readonly text: string; readonly by: string },
  ) => Promise<"saved" | "changed-meanwhile" | "too-long">;
  readonly turn: (
    project: LessonsProject,
    turned: { readonly on: boolean; readonly by: string },
  ) => Promise<ShownLessons>;
};
