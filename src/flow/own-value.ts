/**
 * The value under a key that came from a file, undefined when the record itself has none. Plain access
 * would find what every object inherits: a file may well call something `constructor`.
 */
export const ownValue = <T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined =>
  record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
