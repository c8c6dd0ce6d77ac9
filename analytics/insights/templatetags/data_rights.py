"""What a page says of the rows that its viewer reads."""

from __future__ import annotations

from typing import Any

from django import template

from analytics.insights.data_rights import row_rights

register = template.Library()


@register.inclusion_tag("insights/_reads.html", takes_context=True)
def reads_note(context: template.Context) -> dict[str, Any]:
    """Name the data sets of a viewer who reads a part of all events; nothing for others."""
    return {"names": row_rights(context["request"].user).names}
