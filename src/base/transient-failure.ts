/**
 * A limit that is over by itself within minutes, whatever else the text says: Google words a limit per minute
 * ("You exceeded your current quota … retry in 26s") as others word an account that is empty.
 */
const SHORT_LIMIT =
  /per[ _-]?min(?:ute)?|per[ _-]?second|\b(?:rpm|tpm)\b|(?:retry|try again) (?:in|after) \d|retry[ _-]?after/i;

/** What no waiting helps against: an account without money or quota, a key, a model or a request that is refused. */
const FINAL =
  /insufficient[ _](?:quota|balance|credits?|funds)|exceeded your current quota|quota (?:is )?(?:exhausted|used up)|billing|out of credits|payment required|per[ _-]?day|\brpd\b|(?:invalid|incorrect|wrong|missing|no|expired|unknown)\b[^.]{0,30}api[ _-]?key|api[ _-]?key[^.]{0,30}(?:invalid|incorrect|not valid|missing|expired)|unauthori[sz]ed|authentication|permission|forbidden|does not exist|not exist\b|not found|no such model|context.?(?:length|window)|too many tokens|maximum context|content.?filter|(?:in|for) your (?:region|country|plan|account|organi[sz]ation)/i;

/** A model's server that is busy, restarts or hangs, in the words of providers, gateways and Dify. */
const BUSY = [
  /\b(?:rate|request)[ _-]?limit|too many requests|throttl|concurrency limit|quota exceeded|exceeded your current quota/i,
  /overload|over capacity|at capacity|server (?:is )?busy|high demand|resource[ _]?exhausted|resource has been exhausted/i,
  /(?:service|temporarily|currently)(?: is)? (?:not available|unavailable)|is unavailable|serviceunavailable|bad gateway|gateway time-?out|internal server error/i,
  /connection (?:refused|reset|aborted|error|broke)|connect(?:ion)? timed? ?out|read timed out|request timed out|econnrefused|econnreset/i,
  /invoke(?:RateLimit|ServerUnavailable|Connection)Error/i,
  /(?:^|\(|\b(?:status(?: code)?|code|https?|error)\b["':=\s-]{0,4})(?:429|500|502|503|504|529)(?=\s{0,4}(?:$|[:;,.()[\]{}<"'-]|(?:too many|internal|bad|service|gateway|server|error|unavailable|overloaded|resource|rate|status)\b))/i,
];

/**
 * Whether what a model's server reports passes by itself, so that the same call may succeed minutes later: it
 * is overloaded, limits the rate, restarts, or could not be reached. A key that is wrong, a model that is
 * missing and a quota that is used up are none of that. `text` is a readable failure, in English, as
 * providers write it.
 */
export const isTransientFailure = (text: string): boolean =>
  BUSY.some((pattern) => pattern.test(text)) && (SHORT_LIMIT.test(text) || !FINAL.test(text));

/** A key, an account or a model that only a person can put right; nothing that this request may be the cause of. */
const REFUSED =
  /(?:invalid|incorrect|wrong|missing|no|expired|unknown)\b[^.]{0,30}api[ _-]?key|api[ _-]?key[^.]{0,30}(?:invalid|incorrect|not valid|missing|expired)|unauthori[sz]ed|authentication|invokeAuthorizationError|model[^.]{0,60}(?:does not exist|not found)|no such model/i;

/** A quota that is used up: it comes back by itself or when somebody pays. */
const SPENT =
  /insufficient[ _](?:quota|balance|credits?|funds)|exceeded your current quota|quota (?:is )?(?:exhausted|used up)|out of credits|payment required/i;

/**
 * What a failed model call tells of the model's server, by its text; null where it may be a matter of the request.
 */
export const verdictOnModel = (text: string): "away" | "refused" | null => {
  if (isTransientFailure(text) || SPENT.test(text)) return "away";
  return REFUSED.test(text) ? "refused" : null;
};

const PAUSE =
  /(?:retry|try again) (?:in|after) ((?:\d+(?:\.\d+)?\s?(?:ms|milliseconds?|seconds?|secs?|s|minutes?|mins?|m|hours?|h)\s?){1,3})/i;
const UNIT_MS: readonly (readonly [RegExp, number])[] = [
  [/^(?:ms|milli)/i, 1],
  [/^s/i, 1_000],
  [/^m/i, 60_000],
  [/^h/i, 3_600_000],
];

/** The pause that a text asks for, as in "try again in 7m12s", in milliseconds; undefined without one. */
export const pauseAskedFor = (text: string): number | undefined => {
  const asked = PAUSE.exec(text)?.[1];
  if (asked === undefined) return undefined;
  const parts = [...asked.matchAll(/(\d+(?:\.\d+)?)\s?([a-z]+)/gi)];
  return Math.ceil(
    parts.reduce((sum, [, amount = "0", unit = ""]) => {
      const perUnit = UNIT_MS.find(([pattern]) => pattern.test(unit))?.[1] ?? 0;
      return sum + Number(amount) * perUnit;
    }, 0),
  );
};
