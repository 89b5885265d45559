import { type Message, message } from "../messages/message.ts";
import { problemAt } from "../base/errors.ts";
import type { DatasetFolder } from "./knowledge-options.ts";
import { LESSONS_DATASET } from "./lessons-dataset.ts";

/** The name of a dataset; its id when it has none. */
export const nameOf = (dataset: DatasetFolder): string => dataset.name ?? dataset.id;

/**
 * The mistakes of a list of datasets and every id or name of `wanted` that it does not have, for
 * the moment of loading.
 */
export const checkDatasets = (
  wanted: readonly string[],
  datasets: readonly DatasetFolder[],
): readonly Message[] => {
  const ids = datasets.map(({ id }) => id);
  const twice = new Set(ids.filter((id, index) => ids.indexOf(id) !== index));
  const unknown = new Set(wanted.filter((one) => findDataset(one, datasets) === undefined));
  return [
    ...[...twice].map((id) => message("knowledge.dataset-twice", { id })),
    ...(ids.includes(LESSONS_DATASET)
      ? [message("knowledge.dataset-reserved", { id: LESSONS_DATASET })]
      : []),
    ...[...unknown].map((one) => describeUnknown(one, datasets)),
  ].map((problem) => problemAt("knowledge.datasets", problem));
};

/** The dataset of an id or, failing that, of a name. */
export const findDataset = (wanted: string, datasets: readonly DatasetFolder[]): DatasetFolder | undefined =>
  datasets.find(({ id }) => id === wanted) ?? datasets.find(({ name }) => name === wanted);

const describeUnknown = (wanted: string, datasets: readonly DatasetFolder[]): Message =>
  message("knowledge.dataset-unknown", {
    id: wanted,
    known: datasets.map((one) => (one.name === undefined ? one.id : `${one.id} (${one.name})`)),
  });
