#!/usr/bin/env python3
"""Writes test/fixtures/jinja2/corpus.json: templates with what real Jinja2 3.1 makes of them.

Needs Debian's python3-jinja2 (3.1): run `/usr/bin/python3 scripts/make-jinja2-corpus.py`.
Each case is rendered as Dify renders a template: `jinja2.Template(text).render(**variables)`.
A case has either `text` or, where Jinja2 throws, `error` as "Class: message".
"""

import json
import pathlib
import platform

import jinja2

FINDINGS = [
    {"path": "src/app.py", "line": 12, "severity": "high", "title": "SQL injection", "score": 9.5, "tags": ["security", "sql"]},
    {"path": "src/app.py", "line": 40, "severity": "low", "title": "Long line", "score": 1.5, "tags": []},
    {"path": "lib/util.py", "line": 3, "severity": "medium", "title": "Unused import", "score": 4, "tags": ["style"]},
    {"path": "README.md", "line": None, "severity": "low", "title": "오타: 설명이 없습니다", "score": 0.25, "tags": ["docs", "한국어"]},
]
REVIEW = {
    "findings": FINDINGS,
    "mr": {"iid": 42, "title": "Add login", "author": {"name": "Kim <kim@example.com>"}, "labels": ["backend", "auth"], "draft": False},
    "summary": "Two serious problems were found. Please look at the query in src/app.py before merging.",
    "diff": "@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d\n",
    "ja": "このコードはレビューが必要です。エラー処理がありません。",
    "ko": "코드 리뷰 결과: 두 가지 문제가 있습니다.",
    "empty": [],
    "nothing": None,
}

CASES = []


def case(template, **variables):
    CASES.append((template, variables))


def cases(*templates, **variables):
    for template in templates:
        case(template, **variables)


# How values print.
cases(
    "{{ true }} {{ false }} {{ none }} {{ True }} {{ False }} {{ None }}",
    "{{ 1 }} {{ 1.0 }} {{ -2.50 }} {{ 1e3 }} {{ 1e16 }} {{ 1e-5 }} {{ 123456789012345678901234567890 }}",
    "{{ 1e15 }} {{ 123456789.125 }} {{ 0.1 + 0.2 }} {{ 1/3 }} {{ 1e22 }} {{ 5e-324 }}",
    "{{ [1, 2.0, 'a', none, true] }} {{ (1, 'b') }} {{ (1,) }} {{ () }} {{ {} }} {{ [] }}",
    "{{ {'a': 1, 'b': [true, none], 3: 'x', none: 1.5} }}",
    "{{ [\"it's\", 'say \"x\"', 'both \\' and \"', 'tab\\t', 'nl\\n', 'back\\\\slash'] }}",
    "{{ ['한글', '日本語', 'é', '\\u200b', '\\x00', '😀', '\\xa0'] }}",
    "{{ range(5) }} {{ range(1, 9, 2) }} {{ range(3)|list }} {{ range(5)[1] }} {{ range(10, 0, -3)|list }}",
    "{{ 0x1f }} {{ 0b101 }} {{ 0o17 }} {{ 1_000_000 }}",
    "{{ 'a' 'b' }} {{ 'tab\\tq' }} {{ '\\u00e9' }} {{ \"\\\"\" }}",
    "{{ [[1, [2, [3]]], {'k': {'n': none}}] }}",
)
cases("{{ x }} {{ y }} {{ z }} {{ n }} {{ b }} {{ o }} {{ f }}", x=[1, "a", None, True, 2.5], y={"a": {"b": [1, 2]}}, z="text", n=None, b=False, o=7, f=0.1)
cases("{{ big }} {{ small }} {{ neg }}", big=12345678901, small=0.000001, neg=-0.5)
case("{{ x }} {{ l }}", x=1.0, l=[2.0])
case("{{ ''.__class__.__mro__ }}|{{ [].__class__ }}|{{ f.__globals__ }}")

