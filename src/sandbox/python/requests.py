"""A small `requests` for code nodes. Every request is made by the host, under its guard."""

import base64
import json as _json
import os
import sys
import time
import types
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit, parse_qsl

__version__ = "2.32.0"


class RequestException(IOError):
    def __init__(self, *args, request=None, response=None):
        super().__init__(*args)
        self.request = request
        self.response = response


class HTTPError(RequestException):
    pass


class ConnectionError(RequestException):
    pass


class SSLError(ConnectionError):
    pass


class ProxyError(ConnectionError):
    pass


class Timeout(RequestException):
    pass


class ConnectTimeout(ConnectionError, Timeout):
    pass


class ReadTimeout(Timeout):
    pass


class TooManyRedirects(RequestException):
    pass


class MissingSchema(RequestException, ValueError):
    pass


class InvalidURL(RequestException, ValueError):
    pass


class JSONDecodeError(RequestException, _json.JSONDecodeError):
    def __init__(self, *args, **kwargs):
        _json.JSONDecodeError.__init__(self, *args)
        self.request = None
        self.response = None


class CaseInsensitiveDict(dict):
    """Header names keep their spelling and are found in any."""

    def __init__(self, data=None, **kwargs):
        super().__init__()
        self.update(data or {}, **kwargs)

    def _key(self, key):
        wanted = str(key).lower()
        return next((known for known in super().keys() if known.lower() == wanted), key)

    def __getitem__(self, key):
        return super().__getitem__(self._key(key))

    def __setitem__(self, key, value):
        super().pop(self._key(key), None)
        super().__setitem__(key, value)

    def __delitem__(self, key):
        super().__delitem__(self._key(key))

    def __contains__(self, key):
        return super().__contains__(self._key(key))

    def get(self, key, default=None):
        return super().get(self._key(key), default)

    def pop(self, key, *default):
        return super().pop(self._key(key), *default)

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, data=(), **kwargs):
        pairs = data.items() if hasattr(data, "items") else data
        for key, value in [*pairs, *kwargs.items()]:
            self[key] = value

    def copy(self):
        return CaseInsensitiveDict(self)


class HTTPBasicAuth:
    def __init__(self, username, password):
        self.username = username
        self.password = password

    def __call__(self, request):
        token = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        request.headers["Authorization"] = f"Basic {token}"
        return request


class PreparedRequest:
    def __init__(self, method, url, headers, body):
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body


class Response:
    def __init__(self):
        self.status_code = None
        self.url = ""
        self.reason = ""
        self.headers = CaseInsensitiveDict()
        self.encoding = None
        self.history = []
        self.request = None
        self.elapsed = None
        self.content = b""

    @property
    def ok(self):
        return self.status_code is not None and self.status_code < 400

    @property
    def text(self):
        return self.content.decode(self.encoding or "utf-8", errors="replace")

    def json(self, **kwargs):
        try:
            return _json.loads(self.content.decode("utf-8"), **kwargs)
        except UnicodeDecodeError:
            return _json.loads(self.text, **kwargs)
        except _json.JSONDecodeError as error:
            raise JSONDecodeError(error.msg, error.doc, error.pos) from None

    def raise_for_status(self):
        if self.status_code is None or self.status_code < 400:
            return
        side = "Client" if self.status_code < 500 else "Server"
        raise HTTPError(
            f"{self.status_code} {side} Error: {self.reason} for url: {self.url}", response=self, request=self.request
        )

    def iter_lines(self, decode_unicode=False, **_kwargs):
        for line in self.content.splitlines():
            yield line.decode(self.encoding or "utf-8", errors="replace") if decode_unicode else line

    def iter_content(self, chunk_size=1, **_kwargs):
        size = chunk_size or len(self.content) or 1
        for start in range(0, len(self.content), size):
            yield self.content[start : start + size]

    def close(self):
        pass

    def __bool__(self):
        return self.ok

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        return None

    def __repr__(self):
        return f"<Response [{self.status_code}]>"


