import { message } from "../../messages/message.ts";
import { describeError, ReviewflowError, StoreError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { applyEdit, putLessons, toldText } from "../../review/lessons/lessons-file.ts";
import { sumUp } from "../../review/lessons/sum-up.ts";
import type { LessonsChange, LessonStore, StoredLessons } from "../../store/lessons/lesson-store.ts";

/** A project by its number and by its path with its namespace. */
export type LessonProject = { readonly id: number; readonly path: string };

/** A place outside of this server where flows look lessons up, such as a dataset of Dify. */
export type LessonShelf = {
  /** Whether the place has room for lessons of this project. */
  readonly takes: (projectPath: string) => boolean;
  /** Puts the text in the place of what is there; the empty text takes it away. */
  readonly put: (project: LessonProject, text: string, signal?: AbortSignal) => Promise<void>;
};

/** What a book of lessons is made from. */
export type LessonBookOptions = {
  readonly store: LessonStore;
  /** How many outcomes a lesson needs at least. */
  readonly leastOutcomes: number;
  readonly shelf: LessonShelf | null;
  readonly logger: Logger;
};

/** What became of an edit. */
type EditOutcome = "saved" | "changed-meanwhile" | "too-long";

/** The files of lessons, for reviews and for people. Failures are StoreErrors. */
export type LessonBook = {
  /** The file with the newest outcomes summed up in it. */
  readonly read: (project: LessonProject) => Promise<StoredLessons>;
  /** Puts somebody's text in the place of the file as they saw it. */
  readonly edit: (
    project: LessonProject,
    edit: { readonly version: number; readonly text: string; readonly by: string },
  ) => Promise<EditOutcome>;
  /** Whether reviews are told of the file. */
  readonly turn: (
    project: LessonProject,
    turned: { readonly on: boolean; readonly by: string },
  ) => Promise<StoredLessons>;
  /** Brings what stands elsewhere up to date; a failure is logged and tried again the next time. */
  readonly handOn: (lessons: StoredLessons, signal?: AbortSignal) => Promise<void>;
};

/** Older outcomes than these have no say: teams change their minds. */
const MOST_OUTCOMES = 2_000;
/** How often a change is tried again that another one came before. */
const MOST_TRIES = 5;

/** What reviews are told of a file. */
export const told = ({ on, text }: StoredLessons): string => (on ? toldText(text) : "");

/** Creates the book of a server's projects. */
export const createLessonBook = (options: LessonBookOptions): LessonBook => {
  const { store, leastOutcomes, shelf, logger } = options;
  const read = async (project: LessonProject): Promise<StoredLessons> => {
    const lessons = sumUp(await store.listOutcomes(project.id, MOST_OUTCOMES), leastOutcomes);
    return change(store, project, (known) => {
      const text = putLessons(known?.text ?? null, project.path, lessons, new Set(known?.struck));
      return known !== null && known.text === text && known.projectPath === project.path ? null : { text };
    });
  };
  const handOn = async (lessons: StoredLessons, signal?: AbortSignal): Promise<void> => {
    const { projectId: id, projectPath: path, sent } = lessons;
    const text = told(lessons);
    if (shelf === null || !shelf.takes(path) || (sent ?? "") === text) return;
    try {
      await shelf.put({ id, path }, text, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof ReviewflowError) || error instanceof StoreError) throw error;
      logger.warn({ project: path, error: describeError(error) }, "Lessons could not be handed on");
      return;
    }
    await change(store, { id, path }, () => ({ sent: text === "" ? null : text }));
  };
  return {
    read,
    handOn,
    edit: async (project, { version, text, by }) => {
      const known = await read(project);
      if (known.version !== version) return "changed-meanwhile";
      const edited = applyEdit(known.text, text);
      if (edited.kind === "too-long") return "too-long";
      const struck = [...new Set([...known.struck, ...edited.struck])];
      const saved = await store.changeLessons(project, version, { text: edited.text, struck, editedBy: by });
      if (saved === null) return "changed-meanwhile";
      await handOn(await read(project));
      return "saved";
    },
    turn: async (project, { on, by }) => {
      await read(project);
      const turned = await change(store, project, () => ({ on, editedBy: by }));
      await handOn(turned);
      return turned;
    },
  };
};

/** Changes the newest version, whoever else changes it; `make` gives null for no change. */
const change = async (
  store: LessonStore,
  project: LessonProject,
  make: (known: StoredLessons | null) => LessonsChange | null,
): Promise<StoredLessons> => {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const known = await store.readLessons(project.id);
    const made = make(known);
    if (made === null && known !== null) return known;
    const changed = await store.changeLessons(project, known?.version ?? 0, made ?? {});
    if (changed !== null) return changed;
  }
  throw new StoreError(message("store.lessons-busy"), {
    code: "lessons-busy",
    retryable: true,
  });
};
