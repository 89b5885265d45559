/** The facts of a log line; values of type Secret print masked. */
export type LogFields = Readonly<Record<string, unknown>>;

type LogMethod = (fields: LogFields, message: string) => void;

/**
 * What the rooms need of a logger; pino fits it. Messages are static texts, facts go into the fields,
 * so that lines can be counted and searched.
 */
export type Logger = {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  /** A logger whose lines carry `fields` too. */
  readonly child: (fields: LogFields) => Logger;
};

const drop: LogMethod = () => undefined;

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug: drop,
  info: drop,
  warn: drop,
  error: drop,
  child: () => silentLogger,
};
