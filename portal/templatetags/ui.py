"""What templates use of the design system: assets, icons, numbers, times, nonces."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from portal.lib import assets, clock, text

register = template.Library()

# As in Django's own json_script: these would end the script element or open a comment.
JSON_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@register.simple_tag
def asset(path: str) -> str:
    """Return the address of a static file, which changes when the file does."""
    return assets.asset(path)


@register.simple_tag(takes_context=True)
def import_map(context: template.Context) -> SafeString:
    """Write the import map and ask for every page's modules; stands before the first module."""
    body = json.dumps(assets.import_map(), separators=(",", ":")).translate(JSON_ESCAPES)
    script = format_html(
        '<script type="importmap" nonce="{}">{}</script>',
        nonce(context),
        mark_safe(body),  # noqa: S308
    )
    early = ((nonce(context), address) for address in assets.every_page_modules())
    links = format_html_join("", '<link rel="modulepreload" nonce="{}" href="{}">', early)
    return script + links


@register.simple_tag(takes_context=True)
def page_module(context: template.Context, name: str) -> SafeString:
    """Load `static/js/pages/<name>.js` as this page's module."""
    address = assets.asset(f"js/pages/{name}.js")
    return format_html(
        '<script type="module" nonce="{}" src="{}"></script>', nonce(context), address
    )


def nonce(context: template.Context) -> str:
    return str(getattr(context.get("request"), "csp_nonce", ""))


@register.simple_tag
def icon(name: str, classes: str = "", label: str = "") -> SafeString:
    """Draw an icon of the sprite; with a label it speaks, without it is decoration."""
    role = format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    return format_html(
        '<svg class="icon {}" {}><use href="{}#{}"></use></svg>',
        classes, mark_safe(role), assets.asset("img/icons.svg"), name,  # noqa: S308
    )  # fmt: skip


@register.filter
def humanize(value: float | Decimal | None, unit: str = "") -> str:
    """{{ size|humanize:"bytes" }} -> 3.2 GB"""
    return text.humanize(value, unit)


@register.filter
def grouped(value: float | None) -> str:
    """{{ count|grouped }} -> 1,234,567"""
    return text.grouped(value)


@register.filter
def clock_time(at: datetime, zone: str) -> str:
    """{{ event.at|clock_time:time_zone }} -> 10:42:07"""
    return f"{at.astimezone(ZoneInfo(zone or 'UTC')):%H:%M:%S}"


@register.filter
def unit_class(value: object) -> str:
    """Return the class that sets a table cell of numbers to the right."""
    return "num" if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else ""


@register.simple_tag(takes_context=True)
def when(context: template.Context, at: datetime | None) -> SafeString:
    """{% when event.timestamp %}: "10:42, 3 min ago", the full time and zone on hover, kept fresh."""
    if at is None:
        return mark_safe('<span class="faint">never</span>')
    zone = str(context.get("time_zone") or context.get("portal_time_zone") or "UTC")
    said = text.moment(at, clock.now(), zone)
    return format_html(
        '<local-time><time class="nowrap" datetime="{}" data-zone="{}" title="{}">{}</time></local-time>',
        at.isoformat(), zone, said.full, said.short,
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def query_string(context: template.Context, **changes: Any) -> str:
    """Return the page's query string with some parameters changed; None removes one."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def current(context: template.Context, url: str) -> SafeString:
    """Mark a link to this very page: aria-current="page"."""
    here = getattr(context.get("request"), "path", None)
    return mark_safe('aria-current="page"') if url == here else mark_safe("")
