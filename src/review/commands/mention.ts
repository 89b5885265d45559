/** Where a mention stands in a text: from its at-sign to behind the name. */
export type Mention = { readonly from: number; readonly to: number };

/** What GitLab allows in a user name, so that it cannot stand right before or behind a whole one. */
const BEHIND = /^(?:[A-Za-z0-9_]|[./-]+[A-Za-z0-9_])/;

/**
 * The first mention of a user in a text, also with the wide at-sign of East Asian keyboards; null for
 * none. `@bot.` at the end of a sentence is one; `@bot.x`, `@botx`, `a@bot` and the group `@bot/x` are not.
 */
export const findMention = (text: string, username: string): Mention | null => {
  if (username === "") return null;
  const lower = text.toLowerCase();
  // Lower case can be longer (İ), then positions would be those of another text.
  const hay = lower.length === text.length ? lower : text;
  const name = username.toLowerCase();
  for (let at = hay.indexOf(name); at !== -1; at = hay.indexOf(name, at + 1)) {
    const sign = text[at - 1];
    if (sign !== "@" && sign !== "＠") continue;
    const to = at + name.length;
    if (BEHIND.test(text.slice(to, to + 256)) || /[\w.@-]/.test(text[at - 2] ?? " ")) continue;
    return { from: at - 1, to };
  }
  return null;
};

/** What Japanese and Korean writers put right behind a name: titles of courtesy and particles. */
const PARTICLES =
  /^(?:さん|様|さま|くん|君|ちゃん|先生|님|씨|께서|에게|한테|께|아|야|이|가|은|는|을|를|도)?(?:へ|に|は|を|が|も|と|の|で)?(?=$|[\s\p{P}\p{S}]|[a-z／/])/iu;

const SEPARATORS = /^[\s:：,，、;；。.!！~～・·—–-]+/u;

/** What is said to a user who is mentioned: without particles and signs between the name and the words. */
export const wordsBehind = (text: string): string =>
  text.replace(PARTICLES, "").replace(SEPARATORS, "").trimEnd();
