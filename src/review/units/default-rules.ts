import { type Reason, reasonOf } from "../../base/reason.ts";
import picomatch from "picomatch";

type PathRule = { readonly reason: Reason; readonly globs: readonly string[] };

// The names follow GitHub's Linguist, whose rules GitLab's `generated` flag follows too.
const PATH_RULES: readonly PathRule[] = [
  {
    reason: reasonOf("lock-file"),
    globs: [
      "{package-lock,npm-shrinkwrap,packages.lock,deno.lock,project.assets}.json",
      "{yarn,bun,deno,poetry,uv,pdm,Cargo,composer,Gemfile,gems,Podfile,Package,mix,rebar,flake,pubspec,conan,Chart,Brewfile,pixi,stack.yaml,shard,cabal.project,pylock}.{lock,lockb,resolved,locked,freeze}",
      "{pnpm-lock,Chart.lock,pixi.lock}.{yaml,yml}",
      "{Pipfile,mix,Cartfile,paket,flake,Berksfile,MODULE.bazel}.{lock,resolved,lock.json}",
      "go.{sum,work.sum}",
      "{gradle,buildscript-gradle}.lockfile",
      ".terraform.lock.hcl",
    ],
  },
  {
    reason: reasonOf("vendored"),
    globs: [
      "**/{vendor,vendors,node_modules,bower_components,jspm_packages,Pods,Godeps/_workspace,site-packages,.venv,.bundle}/**",
      "**/{third,Third,3rd}{-,_,}{party,Party}/**",
      "**/{extern,external,externals,Carthage/Checkouts,Carthage/Build}/**",
      "**/.yarn/{releases,plugins,sdks,unplugged,cache}/**",
      ".pnp.{,loader.}{cjs,mjs,js}",
      "**/gradle/wrapper/**",
      "{gradlew,gradlew.bat,mvnw,mvnw.cmd}",
    ],
  },
  {
    reason: reasonOf("generated-by-name"),
    globs: [
      "*.min.{js,mjs,cjs,css}",
      "*{-,.}bundle.{js,css}",
      "*.{map,snap}",
      "**/{dist,__snapshots__,__generated__,.next,.nuxt,.svelte-kit,.output}/**",
      "*.pb.{go,cc,h,c,dart,swift,validate.go,gw.go}",
      "*_{pb2,pb2_grpc}.{py,pyi}",
      "*_{grpc_,grpc_web_,}pb.{js,ts,d.ts,rb}",
      "*.{g,freezed,gr,config,mocks}.dart",
      "*.{g,g.i,Designer,designer,generated,Generated}.{cs,vb}",
      "*.{generated,gen}.{js,mjs,jsx,ts,tsx,d.ts,py,go,rs,java,kt,swift,php,rb,graphql,css}",
      "{zz_generated.*,*_generated,bindata,*_string_enumer}.go",
      "*.{nib,xcworkspacedata,xcuserstate,pbxproj}",
    ],
  },
];

/** Globs as an operator writes them: `*.sql` anywhere, `db/**` from the root, `!src/**` all but that. */
export const matchesGlobs = (globs: readonly string[]): ((path: string) => boolean) => {
  const matchers = globs.map((glob) =>
    // A pattern without a slash is about the file's name, as in .gitignore.
    picomatch(glob, { dot: true, basename: !glob.includes("/") }),
  );
  return (path) => matchers.some((matches) => matches(path));
};

const MEDIA =
  /\.(?:png|jpe?g|gif|webp|avif|bmp|ico|icns|tiff?|psd|woff2?|ttf|otf|eot|mp[34]|m4[av]|ogg|oga|ogv|wav|flac|webm|mov|avi|pdf)$/iu;

/** Whether a file has the name of one that nobody runs, as long as it is no text. */
export const isMedia = (path: string): boolean => MEDIA.test(path);

const rules = PATH_RULES.map((rule) => ({ ...rule, matches: matchesGlobs(rule.globs) }));

/** What the names of files alone say: lock files, code of others, generated code. Null for none of them. */
export const reasonOfPath = (path: string): Reason | null =>
  rules.find(({ matches }) => matches(path))?.reason ?? null;
