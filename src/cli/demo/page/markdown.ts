import type { Nodes, Parents, Table } from "mdast";
import { parseMarkdown } from "../../../review/publish/parse-markdown.ts";
import { type Content, html, type Markup, raw } from "./markup.ts";

/** How fenced code is shown; null for plain code. */
export type ShowCode = (info: string, text: string) => Markup | null;

/** The tags that notes bring as HTML; GitLab knows many more. */
const TAG = /<(\/?)(details|summary|sub|br)\s*\/?>/gi;

const COMMENT = /<!--[\s\S]*?(?:-->|$)/g;

/**
 * A note's Markdown as HTML: what a note of a reviewer needs of GitLab's. Every text is escaped, links
 * lead to web pages only, and no picture is fetched.
 */
export const renderMarkdown = (text: string, showCode: ShowCode = () => null): Content => {
  const tree = parseMarkdown(text);
  const isWell = isBalanced(text);
  const show = (node: Nodes): Content => {
    switch (node.type) {
      case "text":
        return node.value;
      case "html":
        return showTags(node.value, isWell);
      case "inlineCode":
        return html`<code>${node.value}</code>`;
      case "code":
        return (
          showCode([node.lang, node.meta].filter(Boolean).join(" "), node.value) ??
          html`<pre><code>${node.value}</code></pre>`
        );
      case "break":
        return html`<br />`;
      case "thematicBreak":
        return html`<hr />`;
      case "table":
        return showTable(node, show);
      case "image":
        return node.alt ?? "";
      default:
        return "children" in node ? showParent(node, show) : null;
    }
  };
  return show(tree);
};

const showParent = (node: Parents, show: (node: Nodes) => Content): Content => {
  const content = node.children.map((child) => show(child));
  switch (node.type) {
    case "paragraph":
      return html`<p>${content}</p>`;
    case "heading":
      return html`<h4>${content}</h4>`;
    case "emphasis":
      return html`<em>${content}</em>`;
    case "strong":
      return html`<strong>${content}</strong>`;
    case "delete":
      return html`<del>${content}</del>`;
    case "blockquote":
      return html`<blockquote>${content}</blockquote>`;
    case "list":
      return node.ordered === true
        ? html`<ol>
            ${content}
          </ol>`
        : html`<ul>
            ${content}
          </ul>`;
    case "listItem":
      return html`<li>${content}</li>`;
    case "link":
      return /^(?:https?:\/\/|#)/i.test(node.url)
        ? html`<a href="${node.url}" rel="noreferrer">${content}</a>`
        : content;
    default:
      return content;
  }
};

const showTable = ({ children: [head, ...rows] }: Table, show: (node: Nodes) => Content): Markup =>
  html`<div class="scroll" tabindex="0">
    <table>
      <thead>
        <tr>
          ${(head?.children ?? []).map((cell) => html`<th scope="col">${cell.children.map(show)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ children }) =>
            html`<tr>
              ${children.map((cell) => html`<td>${cell.children.map(show)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;

/** Whether every tag that is taken over is closed, so that no note reaches beyond itself. */
const isBalanced = (text: string): boolean => {
  const open: string[] = [];
  for (const [, slash, name = ""] of text.replace(COMMENT, "").matchAll(TAG)) {
    const tag = name.toLowerCase();
    if (tag === "br") continue;
    if (slash === "") open.push(tag);
    else if (open.pop() !== tag) return false;
  }
  return open.length === 0;
};

const showTags = (value: string, isWell: boolean): Content => {
  const text = value.replace(COMMENT, "");
  if (!isWell) return text;
  const parts: Content[] = [];
  let end = 0;
  for (const match of text.matchAll(TAG)) {
    const [whole, slash = "", name = ""] = match;
    parts.push(text.slice(end, match.index), raw(`<${slash}${name.toLowerCase()}>`));
    end = match.index + whole.length;
  }
  return [...parts, text.slice(end)];
};