def _pairs(data):
    items = data.items() if hasattr(data, "items") else data
    flat = []
    for key, value in items:
        values = value if isinstance(value, (list, tuple)) else [value]
        flat.extend((key, one) for one in values if one is not None)
    return flat


def _prepare_url(url, params):
    url = str(url).strip()
    parts = urlsplit(url)
    if not parts.scheme:
        raise MissingSchema(f"Invalid URL {url!r}: No scheme supplied. Perhaps you meant https://{url}?")
    if parts.scheme.lower() not in ("http", "https"):
        raise InvalidURL(f"No connection adapters were found for {url!r}")
    if not parts.hostname:
        raise InvalidURL(f"Invalid URL {url!r}: No host supplied")
    query = parts.query
    if params:
        extra = params if isinstance(params, str) else urlencode(_pairs(params))
        query = f"{query}&{extra}" if query else extra
    path = quote(parts.path or "/", safe="%/:=&?~#+!$,;'@()*[]")
    return urlunsplit((parts.scheme, parts.netloc, path, quote(query, safe="%/:=&?~#+!$,;'@()*[]"), ""))


def _prepare_body(headers, data, json):
    if data is None and json is not None:
        headers.setdefault("Content-Type", "application/json")
        return _json.dumps(json, allow_nan=False).encode()
    if data is None or (not data and not isinstance(data, (str, bytes))):
        return None
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return data.encode()
    if hasattr(data, "read"):
        content = data.read()
        return content.encode() if isinstance(content, str) else content
    headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    return urlencode(_pairs(data)).encode()


def _milliseconds(seconds):
    return None if seconds is None else max(1, int(float(seconds) * 1000))


_FAILURES = {"timeout": Timeout, "redirects": TooManyRedirects, "tls": SSLError, "connection": ConnectionError}


def _ask_host(request):
    """Hands bytes to the host and gives the bytes of its answer, both behind their length."""
    body = _json.dumps(request).encode()
    device = os.open("/dev/reviewflow", os.O_RDWR)
    try:
        rest = len(body).to_bytes(4, "big") + body
        while rest:
            rest = rest[os.write(device, rest) :]

        def read(length):
            parts = []
            while length > 0:
                part = os.read(device, length)
                if not part:
                    raise ConnectionError("the host gave no answer")
                parts.append(part)
                length -= len(part)
            return b"".join(parts)

        return _json.loads(read(int.from_bytes(read(4), "big")))
    finally:
        os.close(device)


def _send(prepared, timeout, verify):
    connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    started = time.monotonic()
    answer = _ask_host(
        {
            "method": prepared.method,
            "url": prepared.url,
            "headers": [[str(k), str(v)] for k, v in prepared.headers.items()],
            "body": None if prepared.body is None else base64.b64encode(prepared.body).decode(),
            "connectTimeoutMs": _milliseconds(connect),
            "readTimeoutMs": _milliseconds(read),
            "verifyTls": verify is not False,
        }
    )
    if not answer["ok"]:
        raise _FAILURES.get(answer["kind"], ConnectionError)(answer["message"], request=prepared)
    from datetime import timedelta
    from http.client import responses

    response = Response()
    response.status_code = answer["status"]
    response.url = answer["url"]
    response.reason = responses.get(answer["status"], "")
    for name, value in answer["headers"]:
        known = response.headers.get(name)
        response.headers[name] = value if known is None else f"{known}, {value}"
    response.content = base64.b64decode(answer["body"])
    content_type = response.headers.get("content-type", "")
    if "charset=" in content_type:
        response.encoding = content_type.split("charset=", 1)[1].split(";")[0].strip("\"' ")
    elif content_type.startswith("text/"):
        response.encoding = "utf-8"
    response.request = prepared
    response.elapsed = timedelta(seconds=time.monotonic() - started)
    return response


