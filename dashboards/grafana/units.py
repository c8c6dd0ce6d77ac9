"""Grafana's names of units as the portal's, and back. Pure.

The portal's own units are words such as "bytes" and "ratio"; any other text stands behind the number.
"""

from __future__ import annotations

# Grafana's name: ours.
UNITS = {
    "none": "plain", "short": "", "string": "", "locale": "plain", "percent": "percent", "percentunit": "ratio",
    "bytes": "ibytes", "decbytes": "bytes", "bits": "bits", "decbits": "bits", "s": "s", "ms": "ms", "µs": "us",
    "ns": "ns", "m": "min", "h": "h", "d": "d", "dtdurations": "s", "dtdurationms": "ms", "dthms": "s",
    "dtdhms": "s", "clocks": "s", "clockms": "ms", "binBps": "ibytes/s", "Bps": "bytes/s", "binbps": "bits/s",
    "bps": "bits/s", "pps": "packets/s", "reqps": "req/s", "ops": "ops/s", "iops": "io/s", "eps": "events/s",
    "cps": "per_s", "cpm": "per_min", "hertz": "Hz", "rothz": "Hz", "celsius": "°C", "volt": "V", "amp": "A",
    "watt": "W", "rotrpm": "rpm", "bool_yes_no": "yes_no", "bool_on_off": "on_off", "bool": "yes_no",
    "dateTimeAsIso": "time_ms", "dateTimeAsIsoNoDateIfToday": "time_ms", "dateTimeAsUS": "time_ms",
    "dateTimeAsUSNoDateIfToday": "time_ms", "dateTimeAsLocal": "time_ms", "dateTimeAsSystem": "time_ms",
    "dateTimeAsLocalNoDateIfToday": "time_ms", "dateTimeFromNow": "time_ms",
}  # fmt: skip
# What ours says nearly: the reader is told.
SHORTLY, IN_UNITS = "Bits are counted in thousands.", "Durations are written with one unit."
MOMENTS = "Times are written with year, month and day."
NEARLY = {
    "bits": SHORTLY, "binbps": SHORTLY, "dtdurations": IN_UNITS, "dtdurationms": IN_UNITS, "dthms": IN_UNITS,
    "dtdhms": IN_UNITS, "clocks": IN_UNITS, "clockms": IN_UNITS, "bool": "1 and 0 are written yes and no.",
    "dateTimeAsIsoNoDateIfToday": MOMENTS, "dateTimeAsUS": MOMENTS, "dateTimeAsUSNoDateIfToday": MOMENTS,
    "dateTimeAsLocalNoDateIfToday": MOMENTS, "dateTimeFromNow": MOMENTS,
}  # fmt: skip
SUFFIXES = {
    "humidity": "%H", "dB": "dB", "pixel": "px", "ppm": "ppm", "conppb": "ppb", "accMS2": "m/s²", "accFS2": "ft/s²",
    "accG": "g", "degree": "°", "radian": "rad", "grad": "grad", "arcmin": "arcmin", "arcsec": "arcsec",
    "areaM2": "m²", "areaF2": "ft²", "areaMI2": "mi²", "areaAcres": "ac", "areaHectares": "ha",
    "flops": "FLOP/s", "mflops": "MFLOP/s", "gflops": "GFLOP/s", "tflops": "TFLOP/s", "pflops": "PFLOP/s",
    "eflops": "EFLOP/s", "zflops": "ZFLOP/s", "yflops": "YFLOP/s",
    "conngm3": "ng/m³", "conngNm3": "ng/Nm³", "conμgm3": "μg/m³", "conμgNm3": "μg/Nm³", "conmgm3": "mg/m³",
    "conmgNm3": "mg/Nm³", "congm3": "g/m³", "congNm3": "g/Nm³", "conmgdL": "mg/dL", "conmmolL": "mmol/L",
    "kbytes": "KiB", "mbytes": "MiB", "gbytes": "GiB", "tbytes": "TiB", "pbytes": "PiB",
    "deckbytes": "kB", "decmbytes": "MB", "decgbytes": "GB", "dectbytes": "TB", "decpbytes": "PB",
    "KBs": "kB/s", "KiBs": "KiB/s",
    "Kbits": "kb/s", "Kibits": "Kib/s", "MBs": "MB/s", "MiBs": "MiB/s", "Mbits": "Mb/s", "Mibits": "Mib/s",
    "GBs": "GB/s", "GiBs": "GiB/s", "Gbits": "Gb/s", "Gibits": "Gib/s", "TBs": "TB/s", "TiBs": "TiB/s",
    "Tbits": "Tb/s", "Tibits": "Tib/s", "PBs": "PB/s", "PiBs": "PiB/s", "Pbits": "Pb/s", "Pibits": "Pib/s",
    "kwatt": "kW", "megwatt": "MW", "gwatt": "GW", "mwatt": "mW", "Wm2": "W/m²", "voltamp": "VA",
    "kvoltamp": "kVA", "voltampreact": "var", "kvoltampreact": "kvar", "watth": "Wh", "watthperkg": "Wh/kg",
    "kwatth": "kWh", "kwattm": "kW·min", "amph": "Ah", "kamph": "kAh", "mamph": "mAh", "joule": "J", "ev": "eV",
    "kamp": "kA", "mamp": "mA", "kvolt": "kV", "mvolt": "mV", "dBm": "dBm", "ohm": "Ω",
    "kohm": "kΩ", "Mohm": "MΩ", "farad": "F", "µfarad": "µF", "nfarad": "nF", "pfarad": "pF", "ffarad": "fF",
    "henry": "H", "mhenry": "mH", "µhenry": "µH", "lumens": "lm", "mWh": "mWh",
    "flowgpm": "gpm", "flowcms": "m³/s", "flowcfs": "ft³/s", "flowcfm": "ft³/min", "litreh": "L/h",
    "flowlpm": "L/min", "flowmlpm": "mL/min", "lux": "lx",
    "forceNm": "Nm", "forcekNm": "kNm", "forceN": "N", "forcekN": "kN",
    "Hs": "H/s", "KHs": "kH/s", "MHs": "MH/s", "GHs": "GH/s", "THs": "TH/s", "PHs": "PH/s", "EHs": "EH/s",
    "massmg": "mg", "massg": "g", "masslb": "lb", "masskg": "kg", "masst": "t",
    "lengthmm": "mm", "lengthcm": "cm", "lengthin": "in", "lengthft": "ft", "lengthm": "m", "lengthkm": "km",
    "lengthmi": "mi",
    "pressurembar": "mbar", "pressurebar": "bar", "pressurekbar": "kbar", "pressurepa": "Pa", "pressurehpa": "hPa",
    "pressurekpa": "kPa", "pressurehg": "inHg", "pressurepsi": "psi",
    "radbq": "Bq", "radci": "Ci", "radgy": "Gy", "radrad": "rad", "radsv": "Sv", "radmsv": "mSv", "radusv": "µSv",
    "radrem": "rem", "radexpckg": "C/kg", "radr": "R", "radsvh": "Sv/h", "radmsvh": "mSv/h", "radusvh": "µSv/h",
    "rotkhz": "kHz", "rotmhz": "MHz", "rotghz": "GHz", "rotrads": "rad/s",
    "rotdegs": "°/s", "fahrenheit": "°F", "kelvin": "K",
    "timeticks": "cs",
    "rps": "rd/s", "wps": "wr/s",
    "mps": "msg/s", "recps": "rec/s", "rowsps": "rows/s", "opm": "ops/min", "reqpm": "req/min",
    "rpm": "rd/min", "wpm": "wr/min", "epm": "evt/min", "mpm": "msg/min", "recpm": "rec/min", "rowspm": "rows/min",
    "velocityms": "m/s", "velocitykmh": "km/h", "velocitymph": "mph", "velocityknot": "kn",
    "mlitre": "mL", "litre": "L", "m3": "m³", "Nm3": "Nm³", "dm3": "dm³", "gallons": "gal", "sci": "", "hex": "",
    "hex0x": "",
}  # fmt: skip
NOT_KEPT = {
    "sci": "Numbers are shortened, not written with a power of ten.",
    "hex": "Numbers are not written in base 16.", "hex0x": "Numbers are not written in base 16.",
}  # fmt: skip
AROUND = ("suffix:", "prefix:", "si:", "count:", "currency:")
CHOSEN = {
    "": "short",
    "count": "short",
    "plain": "none",
    "bits": "decbits",
    "bits/s": "bps",
    "time": "dateTimeAsIso",
}
BACK = {
    ours: theirs for theirs, ours in reversed([*UNITS.items(), *SUFFIXES.items()]) if ours
} | CHOSEN
LONGEST = 24


def unit_of(name: str) -> tuple[str, str]:
    """Return the portal's unit for Grafana's name of one, and what is not as it was."""
    if name in UNITS:
        return UNITS[name], NEARLY.get(name, "")
    if name in SUFFIXES:
        return SUFFIXES[name], NOT_KEPT.get(name, NEARLY.get(name, ""))
    if name.startswith("currency") and not name.startswith("currency:"):
        code = name.removeprefix("currency")
        return (
            (code, "")
            if len(code) == 3 and code.isupper()
            else (code[:LONGEST], "Written behind the number.")
        )
    if name.startswith("time:"):
        return "time_ms", MOMENTS
    for start in AROUND:
        if name.startswith(start):
            text = name.removeprefix(start).lstrip(":0123456789" if start == "si:" else "")
            return text.strip()[
                :LONGEST
            ], "" if start == "suffix:" else "Written behind the number."
    return name.strip()[:LONGEST], ""


def name_of(unit: str) -> str:
    """Return Grafana's name for a unit of the portal's."""
    if unit in BACK:
        return BACK[unit]
    if len(unit) == 3 and unit.isupper():
        return f"currency{unit}"
    return f"suffix: {unit}"