# Arithmetic.
cases(
    "{{ 7 / 2 }} {{ 4 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }}",
    "{{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2.0 ** 3 }} {{ 2 ** 100 }} {{ -2 ** 2 }} {{ 2 ** 3 ** 2 }}",
    "{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 10 - 3 - 2 }} {{ 1 + 2.0 }} {{ 3 * 1.5 }} {{ true + 1 }}",
    "{{ 'a' + 'b' }} {{ 'ab' * 3 }} {{ [1] + [2] }} {{ [0] * 3 }} {{ (1,) + (2, 3) }} {{ 2 * 'x' }}",
    "{{ 1 ~ 2 ~ none ~ true ~ 1.5 }} {{ 'a' ~ [1] }} {{ 1 ~ 2 + 3 }}",
    "{{ 'Hello %s, %d items (%.2f)' % ('Kim', 3, 1.5) }} {{ '%s' % 'x' }} {{ '%(a)s-%(b)05d' % {'a': 'x', 'b': 42} }}",
    "{{ '%5s|%-5s|%05d|%+d|%x|%X|%o|%e|%g|%%|%c|%r' % ('a', 'b', 42, 7, 255, 255, 8, 12345.678, 0.0001, 'z', 'q') }}",
    "{{ '%10.3f|%-10.1f|%.0f|%.0f|%.0f' % (3.14159, 2.55, 0.5, 1.5, 2.5) }}",
    "{{ -3|abs }} {{ (-3)|abs }} {{ +5 }} {{ -(2 + 3) }} {{ - 2.5 }}",
    "{{ 10 // 3 * 3 + 10 % 3 }} {{ 1.1 + 2.2 }} {{ 100 * 1.1 }}",
    "{{ 1 if true else 2 }} {{ 'x' if false }} {{ 'a' if 0 else 'b' if 1 else 'c' }}",
)
cases("{{ a / b }} {{ a // b }} {{ a % b }} {{ a * 1.0 }}", a=17, b=5)

# Comparing and logic.
cases(
    "{{ 1 == 1.0 }} {{ 1 == true }} {{ 'a' == 'a' }} {{ [1, 2] == [1, 2] }} {{ {'a': 1} == {'a': 1.0} }} {{ none == false }} {{ '1' == 1 }}",
    "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ (1, 'a') < (1, 'b') }} {{ 'Z' < 'a' }}",
    "{{ 1 in [1, 2] }} {{ 3 not in [1, 2] }} {{ 'a' in 'cat' }} {{ 'k' in {'k': 1} }} {{ 1.0 in [1] }} {{ 2 in range(3) }}",
    "{{ not true }} {{ not [] }} {{ 0 or 'x' }} {{ '' or none or 'last' }} {{ 1 and 2 }} {{ 0 and 2 }} {{ not 1 == 2 }}",
    "{{ 1 and none }} {{ [] or {} }} {{ true and false or true }}",
    "{{ (1, 2) == [1, 2] }} {{ 1 != 1.5 }} {{ 3 >= 3 }} {{ 'abc' <= 'abd' }}",
)

# Undefined.
cases(
    "[{{ missing }}] [{{ missing|default('d') }}] [{{ missing is defined }}] [{{ missing|length }}] [{{ missing|list }}]",
    "{% for x in missing %}x{% else %}none{% endfor %} {{ missing == other }} {{ not missing }} {{ 'a' in missing }}",
    "{{ d.missing }}|{{ d.a.b }}|{{ d['x'] }}|{{ l[9] }}|{{ l.name }}|{{ s.nope }}",
    "{{ missing.attribute }}",
    "{{ d.missing.deeper }}",
    "{{ missing + 1 }}",
    "{{ 'a' + missing }}",
    "{{ missing() }}",
    "{{ missing ~ 'x' }} {{ missing|join(',') }}|{{ missing|upper }}|{{ missing|first }}|{{ missing|sum }}",
    "{{ none|default('x') }} {{ none|default('x', true) }} {{ ''|default('y', boolean=true) }} {{ 0|d(5) }} {{ 0|d(5, true) }}",
    "{{ missing > 1 }}",
    "{{ l[5].x }}",
    d={"a": {"c": 1}},
    l=[1, 2],
    s="text",
)
cases("{{ nothing.a }}", "{{ nothing.a.b }}", "{{ nothing|length }}", "{{ nothing|e }}{{ nothing|upper }}", nothing=None)

