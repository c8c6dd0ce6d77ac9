"""What stands in the address of an Explore page: the whole question, so that a link shares it.

`event`, `math`, `property` and `name` repeat, one of each a series; `where` repeats, one filter in
JSON each, with `in` naming the series (A, B, …) that it is for. What the small forms of the page
add (`new_…`) is folded into these, and the page moves on to the tidy address.
"""

from __future__ import annotations
