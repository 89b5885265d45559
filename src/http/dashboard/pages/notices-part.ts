import { formatCount, formatTime } from "../markup/format.ts";
import { section } from "../markup/layout.ts";
import type { Content } from "../markup/markup.ts";
import { table } from "../markup/table.ts";
import type { NoticeTrouble } from "../../../store/notices/notice-store.ts";
import type { Visit } from "../visit.ts";

/** The channels that notices do not arrive in; nothing while they do. */
export const noticesPart = ({ t }: Visit, troubles: readonly NoticeTrouble[]): Content =>
  troubles.length === 0
    ? null
    : section(
        t("notices.title"),
        table({
          caption: t("notices.title"),
          rows: troubles,
          empty: t("list.none"),
          columns: [
            { head: t("notices.channel"), cell: ({ label }) => label },
            { head: t("notices.waiting"), kind: "number", cell: ({ waiting }) => formatCount(t, waiting) },
            { head: t("notices.lost"), kind: "number", cell: ({ lost }) => formatCount(t, lost) },
            { head: t("outages.since"), cell: ({ sinceMs }) => formatTime(t, sinceMs) },
            { head: t("word.reason"), kind: "long", cell: ({ problem }) => t.message(problem) },
          ],
        }),
      );
