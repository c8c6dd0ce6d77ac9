"""Write what the portal consists of as a CycloneDX bill of materials: `make sbom`.

Python packages with their hashes from requirements.txt, and the vendored files of static/vendor.json.
Nothing is asked of a registry, and the same inputs give the same file.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def main(target: Path) -> None:
    bill = python_packages()
    bill["components"] += [vendored(one) for one in manifest()]
    target.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n")
    sys.stdout.write(f"{target}: {len(bill['components'])} components\n")


def python_packages() -> dict[str, Any]:
    done = subprocess.run(
        [
            sys.executable, "-m", "cyclonedx_py", "requirements", "requirements.txt",
            "--pyproject", "pyproject.toml", "--output-reproducible", "--of", "JSON", "-o", "-",
        ],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def manifest() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ROOT / "static" / "vendor.json").read_text())[
        "packages"
    ]
    return found


def vendored(package: dict[str, Any]) -> dict[str, Any]:
    name, version = package["name"], package["version"]
    return {
        "type": "library",
        "bom-ref": f"vendored-{name}-{version}",
        "name": name,
        "version": version,
        "purl": purl(package["source"]),
        "licenses": [{"license": {"name": package["license"]}}],
        "components": [
            {
                "type": "file",
                "name": file,
                "bom-ref": f"file-{file}",
                "hashes": [{"alg": "SHA-256", "content": digest}],
            }
            for file, digest in sorted(package["files"].items())
        ],
    }


def purl(source: str) -> str:
    """Turn `npm:@scope/name@1.2.3, own bundle of ...` into a package URL."""
    kind, _, rest = source.split()[0].rstrip(",").partition(":")
    return f"pkg:{kind}/{'%40' + rest[1:] if rest.startswith('@') else rest}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
