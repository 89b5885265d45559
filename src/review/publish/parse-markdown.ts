import type { Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { cjkFriendlyExtension } from "micromark-extension-cjk-friendly";
import { gfmStrikethroughCjkFriendly } from "micromark-extension-cjk-friendly-gfm-strikethrough";
import { gfm } from "micromark-extension-gfm";

/**
 * Markdown as GitLab reads it: GitHub's with its option `cjk_friendly_emphasis`, under which marks of emphasis act
 * beside the punctuation of Chinese, Japanese and Korean (`**「注意」**です`).
 *
 * @see https://docs.gitlab.com/user/markdown/
 */
export const parseMarkdown = (text: string): Root =>
  fromMarkdown(text, {
    extensions: [gfm(), cjkFriendlyExtension(), gfmStrikethroughCjkFriendly()],
    mdastExtensions: [gfmFromMarkdown()],
  });
