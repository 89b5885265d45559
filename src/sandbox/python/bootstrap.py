"""Runs the code of a code node: the part of the sandbox that is written in Python.

It is executed once, before the interpreter's memory is saved, so everything imported here is ready
in every later process.
"""

import asyncio
import base64
import builtins
import collections
import csv
import datetime
import decimal
import functools
import hashlib
import hmac
import importlib.machinery
import importlib.util
import io
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
import zlib
import zoneinfo
import zoneinfo._common

_CODE_FILE = "<code>"


def _install_module(name, source):
    module = types.ModuleType(name)
    module.__file__ = f"<{name}>"
    module.__path__ = []
    sys.modules[name] = module
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)


def _install_zones(text):
    """Gives zoneinfo the zones of time-zones.bin (scripts/generate-time-zones.mjs); there are no files of zones."""
    head, contents = zlib.decompress(base64.b64decode(text)).split(b"\n", 1)
    places = json.loads(head)["zones"]

    def load_tzdata(key):
        if key not in places:
            raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {key}")
        start, length = places[key]
        return io.BytesIO(contents[start : start + length])

    zoneinfo._common.load_tzdata = load_tzdata
    zoneinfo.available_timezones = lambda: set(places)


class _Loop(asyncio.BaseEventLoop):
    """An event loop of timers and callbacks alone, for `asyncio.run`: there are no sockets to wait for."""

    def __init__(self):
        super().__init__()
        self._selector = self

    def select(self, timeout):
        if timeout is not None:
            time.sleep(timeout)
            return []
        raise RuntimeError("nothing is left that could go on")

    def run_until_complete(self, future):
        task = asyncio.ensure_future(future, loop=self)
        task.add_done_callback(lambda _: self.stop())
        self.run_forever()
        return task.result()

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass


class _LoopPolicy(asyncio.events._AbstractEventLoopPolicy):
    _loop = None

    def get_event_loop(self):
        if self._loop is None:
            raise RuntimeError("There is no current event loop in thread 'MainThread'.")
        return self._loop

    def set_event_loop(self, loop):
        self._loop = loop

    def new_event_loop(self):
        return _Loop()


def _run_coroutine(main, *, debug=None, loop_factory=None):
    """`asyncio.run`, which Pyodide replaces by one that needs JavaScript."""
    loop = (loop_factory or _Loop)()
    try:
        return loop.run_until_complete(main)
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _plain_sleep():
    """`time.sleep` before Pyodide replaced it by one that asks JavaScript first."""
    spec = importlib.machinery.BuiltinImporter.find_spec("time")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.sleep


_BRIDGE = ("js", "pyodide_js", "pyodide_js._api", "_pyodide_core", "_pyodide", "pyodide", "micropip")


def _close_doors():
    """Takes away the bridges to JavaScript. The process is the boundary, the closed bridge the second one, this
    the third."""
    for name in [name for name in sys.modules if name.split(".")[0] in _BRIDGE]:
        module = sys.modules[name]
        if name != "__main__" and isinstance(module, types.ModuleType):
            for key in [key for key in module.__dict__ if not key.startswith("__")]:
                del module.__dict__[key]
        sys.modules[name] = None
    # With ctypes, code calls whatever it has the address of.
    for name in (*_BRIDGE, "ctypes", "_ctypes"):
        sys.modules[name] = None
    sys.meta_path[:] = [finder for finder in sys.meta_path if not finder.__module__.startswith("_pyodide")]
    main = sys.modules["__main__"].__dict__
    for name in ("js", "pyodide_js", "_pyodide_core", "pyodide"):
        main.pop(name, None)
    time.sleep = _plain_sleep()
    asyncio.run = _run_coroutine
    asyncio.events._event_loop_policy = _LoopPolicy()
    asyncio.events._set_running_loop(None)


def _describe(error):
    """A traceback that shows the author's frames only, as Python would print it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == _CODE_FILE]
    head = ["Traceback (most recent call last):\n", *traceback.format_list(frames)] if frames else []
    return "".join([*head, *traceback.format_exception_only(error)]).strip()


def _run(code, inputs_json, max_result_chars):
    """Returns "v" and the result's JSON text, or "f" and what went wrong."""
    random.seed()
    linecache.cache[_CODE_FILE] = (len(code), None, code.splitlines(True), _CODE_FILE)
    namespace = {"__name__": "__main__", "__builtins__": builtins}
    try:
        inputs = json.loads(inputs_json)
        dumps = json.dumps
        exec(compile(code, _CODE_FILE, "exec"), namespace)
        # Dify's runner imports them behind the code, so that `main` finds them whatever the code imports.
        namespace["json"] = json
        namespace["b64decode"] = base64.b64decode
        if "main" not in namespace:
            raise NameError("name 'main' is not defined")
        text = dumps(namespace["main"](**inputs))
        if len(text) > max_result_chars:
            raise ValueError(f"the result is longer than {max_result_chars} characters of JSON")
        return "v" + text
    except MemoryError:
        return "fMemoryError"
    except BaseException as error:
        return "f" + _describe(error)[:20000].encode("utf-8", "replace").decode()
