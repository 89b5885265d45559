import type { Clock } from "./clock.ts";

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

const MOST_A_MINUTE = 30;
const MINUTE_MS = 60_000;

/**
 * Lets so much of a kind through in a minute, thirty unless `most` says otherwise, and tells at its end how much it did
 * not; for what anybody who reaches the server can cause as often as he likes.
 */
export const createFloodGate = (
  clock: Clock,
  tell: (kind: string, leftOut: number) => void,
  most = MOST_A_MINUTE,
): ((kind: string) => boolean) => {
  const minutes = new Map<string, { count: number }>();
  const end = async (kind: string, minute: { readonly count: number }): Promise<void> => {
    await clock.sleep(MINUTE_MS, undefined, { ref: false });
    minutes.delete(kind);
    if (minute.count > most) tell(kind, minute.count - most);
  };
  return (kind) => {
    const known = minutes.get(kind);
    const minute = known ?? { count: 0 };
    minute.count += 1;
    if (known === undefined) {
      minutes.set(kind, minute);
      void end(kind, minute);
    }
    return minute.count <= most;
  };
};

/**
 * A logger for what others can cause: of each message it writes thirty warnings a minute, and at the minute's end one more
 * that says as `leftOut` how many there were besides.
 */
export const limitWarnings = (logger: Logger, clock: Clock): Logger => {
  const passes = createFloodGate(clock, (message, leftOut) => logger.warn({ leftOut }, message));
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => {
      if (passes(message)) logger.warn(fields, message);
    },
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => limitWarnings(logger.child(fields), clock),
  };
};
