"""Rows of closed days, kept as arrays beside the engine: the fast form of questions about persons.

A question about persons needs few columns of the selected events (who, when, which step), in the
order of the person; getting them out of the engine costs far more than passing over them. So what
was read of a day that is over is kept in a file, sorted by person, and later questions read from
the engine only the days that are open or that changed. Answers are always computed anew from the
rows, by the same passes, so they cannot differ from the raw form's.

A kept day is right while three things hold; otherwise it is read again (docs/fast-forms.md):
the number of events of these names on that day is the same; no person whose rows it holds was merged
into another; and no stored event was changed in another way (`Epoch.rewrites` names the folder).
Everything under the folder may be deleted at any time.
"""

from __future__ import annotations