# Attributes, items, slices and methods.
cases(
    "{{ d.a }} {{ d['a'] }} {{ d.get('a') }} {{ d.get('z') }} {{ d.get('z', 'dflt') }} {{ d.keys() }} {{ d.values() }} {{ d.items() }}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k in d %}{{ k }},{% endfor %}{{ d|length }} {{ d.keys()|list }} {{ d.values()|sum }}",
    "{{ d['items'] }} {{ d.copy() }} {{ d.pop('a') }} {{ d }} {{ d.setdefault('n', 5) }} {{ d }}",
    "{% set _ = d.update({'q': 9}) %}{{ d }} {{ d.update(r=1) }} {{ d }}",
    d={"a": 1, "b": 2, "items": 3},
)
cases(
    "{{ l[0] }} {{ l[-1] }} {{ l[1:3] }} {{ l[::-1] }} {{ l[:2] }} {{ l[-2:] }} {{ l[::2] }} {{ l[5:] }} {{ l.0 }}",
    "{{ l.index(3) }} {{ l.count(1) }} {{ l.append(9) }} {{ l }} {{ l.pop() }} {{ l.pop(0) }} {{ l }} {{ l.insert(0, 'x') }} {{ l }}",
    "{% set _ = l.extend([7, 8]) %}{% set _ = l.reverse() %}{{ l }} {% set _ = l.remove(1) %}{{ l }} {{ l.sort() }} {{ l }}",
    "{{ l.index(99) }}",
    l=[1, 2, 3, 1],
)
cases(
    "{{ s[0] }} {{ s[-1] }} {{ s[1:4] }} {{ s[::-1] }} {{ s|length }} {{ s[20] }}|",
    "{{ s.upper() }} {{ s.lower() }} {{ s.title() }} {{ s.capitalize() }} {{ s.swapcase() }}",
    "{{ s.split() }} {{ s.split('o') }} {{ s.split(' ', 1) }} {{ s.rsplit(' ', 1) }} {{ 'a,b,,c'.split(',') }} {{ 'a\\nb\\r\\nc\\n'.splitlines() }}",
    "{{ s.replace('o', '0') }} {{ s.replace('o', '0', 1) }} {{ s.find('W') }} {{ s.find('zz') }} {{ s.count('l') }} {{ s.index('o') }} {{ s.rfind('o') }}",
    "{{ s.startswith('He') }} {{ s.endswith(('x', 'd')) }} {{ '  a '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|",
    "{{ 'a'.center(5, '*') }}|{{ 'ab'.center(5) }}|{{ 'a'.ljust(3) }}|{{ 'a'.rjust(3, '.') }}|{{ '42'.zfill(5) }}|{{ '-4'.zfill(5) }}|",
    "{{ ', '.join(['a', 'b']) }} {{ '-'.join('abc') }} {{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }}",
    "{{ 'x'.isalpha() }} {{ '12'.isdigit() }} {{ 'a1'.isalnum() }} {{ ' '.isspace() }} {{ 'AB'.isupper() }} {{ 'ab'.islower() }} {{ 'Ab Cd'.istitle() }} {{ '한글'.isalpha() }}",
    "{{ '{} and {}'.format(1, 'b') }} {{ '{1}{0}'.format('a', 'b') }} {{ '{x:>5}|{y:.2f}|{z!r}'.format(x='a', y=2.5, z='q') }} {{ '{:,}'.format(1234567) }} {{ '{:05d}|{:+}|{:x}|{:%}'.format(42, 3, 255, 0.25) }}",
    "{{ '{0.a}'.format({'a': 1}) if false else 'skip' }} {{ '{0[a]}'.format({'a': 1}) }} {{ '{:<6}|{:^6}|{:*>6}'.format('a', 'b', 'c') }} {{ '{{}}'.format() }}",
    "{{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }} {{ 'a\\tb'.expandtabs(4) }} {{ 'ß'.upper() }} {{ 'ABC'.casefold() }}",
    s="Hello World",
)
cases("{{ 1.5.is_integer() }} {{ (5).bit_length() }} {{ (1.0).is_integer() }}", "{{ s.encode }}"[:0] + "{{ (1, 2, 2).count(2) }} {{ (1, 2).index(2) }}")
cases("{{ e|length }} {{ e[0] }} {{ e[1:] }} {{ e[::-1] }} {{ e|reverse }} {{ e|list }} {{ e.find('b') }}", e="😀b한")

