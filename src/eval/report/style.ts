/** The looks of a report, light and dark; nothing is loaded from anywhere. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2128; --soft: #59636e; --line: #d1d9e0; --band: #f6f8fa;
  --good: #116329; --bad: #a40e26; --goodband: #dafbe1; --badband: #ffebe9;
  --c0: #0b62c4; --c1: #b35900; --c2: #0f7a4f; --c3: #a3338f; --c4: #8a6100; --c5: #475569;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0d1117; --ink: #e6edf3; --soft: #9198a1; --line: #30363d; --band: #151b23;
    --good: #56d364; --bad: #ff8182; --goodband: #12261e; --badband: #2d1517;
    --c0: #6cb6ff; --c1: #f69d50; --c2: #4ac98f; --c3: #e284d5; --c4: #e3b341; --c5: #adbac7;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 66rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; line-height: 1.25; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: .95rem; margin: 1rem 0 .25rem; }
p { margin: .5rem 0; max-width: 46rem; }
.soft, .interval, dt { color: var(--soft); }
dl.facts { display: flex; flex-wrap: wrap; gap: .35rem 1.75rem; margin: 1rem 0; }
dl.facts div { display: flex; gap: .5rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: 0 0 .5rem; padding: 0; }
.legend li { display: flex; align-items: center; gap: .4rem; }
.plot { display: block; width: 100%; min-width: 34rem; max-width: 46rem; height: auto; }
.plot text { font: 12px system-ui, sans-serif; fill: var(--ink); font-variant-numeric: tabular-nums; }
.plot .tick { fill: var(--soft); }
.plot .label { font-weight: 600; }
.grid { stroke: var(--line); stroke-width: 1; }
.whisker { stroke-width: 5; stroke-linecap: round; opacity: .38; }
.whisker.thin { stroke-width: 2; opacity: .6; }
.c0 { fill: var(--c0); stroke: var(--c0); } .c1 { fill: var(--c1); stroke: var(--c1); }
.c2 { fill: var(--c2); stroke: var(--c2); } .c3 { fill: var(--c3); stroke: var(--c3); }
.c4 { fill: var(--c4); stroke: var(--c4); } .c5 { fill: var(--c5); stroke: var(--c5); }
.sign { stroke: var(--paper); stroke-width: 1; }
.sign.hollow { fill: var(--paper); stroke: var(--c5); stroke-width: 2.5; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; min-width: 100%; }
th, td { padding: .4rem .9rem .4rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { font-size: .85rem; color: var(--soft); font-weight: 600; vertical-align: bottom; }
th, td { overflow-wrap: break-word; }
tbody th { font-weight: 500; min-width: 11rem; }
td { white-space: nowrap; }
.interval { display: block; font-size: .8rem; }
.better { color: var(--good); } .worse { color: var(--bad); }
.bar { display: block; width: 7rem; height: .45rem; margin-top: .3rem; background: var(--line); border-radius: 3px; overflow: hidden; }
.bar i { display: block; height: 100%; background: currentColor; }
.tint0 { color: var(--c0); } .tint1 { color: var(--c1); } .tint2 { color: var(--c2); }
.tint3 { color: var(--c3); } .tint4 { color: var(--c4); } .tint5 { color: var(--c5); }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; }
summary { cursor: pointer; padding: .55rem .85rem; display: flow-root; }
summary .count { float: right; margin-left: 1rem; color: var(--soft); font-variant-numeric: tabular-nums; }
details[open] > summary { border-bottom: 1px solid var(--line); background: var(--band); border-radius: 6px 6px 0 0; }
.inside { padding: .25rem .85rem .85rem; }
ul.findings { list-style: none; margin: .25rem 0; padding: 0; }
ul.findings li { padding: .3rem .6rem; margin: .25rem 0; border-left: 3px solid var(--line); white-space: pre-line; }
ul.findings li.found { border-color: var(--good); } ul.findings li.missed { border-color: var(--bad); background: var(--badband); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
code { font: .85em ui-monospace, monospace; color: var(--soft); }
.notice { border-left: 3px solid var(--c1); padding: .25rem .75rem; }
@media print { details { break-inside: avoid; } body { max-width: none; } }
`;
