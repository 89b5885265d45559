import type { DatasetFolder } from "./knowledge-options.ts";
import { LESSONS_DATASET } from "./lessons-dataset.ts";

/** The name of a dataset; its id when it has none. */
export const nameOf = (dataset: DatasetFolder): string => dataset.name ?? dataset.id;

/**
 * The mistakes of a list of datasets and every id or name of `wanted` that it does not have, as
 * sentences; for the moment of loading.
 */
export const checkDatasets = (
  wanted: readonly string[],
  datasets: readonly DatasetFolder[],
): readonly string[] => {
  const ids = datasets.map(({ id }) => id);
  return [
    ...new Set(
      ids
        .filter((id, index) => ids.indexOf(id) !== index)
        .map((id) => `The dataset "${id}" is configured twice.`),
    ),
    ...(ids.includes(LESSONS_DATASET)
      ? [
          `The dataset id "${LESSONS_DATASET}" stands for the lessons of each project; give the folder another.`,
        ]
      : []),
    ...new Set(
      wanted
        .filter((one) => findDataset(one, datasets) === undefined)
        .map((one) => describeUnknown(one, datasets)),
    ),
  ];
};

/** The dataset of an id or, failing that, of a name. */
export const findDataset = (wanted: string, datasets: readonly DatasetFolder[]): DatasetFolder | undefined =>
  datasets.find(({ id }) => id === wanted) ?? datasets.find(({ name }) => name === wanted);

const describeUnknown = (wanted: string, datasets: readonly DatasetFolder[]): string => {
  const known = datasets
    .map((one) => (one.name === undefined ? one.id : `${one.id} (${one.name})`))
    .join(", ");
  return `The dataset "${wanted}" is not configured. Give it a folder (knowledge.datasets); configured: ${known || "none"}.`;
};