# Statements.
cases(
    "{% if a %}A{% elif b %}B{% else %}C{% endif %}",
    "{% if a is defined and not a %}x{% endif %}{% if a or b %}y{% endif %}",
    "{% set x = 5 %}{{ x }}{% set x = x + 1 %}{{ x }}",
    "{% set a, c = 1, 2 %}{{ a }}{{ c }}{% set t = (1, 2, 3) %}{{ t }}",
    "{% set block %}  text {{ b }} {% endset %}[{{ block }}]{{ block|length }}",
    "{% set up | upper %}abc{% endset %}{{ up }}",
    "{% for i in range(3) %}{% set b = i %}{% endfor %}{{ b }}",
    "{% set ns = namespace(total=0, names=[]) %}{% for i in range(4) %}{% set ns.total = ns.total + i %}{% endfor %}{{ ns.total }}",
    "{% set ns = namespace() %}{% set ns.found = true %}{{ ns.found }}{{ ns.other }}|",
    "{% with x = 1, y = b %}{{ x }}{{ y }}{% endwith %}[{{ x }}]",
    "{% with %}{% set q = 1 %}{{ q }}{% endwith %}[{{ q }}]",
    "{% filter upper %}abc {{ b }}{% endfilter %} {% filter replace('a', 'b')|trim %} aaa {% endfilter %}|",
    "{% raw %}{{ not rendered }} {% if %}{% endraw %}",
    "a{# comment #}b{#- trim -#} c",
    "{% block content %}in block {{ b }}{% endblock %} {% block other scoped %}x{% endblock other %}",
    "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% for x in [1] %}{{ x }}{% endfor %}{{ x }}|",
    "{% set a.b = 1 %}",
    "{% unknown %}",
    "{% if true %}",
    "{{ a",
    "{{ 1 +  }}",
    "{{ x|nofilter }}",
    "{% include 'x' %}"[:0] + "{{ 'unterminated }}",
    a=0,
    b="yes",
)
cases(
    "{% for x in l %}{{ loop.index }}/{{ loop.length }}:{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for x in l %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }} {% endfor %}",
    "{% for x in l %}{{ loop.cycle('odd', 'even') }} {% endfor %}",
    "{% for x in l if x is odd %}{{ loop.index }}:{{ x }} {% else %}nothing{% endfor %}",
    "{% for x in l if x > 99 %}{{ x }}{% else %}nothing{% endfor %}",
    "{% for x in l %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem|default('end') }} {% endfor %}",
    "{% for x in [1, 1, 2, 2, 1] %}{% if loop.changed(x) %}{{ x }}{% endif %}{% endfor %}",
    "{% for a, b in [[1, 2], (3, 4)] %}{{ a }}-{{ b }} {% endfor %}",
    "{% for (k, v) in {'x': 1}.items() %}{{ k }}{{ v }}{% endfor %}",
    "{% for a, b in [[1]] %}{{ a }}{% endfor %}",
    "{% for x in l %}{% for y in 'ab' %}{{ loop.index }}{{ y }}{{ x }} {% endfor %}{{ loop.index }}; {% endfor %}",
    "{% for x in l %}{% set outer = loop %}{% for y in [1] %}{{ outer.index }}.{{ loop.index }} {% endfor %}{% endfor %}",
    "{% for n in tree recursive %}<{{ n.name }}{{ loop.depth }}{% if n.kids %}:{{ loop(n.kids) }}{% endif %}>{% endfor %}",
    "{% for x in 'héllo' %}{{ x }}.{% endfor %}",
    "{% for x in 5 %}{{ x }}{% endfor %}",
    "{% for x in l %}{% if loop.index > 2 %}{{ x }}{% endif %}{% endfor %}",
    "{% for i in range(1, 4) %}{{ i }}{% endfor %}{% for i in range(0) %}x{% else %}empty{% endfor %}",
    "{% for x in l %}{{ loop }}{% endfor %}",
    l=[1, 2, 3, 4],
    tree=[{"name": "a", "kids": [{"name": "b", "kids": []}, {"name": "c", "kids": [{"name": "d"}]}]}],
)

# Macros and calls.
cases(
    "{% macro f(x, y=2) %}{{ x }}+{{ y }}{% endmacro %}{{ f(1) }} {{ f(1, 3) }} {{ f(y=5, x=4) }} {{ f() }}",
    "{% macro f() %}{{ varargs }} {{ kwargs }}{% endmacro %}{{ f(1, 2, a=3) }}",
    "{% macro f(x) %}{{ x }}{% endmacro %}{{ f(1, 2) }}",
    "{% macro f(x) %}{{ x }}{% endmacro %}{{ f(z=2) }}",
    "{% macro box(t) %}[{{ t }}: {{ caller() }}]{% endmacro %}{% call box('T') %}inner{% endcall %}",
    "{% macro each(items) %}{% for i in items %}{{ caller(i) }}{% endfor %}{% endmacro %}{% call(i) each([1, 2]) %}<{{ i }}>{% endcall %}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %},{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
    "{% macro f(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ f('x') }} {{ f.name }} {{ f.arguments }}",
    "{% set x = 1 %}{% macro f() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ f() }}",
    "{% macro f() %}a{% endmacro %}{{ f()|upper }} {{ f() ~ 'b' }} {{ f() is string }}",
    "{{ dict(a=1, b=2) }} {{ dict([('x', 1)]) }} {{ dict({'q': 1}, r=2) }}",
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}",
    "{% set j = joiner('; ') %}{% for x in [1, 2, 3] %}{{ j() }}{{ x }}{% endfor %}",
    "{% set args = [1, 2] %}{% set kw = {'y': 9} %}{% macro f(x, y) %}{{ x }}{{ y }}{% endmacro %}{{ f(*args) }} {{ f(0, **kw) }}",
)

# White space.
cases(
    "a\n{% if true %}\n  b\n{% endif %}\nc\n",
    "a\n{%- if true -%}\n  b\n{%- endif -%}\nc\n\n",
    "  {%- for x in [1, 2] %}\n  - {{ x }}\n  {%- endfor %}\nend",
    "x\n\n",
    "line\r\nnext\r\n",
    "{{- ' a ' -}}  b  {{- 'c' }}  ",
    "{%+ if true +%} a {%+ endif %}",
    "{% raw -%}  x  {%- endraw %}  y",
    "\n\n  {{ 'x' }}\n",
    "",
    "plain text with } and { and % and # signs",
)

