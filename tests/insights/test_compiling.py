"""numba is loaded by who runs a pass, and by nobody else."""

from __future__ import annotations

import subprocess
import sys

LOADED = """
import sys, django
django.setup()
import portal.asgi, portal.celery, portal.urls, analytics.insights.sources.funnel
print("numba" in sys.modules)
from analytics.insights.passes import retention
print(retention.has.py_func.__name__, "numba" in sys.modules)
"""


def test_a_process_loads_numba_with_its_first_pass() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["False", "has", "True"]
