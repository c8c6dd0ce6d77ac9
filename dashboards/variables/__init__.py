"""Variables of dashboards: what they offer, what is chosen, and how texts and queries use them.

`definitions`, `references`, `formats`, `selection`, `options`, `ordering`, `renaming`, `promql`,
`sql`, `insight`, `text` and `builtins` are pure; `asking` and `resolving` ask sources.
"""