# Filters over texts.
cases(
    "{{ 'hello world'|capitalize }} {{ 'hello big-world (x)'|title }} {{ 'AbC'|lower }} {{ 'AbC'|upper }} {{ \"they're bill's\"|title }}",
    "[{{ 'mid'|center(9) }}] [{{ ' t '|trim }}] [{{ 'xxtxx'|trim('x') }}]",
    "{{ 'a b a b'|replace('a', 'c') }} {{ 'a b a b'|replace('a', 'c', 1) }} {{ 5|replace('5', '6') }}",
    "{{ 'foo bar baz qux'|truncate(9) }} {{ 'foo bar baz qux'|truncate(9, true) }} {{ 'foo bar baz qux'|truncate(11) }} {{ 'foo bar baz qux'|truncate(11, false, '...', 0) }}",
    "{{ 'Hello world, this is long'|truncate(10, end='…', leeway=0) }} {{ ko|truncate(8, true, '', 0) }} {{ 'x'|truncate(2) }}",
    "{{ 'a\\nb\\n\\nc'|indent }}|{{ 'a\\nb'|indent(2, true) }}|{{ 'a\\n\\nb'|indent(2, blank=true) }}|{{ 'a\\nb'|indent('> ') }}|{{ 'a\\nb\\n'|indent(2) }}|",
    "{{ 'The quick brown fox jumps over the lazy dog'|wordwrap(12) }}",
    "{{ 'a verylongwordindeed here'|wordwrap(8) }}|{{ 'a verylongwordindeed here'|wordwrap(8, false) }}|{{ 'self-contained well-known'|wordwrap(10) }}|{{ 'one two'|wordwrap(3, wrapstring='<br>') }}",
    "{{ 'Hello, world foo_bar baz-q'|wordcount }} {{ ko|wordcount }} {{ ''|wordcount }}",
    "{{ '%s is %d'|format('x', 3) }} {{ '%(a)s'|format(a='q') }}",
    "{{ '<a href=\"x\">T & \\'q\\'</a>'|e }} {{ '<b>'|escape|escape }} {{ '<b>'|forceescape }} {{ '<b>'|safe }} {{ '<b>' }}",
    "{{ ('<a>'|e) + '<b>' }} {{ ('<a>'|safe) ~ '<b>' }} {{ ('<i>'|safe) + '<b>' }} {{ '<x>'|e|length }} {{ ['<a>'|e] }}",
    "{{ '<p>Hello <b>World</b> &amp; all</p> <!-- c -->  end'|striptags }}",
    "{{ 'a b&c=d/é한'|urlencode }} {{ {'a': 1, 'b c': 'x&y'}|urlencode }} {{ [('k', 'v 1')]|urlencode }}",
    "{{ 1|string ~ 'x' }} {{ [1]|string|length }} {{ 'abc'|list }} {{ 'abc'|first }} {{ 'abc'|last }} {{ 'abc'|reverse }} {{ 'abc'|length }} {{ 'abc'|count }}",
    "{{ 'see http://example.com/x?a=1&b=2 now'|urlize }} {{ 'www.example.com.'|urlize(10, true) }} {{ 'mail a@b.com'|urlize }}",
    "<a{{ {'class': 'x y', 'id': none, 'title': 'a\"b'}|xmlattr }}>",
    "{{ 1|filesizeformat }} {{ 1000|filesizeformat }} {{ 123456789|filesizeformat }} {{ 1024|filesizeformat(true) }} {{ 500|filesizeformat }} {{ 1536|filesizeformat(binary=true) }}",
    ko=REVIEW["ko"],
)

# Filters over numbers.
cases(
    "{{ 42.55|round }} {{ 42.55|round(1) }} {{ 42.55|round(1, 'floor') }} {{ 42.1|round(0, 'ceil') }} {{ 2.5|round }} {{ 3.5|round }} {{ 42|round }} {{ 2.675|round(2) }} {{ 1234|round(-2) }} {{ 42.55|round|int }}",
    "{{ '42'|int }} {{ '42.9'|int }} {{ 'x'|int }} {{ 'x'|int(7) }} {{ '0x1f'|int(0, 16) }} {{ 3.99|int }} {{ none|int }} {{ true|int }} {{ ' 8 '|int }} {{ '1_000'|int }}",
    "{{ '3.5'|float }} {{ 'x'|float }} {{ 'x'|float(1.5) }} {{ 3|float }} {{ '1e3'|float }} {{ none|float }}",
    "{{ [1, 2, 3]|sum }} {{ [1.5, 2]|sum }} {{ []|sum }} {{ [1, 2]|sum(start=10) }} {{ [[1], [2]]|sum(start=[]) }}",
    "{{ [3, 1, 2]|max }} {{ [3, 1, 2]|min }} {{ ['b', 'A']|min }} {{ ['b', 'A']|min(case_sensitive=true) }} {{ []|max }}| {{ -5.5|abs }}",
    "{{ 10|divisibleby(5) if false else 10 is divisibleby(5) }} {{ 3 is odd }} {{ 4 is even }} {{ 3.0 is number }} {{ 3.0 is integer }} {{ 3 is float }}",
)

