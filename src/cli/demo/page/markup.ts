import { html, raw } from "hono/html";

/** HTML in which every text was escaped. */
export type Markup = ReturnType<typeof html>;

/** What can stand in HTML: texts are escaped, null leaves no trace. */
export type Content = Markup | string | number | null | readonly Content[];

export { html, raw };
