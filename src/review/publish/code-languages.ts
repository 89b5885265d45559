/**
 * The info strings that only choose colours. GitLab acts on others: `suggestion` becomes a change that
 * can be applied, diagrams are drawn (those of PlantUML and Kroki by another server, which is told the
 * text), `math` is set, `glql` asks the database. A list of what is known to be harmless also holds
 * against what GitLab will add.
 */
const COLOUR_ONLY = new Set(
  `apache asm awk bash bat batch c c# c++ clojure cmake cmd cobol coffeescript console cpp cs csharp css csv
  cxx dart delphi diff docker dockerfile elixir elm erb erlang erl ex f# fortran fsharp gherkin gitignore go
  golang gradle graphql groovy h handlebars haskell haml hcl hpp hs html http ini java javascript jinja jl js
  json json5 jsonc jsx julia kotlin kt kts less liquid lisp log lua make makefile markdown matlab md mjs
  nginx nim nix objc objective-c objectivec ocaml pascal patch perl php pl plain plaintext powershell prolog
  properties proto protobuf ps1 puppet py python python3 r racket rb rs ruby rust sass scala scheme scss sh
  shell solidity sql svelte swift tcl tcsh terraform tex text tf toml ts tsx twig txt typescript vb vbnet
  verilog vhdl vim vue wasm xml yaml yml zig zsh`.split(/\s+/),
);

/** The language of a code block as it may be published; null for one that GitLab might act on. */
export const codeLanguage = (info: string | null | undefined): string | null => {
  const name = (info ?? "").trim().toLowerCase();
  return COLOUR_ONLY.has(name) ? name : null;
};