# Filters over lists.
cases(
    "{{ [3, 1, 2]|sort }} {{ [3, 1, 2]|sort(reverse=true) }} {{ ['b', 'A', 'c']|sort }} {{ ['b', 'A', 'c']|sort(case_sensitive=true) }} {{ [1, 'a']|sort }}",
    "{{ [1, 2, 3, 4, 5]|batch(2)|list }} {{ [1, 2, 3]|batch(2, 'x')|list }} {{ range(7)|slice(3)|list }} {{ range(7)|slice(3, '-')|list }}",
    "{{ [1, 1, 2, 'a', 'A']|unique|list }} {{ ['a', 'A']|unique(true)|list }} {{ [1, none, 0]|select|list }} {{ [1, none, 0]|reject|list }}",
    "{{ [1, 2, 3]|select('odd')|list }} {{ [1, 2, 3]|reject('odd')|list }} {{ [1, 5, 9]|select('gt', 4)|list }} {{ ['a', 'b']|select('in', ['b'])|list }} {{ [1, 2]|select('==', 2)|list }}",
    "{{ ['a', 'b']|map('upper')|list }} {{ ['a', 'b']|map('upper')|join('-') }} {{ [1, 2]|map('string')|list }} {{ ['a b', 'c']|map('replace', ' ', '_')|list }}",
    "{{ [1, 2, 3]|first }} {{ [1, 2, 3]|last }} {{ []|first }}| {{ [1, 2, 3]|reverse|list }} {{ [1, 2]|join }} {{ [1, 2]|join(', ') }} {{ [1, none, true]|join('|') }}",
    "{{ {'b': 1, 'A': 3, 'c': 2}|dictsort }} {{ {'b': 1, 'A': 3}|dictsort(true) }} {{ {'b': 1, 'A': 3, 'c': 2}|dictsort(false, 'value') }} {{ {'b': 1, 'a': 2}|dictsort(reverse=true) }}",
    "{{ {'a': 1, 'b': 2}|items|list }} {{ {'a': 1}|list }} {{ {'a': 1}|length }} {{ {'b': 1, 'a': 2}|sort }}",
    "{{ [1, 2, 3]|list|length }} {{ 'x'|list }} {{ range(3)|reverse|list }} {{ (1, 2)|list }}",
    "{{ [1, 2]|map('nofilter')|list }}",
    "{{ 5|length }}",
    "{{ 5|join }}",
    "{{ [1, 2]|batch(3, fill_with=0)|list }} {{ [[1, 2], [3, 4]]|map('first')|list }} {{ [[1, 2], [3]]|map('length')|sum }}",
)
cases(
    "{{ findings|map(attribute='title')|join('; ') }}",
    "{{ findings|map(attribute='missing', default='-')|join(',') }} {{ findings|map(attribute='tags.0', default='none')|list }}",
    "{{ findings|selectattr('severity', 'equalto', 'low')|map(attribute='line')|list }}",
    "{{ findings|rejectattr('severity', 'in', ['low', 'medium'])|list|length }} {{ findings|selectattr('tags')|list|length }} {{ findings|selectattr('line', 'none')|map(attribute='path')|first }}",
    "{% for g in findings|groupby('severity') %}{{ g.grouper }}: {{ g.list|length }}\n{% endfor %}",
    "{% for severity, items in findings|groupby('severity') %}## {{ severity|upper }}\n{% for f in items %}- {{ f.path }}{% if f.line %}:{{ f.line }}{% endif %} {{ f.title }}\n{% endfor %}{% endfor %}",
    "{{ findings|sort(attribute='score')|map(attribute='score')|list }} {{ findings|sort(attribute='path,score', reverse=true)|map(attribute='title')|list }}",
    "{{ findings|sum(attribute='score') }} {{ (findings|map(attribute='score')|sum / findings|length)|round(2) }} {{ findings|max(attribute='score') }}",
    "{{ findings|groupby('path')|list }}",
    "{{ findings[0]|tojson }}",
    "{{ findings|tojson(indent=2) }}",
    "{{ findings[3] }} {{ findings[0].tags|join(', ') }}",
    "{{ findings|map('dictsort')|first }}",
    "{{ findings|pprint }}",
    "{{ findings|map(attribute='tags')|sum(start=[]) }} {{ findings|map(attribute='severity')|unique|sort|join('/') }}",
    "{% for row in findings|batch(2, none) %}{% for f in row %}[{{ f.title }}]{% endfor %}\n{% endfor %}",
    **REVIEW,
)

