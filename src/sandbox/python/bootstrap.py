"""Runs the code of a code node: the part of the sandbox that is written in Python.

It is executed once, before the interpreter's memory is saved, so everything imported here is ready
in every later process.
"""

import base64
import builtins
import collections
import csv
import datetime
import decimal
import functools
import hashlib
import hmac
import itertools
import json
import linecache
import math
import random
import re
import string
import sys
import textwrap
import time
import traceback
import types
import typing
import urllib.parse
import uuid

_CODE_FILE = "<code>"


def _install_module(name, source):
    module = types.ModuleType(name)
    module.__file__ = f"<{name}>"
    module.__path__ = []
    sys.modules[name] = module
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)


def _close_doors():
    """Takes away the bridges to JavaScript. The process is the boundary, this is the second one."""
    for name in ("js", "pyodide_js", "_pyodide_core", "pyodide.http", "pyodide.webloop", "micropip"):
        sys.modules[name] = None
    import pyodide.code
    import pyodide.ffi

    for module, names in (
        (pyodide.code, ("run_js",)),
        (pyodide.ffi, ("run_sync", "can_run_sync")),
    ):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)


def _describe(error):
    """A traceback that shows the author's frames only, as Python would print it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == _CODE_FILE]
    head = ["Traceback (most recent call last):\n", *traceback.format_list(frames)] if frames else []
    return "".join([*head, *traceback.format_exception_only(error)]).strip()


def _run(code, inputs_json, max_result_chars):
    """Returns JSON text: {"ok": true, "value": text} or {"ok": false, "message": text}."""
    random.seed()
    linecache.cache[_CODE_FILE] = (len(code), None, code.splitlines(True), _CODE_FILE)
    namespace = {"__name__": "__main__", "__builtins__": builtins}
    try:
        inputs = json.loads(inputs_json)
        exec(compile(code, _CODE_FILE, "exec"), namespace)
        if "main" not in namespace:
            raise NameError("name 'main' is not defined")
        text = json.dumps(namespace["main"](**inputs), allow_nan=False)
        if len(text) > max_result_chars:
            raise ValueError(f"the result is longer than {max_result_chars} characters of JSON")
        return json.dumps({"ok": True, "value": text})
    except MemoryError:
        return json.dumps({"ok": False, "message": "MemoryError"})
    except BaseException as error:
        return json.dumps({"ok": False, "message": _describe(error)[:20000]})
