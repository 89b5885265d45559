import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { isProjectAllowed } from "../base/project-globs.ts";
import type { Config } from "../config/config.ts";
import { createDatasetDesk } from "../dify/dataset-desk.ts";
import type { LessonStore } from "../store/lessons/lesson-store.ts";
import { createLessonBook, type LessonBook, type LessonShelf } from "../worker/lessons/lesson-book.ts";
import { createLessons, type Lessons } from "../worker/lessons/lessons.ts";

/** What a server learns by; everything is null where it does not learn. */
export type ConfiguredLessons = {
  readonly book: LessonBook | null;
  readonly lessons: Lessons | null;
};

/** What reviews and people use of a project's lessons, as the configuration has it. */
export const createConfiguredLessons = (
  config: Pick<Config, "lessons">,
  { store, clock, logger }: { readonly store: LessonStore; readonly clock: Clock; readonly logger: Logger },
): ConfiguredLessons => {
  const { enabled, serve, leastOutcomes, dify } = config.lessons;
  if (!enabled) return { book: null, lessons: null };
  // Where reviews are told of nothing, datasets are not either.
  const shelf = serve && dify.length > 0 ? createShelf(dify, clock) : null;
  const book = createLessonBook({ store, leastOutcomes, shelf, logger });
  return { book, lessons: createLessons({ store, book, serve }) };
};

/** Datasets of Dify as places for lessons: a document for each project. */
const createShelf = (datasets: Config["lessons"]["dify"], clock: Clock): LessonShelf => {
  const desks = datasets.map(({ projects, url, apiKey, datasetId }) => ({
    projects,
    desk: createDatasetDesk({ baseUrl: url, apiKey, datasetId, setting: "lessons.dify", clock }),
  }));
  const find = (path: string) => desks.find(({ projects }) => isProjectAllowed(projects, path))?.desk;
  return {
    takes: (path) => find(path) !== undefined,
    put: async ({ path }, text, signal) => find(path)?.put(`lessons ${path}.md`, text, signal),
  };
};