# JSON.
cases(
    "{{ {'b': 1, 'a': [true, none, 1.0, 'x']}|tojson }} {{ '<script>&\\'\"'|tojson }} {{ '한글 é 😀'|tojson }} {{ [1, 2]|tojson(2) }} {{ {}|tojson }} {{ []|tojson(indent=2) }}",
    "{{ 1.5|tojson }} {{ 'a\\nb\\t\"\\\\'|tojson }} {{ (1, 2)|tojson }} {{ {1: 'a'}|tojson }} {{ 1e20|tojson }} {{ true|tojson }}",
    "{{ missing|tojson }}",
    "{{ {'a': {'b': [1, {'c': none}]}}|tojson(indent=4) }}",
)

# Tests.
cases(
    "{{ 1 is defined }} {{ x is undefined }} {{ none is none }} {{ 'a' is string }} {{ [] is sequence }} {{ {} is mapping }} {{ 1 is number }} {{ true is boolean }} {{ 1 is boolean }}",
    "{{ [] is iterable }} {{ 5 is iterable }} {{ 'a' is sequence }} {{ range is callable }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ 'ab' is lower }} {{ 'AB' is upper }}",
    "{{ 1 is sameas 1 }} {{ none is sameas none }} {{ 1 is eq 1 }} {{ 1 is ne 2 }} {{ 2 is gt 1 }} {{ 2 is lessthan 3 }} {{ 2 is ge 2 }} {{ 1 is in [1] }} {{ 'a' is in 'abc' }} {{ 1 is not in [2] }}",
    "{{ 'upper' is filter }} {{ 'nope' is filter }} {{ 'odd' is test }} {{ ('<'|e) is escaped }} {{ 3 is not odd }} {{ 1 is odd and 2 is even }}",
    "{{ 5 is divisibleby 5 }} {{ 'x' is defined and 'y' }} {{ true is integer }} {{ 1.0 is float }} {{ 2 is divisibleby(2) }}",
    "{{ 1 is nosuchtest }}",
    "{{ 'a' is odd }}",
)

# Errors.
cases(
    "{{ 1 / 0 }}",
    "{{ 1 // 0 }}",
    "{{ 1.0 / 0 }}",
    "{{ 5 % 0 }}",
    "{{ 'a' + 1 }}",
    "{{ 1 + 'a' }}",
    "{{ [1] + (2,) }}",
    "{{ 'a' * 'b' }}",
    "{{ -'a' }}",
    "{{ 1 < 'a' }}",
    "{{ none > 1 }}",
    "{{ 1 in 5 }}",
    "{{ 1 in 'abc' }}",
    "{{ {}['a']['b'] }}",
    "{{ 5() }}",
    "{{ 'x'.nope() }}",
    "{{ '%d' % 'a' }}",
    "{{ '%s %s' % 'a' }}",
    "{{ '%s' % (1, 2) }}",
    "{{ [1, 2][0:2:0] }}",
    "{{ {[1]: 2} }}",
    "{% for a, b in [[1, 2, 3]] %}{% endfor %}",
    "{{ range(1, 5, 0) }}",
)

