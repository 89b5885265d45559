import type { CallArguments, PyValue } from "./values.ts";

/** What filters may ask of the renderer: other filters and tests, by name. */
export type Environment = {
  readonly callFilter: (name: string, value: PyValue, args: CallArguments) => PyValue;
  readonly hasFilter: (name: string) => boolean;
  readonly hasTest: (name: string) => boolean;
  readonly callTest: (name: string, value: PyValue, args: CallArguments) => boolean;
};

/** A filter: a value and its arguments to a value. */
export type Filter = (value: PyValue, args: CallArguments, environment: Environment) => PyValue;

/** A test: whether a value is something. */
export type Test = (value: PyValue, args: CallArguments, environment: Environment) => boolean;