class Session:
    def __init__(self):
        self.headers = CaseInsensitiveDict({"User-Agent": "python-requests/" + __version__, "Accept": "*/*"})
        self.auth = None
        self.params = {}
        self.verify = True
        self.cookies = {}
        self.proxies = {}

    def request(
        self,
        method,
        url,
        params=None,
        data=None,
        headers=None,
        cookies=None,
        files=None,
        auth=None,
        timeout=None,
        allow_redirects=True,
        proxies=None,
        hooks=None,
        stream=None,
        verify=None,
        cert=None,
        json=None,
    ):
        if files:
            raise NotImplementedError("requests in a code node sends no files")
        if not allow_redirects:
            raise NotImplementedError("requests in a code node always follows redirects")
        if cert:
            raise NotImplementedError("requests in a code node has no client certificates")
        merged = self.headers.copy()
        for name, value in (headers or {}).items():
            if value is None:
                merged.pop(name, None)
            else:
                merged[name] = value
        query = _pairs(self.params) + ([] if params is None or isinstance(params, str) else _pairs(params))
        target = _prepare_url(url, query)
        if isinstance(params, str):
            target = _prepare_url(target, params)
        jar = {**self.cookies, **(cookies or {})}
        if jar:
            merged["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        body = _prepare_body(merged, data, json)
        prepared = PreparedRequest(method.upper(), target, merged, body)
        credentials = auth or self.auth
        if isinstance(credentials, tuple):
            credentials = HTTPBasicAuth(*credentials)
        if credentials:
            credentials(prepared)
        return _send(prepared, timeout, self.verify if verify is None else verify)

    def get(self, url, **kwargs):
        return self.request("GET", url, **kwargs)

    def options(self, url, **kwargs):
        return self.request("OPTIONS", url, **kwargs)

    def head(self, url, **kwargs):
        return self.request("HEAD", url, **kwargs)

    def post(self, url, data=None, json=None, **kwargs):
        return self.request("POST", url, data=data, json=json, **kwargs)

    def put(self, url, data=None, **kwargs):
        return self.request("PUT", url, data=data, **kwargs)

    def patch(self, url, data=None, **kwargs):
        return self.request("PATCH", url, data=data, **kwargs)

    def delete(self, url, **kwargs):
        return self.request("DELETE", url, **kwargs)

    def mount(self, prefix, adapter):
        pass

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        return None


session = Session


def request(method, url, **kwargs):
    return Session().request(method, url, **kwargs)


def get(url, params=None, **kwargs):
    return request("GET", url, params=params, **kwargs)


def options(url, **kwargs):
    return request("OPTIONS", url, **kwargs)


def head(url, **kwargs):
    return request("HEAD", url, **kwargs)


def post(url, data=None, json=None, **kwargs):
    return request("POST", url, data=data, json=json, **kwargs)


def put(url, data=None, **kwargs):
    return request("PUT", url, data=data, **kwargs)


def patch(url, data=None, **kwargs):
    return request("PATCH", url, data=data, **kwargs)


def delete(url, **kwargs):
    return request("DELETE", url, **kwargs)


def _submodule(name, **members):
    module = types.ModuleType(f"requests.{name}")
    module.__dict__.update(members)
    sys.modules[module.__name__] = module
    globals()[name] = module


_submodule(
    "exceptions",
    **{
        name: value
        for name, value in list(globals().items())
        if isinstance(value, type) and issubclass(value, RequestException)
    },
)
_submodule("auth", HTTPBasicAuth=HTTPBasicAuth)
_submodule("structures", CaseInsensitiveDict=CaseInsensitiveDict)
_submodule("models", Response=Response, PreparedRequest=PreparedRequest)
_submodule("sessions", Session=Session)
_submodule("adapters", HTTPAdapter=type("HTTPAdapter", (), {"__init__": lambda self, *a, **k: None}))
