/** Whether a parameter was left out or sent as null, which GitLab's API takes for the same. */
export const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined;
