import { builtinModules } from "node:module";

/** The standard library of Python 3.12 (docs.python.org, "Python Module Index"), without what needs a terminal or a desktop. */
const PYTHON_STANDARD =
  "__future__ abc aifc argparse array ast asyncio atexit audioop base64 bdb binascii bisect builtins bz2 calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys compileall concurrent configparser contextlib contextvars copy copyreg cProfile csv ctypes dataclasses datetime decimal difflib dis doctest email encodings enum errno faulthandler filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib gzip hashlib heapq hmac html http imaplib imghdr importlib inspect io ipaddress itertools json keyword linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder multiprocessing netrc nntplib ntpath numbers opcode operator optparse os pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posixpath pprint profile pstats py_compile pyclbr pydoc queue quopri random re reprlib runpy sched secrets select selectors shelve shlex shutil signal site smtplib sndhdr socket socketserver sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau symtable sys sysconfig tabnanny tarfile telnetlib tempfile textwrap this threading time timeit token tokenize tomllib trace traceback tracemalloc tty types typing unicodedata unittest urllib uu uuid warnings wave weakref webbrowser wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo";

/** What Python code may import here. */
const PYTHON: ReadonlySet<string> = new Set([...PYTHON_STANDARD.split(" "), "requests"]);
const NODE: ReadonlySet<string> = new Set(builtinModules);

/** `import a.b as c, d` and `from a.b import c`, wherever they stand; relative imports name nothing that could be missing. */
const PYTHON_IMPORT = /^[ \t]*(?:import[ \t]+([^#\n;]+)|from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b)/gm;
/** `require("a/b")` and `from "a"`, as code writes them. */
const NODE_IMPORT = /(?:\brequire\s*\(\s*|\bfrom\s+|\bimport\s*\(\s*)(["'])([^"'\n]+)\1/g;

const topOf = (name: string): string => name.trim().split(/[.\s]/)[0] ?? "";

const pythonImports = (code: string): readonly string[] =>
  [...code.matchAll(PYTHON_IMPORT)].flatMap(([, list, from]) =>
    from === undefined ? (list ?? "").split(",").map(topOf) : [topOf(from)],
  );

const nodeImports = (code: string): readonly string[] =>
  [...code.matchAll(NODE_IMPORT)].map(([, , name = ""]) => name.replace(/^node:/, ""));

/** The packages that a code node imports and that are not there, each once. */
export const unknownImports = (language: "javascript" | "python3", code: string): readonly string[] => {
  const [names, known] = language === "python3" ? [pythonImports(code), PYTHON] : [nodeImports(code), NODE];
  return [...new Set(names.filter((name) => name !== "" && !known.has(name)))];
};
