"""The API for people: one page made from the OpenAPI document, without scripts and without the internet."""

from __future__ import annotations

import json
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;--line:#8886;--soft:#8881}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
code,pre{font:14px/1.45 ui-monospace,monospace}
pre{overflow:auto;padding:.5rem;background:var(--soft)}
details{border:1px solid var(--line);border-radius:.4rem;margin:.4rem 0;padding:.3rem .6rem}
summary{cursor:pointer}
b.method{display:inline-block;min-width:4.5rem}
table{border-collapse:collapse}td,th{border:1px solid var(--line);padding:.15rem .5rem;text-align:left;vertical-align:top}
"""


def page(document: dict[str, Any]) -> str:
    """The document as HTML; everything in it is escaped."""
    info = document["info"]
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        '<meta name=viewport content="width=device-width,initial-scale=1">',
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>",
        '<p>The same as data: <a href="/openapi.json"><code>/openapi.json</code></a> (OpenAPI 3.1).</p>',
        "<p>Refusals are problems as of RFC 9457.</p>",
    ]
    for tag in document["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2>")
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    parts.append(_operation(method, path, operation))
    parts.append("<h2>Shapes</h2>")
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts.append(
            f"<details id='{escape(name, quote=True)}'><summary><code>{escape(name)}</code></summary>{_json(schema)}</details>"
        )
    return "".join([*parts, "</body></html>"])


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = "".join(_parameter(each) for each in operation.get("parameters", ()))
    parts = [
        f"<details><summary><b class=method>{method.upper()}</b> <code>{escape(path)}</code> ",
        f"{escape(operation['summary'])}</summary>",
    ]
    if rows:
        parts.append(f"<table><tr><th>parameter<th>in<th>type<th>meaning</tr>{rows}</table>")
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        parts.append(f"<p>Body (its members may also come in the query):</p>{_json(schema)}")
    for status, answer in operation["responses"].items():
        for media_type, content in answer.get("content", {}).items():
            parts.append(f"<p>{status} <code>{media_type}</code></p>{_json(content['schema'])}")
    return "".join([*parts, "</details>"])


def _parameter(about: dict[str, Any]) -> str:
    schema = about["schema"]
    kind = schema.get("type") or "/".join(each.get("type", "…") for each in schema.get("anyOf", ()))
    needed = " (required)" if about.get("required") else ""
    return (
        f"<tr><td><code>{escape(about['name'])}</code>{needed}<td>{about['in']}<td>{escape(str(kind))}"
        f"<td>{escape(about.get('description', ''))}</tr>"
    )


def _json(schema: Any) -> str:
    text = escape(json.dumps(schema, indent=1))
    marker = "&quot;#/components/schemas/"
    while marker in text:
        before, _, rest = text.partition(marker)
        name, _, after = rest.partition("&quot;")
        text = f'{before}<a href="#{name}">{name}</a>{after}'
    return f"<pre>{text}</pre>"