# What review templates look like.
cases(
    "# Review of !{{ mr.iid }} {{ mr.title }}\n\n{{ summary }}\n\n{% for f in findings %}{{ loop.index }}. **{{ f.severity|upper }}** `{{ f.path }}{{ ':' ~ f.line if f.line else '' }}` {{ f.title }}{% if f.tags %} ({{ f.tags|join(', ') }}){% endif %}\n{% else %}No findings.\n{% endfor %}\n",
    "{%- if findings|selectattr('severity', 'eq', 'high')|list -%}\nBlocked: {{ findings|selectattr('severity', 'eq', 'high')|list|length }} serious finding(s).\n{%- else -%}\nReady.\n{%- endif %}\n",
    "| Path | Line | Score |\n|---|---|---|\n{% for f in findings|sort(attribute='score', reverse=true) %}| {{ f.path }} | {{ f.line if f.line is not none else '—' }} | {{ '%.1f' % f.score }} |\n{% endfor %}",
    "{% set ns = namespace(worst=none) %}{% for f in findings %}{% if ns.worst is none or f.score > ns.worst.score %}{% set ns.worst = f %}{% endif %}{% endfor %}Worst: {{ ns.worst.title }} ({{ ns.worst.score }})",
    "{{ ja }}\n{{ ja|length }} {{ ja[:5] }} {{ ja|truncate(12, true, '…', 0) }} {{ ja.split('。') }} {{ ja|wordwrap(10) }}",
    "{{ ko|replace('문제', '이슈') }} {{ ko.split(': ')[1] }} {{ ko|upper }} {{ ko|urlencode }}",
    "{% for line in diff.splitlines() %}{{ '%3d' % loop.index }} {{ line }}\n{% endfor %}",
    "{% for line in diff.split('\\n') if line.startswith('+') and not line.startswith('+++') %}{{ line[1:] }};{% endfor %}",
    "Author: {{ mr.author.name|e }} Labels: {{ mr.labels }} Draft: {{ mr.draft }} {{ 'yes' if mr.draft else 'no' }}",
    "Answer in JSON:\n{\n  \"iid\": {{ mr.iid }},\n  \"title\": {{ mr.title|tojson }},\n  \"labels\": {{ mr.labels|tojson }},\n  \"draft\": {{ mr.draft|lower }}\n}",
    "{% if empty %}has{% else %}no items{% endif %} {{ empty|join(',')|default('nothing', true) }} {{ nothing|default('nil', true) }} {{ empty }} {{ nothing }}",
    "{% macro note(f) -%}\n- {{ f.path }}{% if f.line %}#L{{ f.line }}{% endif %}: {{ f.title }}\n{%- endmacro -%}\n{% for f in findings %}\n{{ note(f) }}\n{%- endfor %}",
    "{% for f in findings %}{% if loop.first %}<ul>{% endif %}<li>{{ f.title|e }}</li>{% if loop.last %}</ul>{% endif %}{% endfor %}",
    "{% set counts = {} %}{% for f in findings %}{% set _ = counts.update({f.severity: counts.get(f.severity, 0) + 1}) %}{% endfor %}{{ counts }} {% for k, v in counts|dictsort %}{{ k }}={{ v }} {% endfor %}",
    "{% for f in findings %}{{ f.path.split('/')[-1] }} {{ f.path.rsplit('.', 1)[1] }} {{ f.score|int }} {{ f.score * 10 }} {{ f.score // 1 }}\n{% endfor %}",
    "{{ mr }}\n{{ mr.author }} {{ mr.keys()|list }} {{ mr.labels[0]|capitalize }} {{ mr['author']['name'].split(' <')[0] }}",
    "{{ findings|map(attribute='score')|map('round')|map('int')|list }} {{ findings|map(attribute='path')|map('length')|max }}",
    "```diff\n{{ diff|trim }}\n```\n{{ diff|indent(4, true) }}",
    "{% filter indent(2) %}Summary:\n{{ summary|wordwrap(40) }}{% endfilter %}",
    "{{ '{:>6.2f}'.format(findings[0].score) }} {{ '%-12s|' % mr.title }} {{ 'Found %d of %d' % (findings|selectattr('line')|list|length, findings|length) }}",
    "{% for f in findings if 'src/' in f.path and f.score >= 1 %}{{ f.line }}{{ ',' if not loop.last }}{% endfor %}",
    "あなたは{{ 'シニア' }}エンジニアです。\n{% for f in findings %}・{{ f.title }}（{{ f.severity }}）\n{% endfor %}以上{{ findings|length }}件",
    **REVIEW,
)


def render(template, variables):
    entry = {"template": template}
    if variables:
        entry["variables"] = variables
    # A copy, because templates can change lists and dicts.
    own = json.loads(json.dumps(variables))
    try:
        entry["text"] = jinja2.Template(template).render(**own)
    except Exception as error:
        entry["error"] = f"{type(error).__name__}: {error}"
    return entry


def main():
    seen = {}
    shared = {}
    for template, variables in CASES:
        key = json.dumps(variables, sort_keys=True)
        if variables and key not in shared:
            shared[key] = (f"v{len(shared)}", variables)
        entry = render(template, variables)
        entry.pop("variables", None)
        if variables:
            entry["variables"] = shared[key][0]
        assert (template, key) not in seen, template
        seen[(template, key)] = True
        entry["id"] = f"{len(seen):03d}"
        yield entry
    yield {name: values for name, values in shared.values()}


if __name__ == "__main__":
    *entries, variables = main()
    root = pathlib.Path(__file__).resolve().parent.parent
    target = root / "test" / "fixtures" / "jinja2" / "corpus.json"
    data = {"jinja2": jinja2.__version__, "python": platform.python_version(), "variables": variables, "cases": entries}
    target.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{len(entries)} cases, {sum('error' in entry for entry in entries)} of them errors")
