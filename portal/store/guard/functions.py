"""Which functions a statement may call. Pure; the engine's own catalogue is handed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# Functions of these kinds only compute from their arguments.
HARMLESS_KINDS = {
    "Arithmetic", "Arrays", "Array", "Bit", "Bitmap", "Comparison", "Conditional",
    "Dates and Times", "Date and Time", "Distance", "Encoding", "Financial", "Geo", "Geo Polygon",
    "Hash", "IP Address", "JSON", "Logical", "Map", "Mathematical", "Null", "Nullable",
    "Random Number", "Rounding", "String", "String Replacement", "String Search",
    "String Splitting", "Strings", "Time Window", "Tuple", "Tuples", "Type Conversion", "URL", "UUID",
}  # fmt: skip
# Of other kinds these; what is left there reads files, settings, dictionaries, other tables, the
# server's state or secrets, sleeps, or calls out.
HARMLESS = {
    "bar", "byteSize", "caseWithExpression", "countDigits", "digits", "finalizeAggregation",
    "formatReadableDecimalSize", "formatReadableQuantity", "formatReadableSize",
    "formatReadableTimeDelta", "identity", "ignore", "isConstant", "isDecimalOverflow",
    "materialize", "minSampleSizeContinuous", "minSampleSizeConversion", "parseReadableSize",
    "parseReadableSizeOrNull", "parseReadableSizeOrZero", "parseTimeDelta", "rowNumberInAllBlocks",
    "rowNumberInBlock", "seriesDecomposeSTL", "seriesOutliersDetectTukey", "throwIf", "toTypeName",
    "transform", "visibleWidth",
}  # fmt: skip
# Of the harmless kinds not these: they name formats or structures, or are the engine's own.
NOT_THESE = {
    "chdb", "formatRow", "formatRowNoNewline", "generateSerialID", "generateSnowflakeID",
    "kqlParameterCast", "randomHadamardTransform", "serverTimezone",
}  # fmt: skip
NOT_THESE_AGGREGATES = {"aggThrow", "flameGraph", "estimateCompressionRatio"}
# Syntax that the tree shows as functions.
SYNTAX = {"_CAST", "columns", "exists", "grouping", "lambda"}
TABLE_FUNCTIONS = ("generate_series", "generateSeries", "numbers", "values", "zeros")


@dataclass(frozen=True)
class Catalogue:
    """What may be called, in lower case: SQL writes functions in any."""

    functions: frozenset[str]
    aggregates: frozenset[str]
    endings: tuple[str, ...]  # of aggregates: -If, -Array, …

    def allows(self, name: str) -> bool:
        """Say whether a function may be called, aggregates with any ending."""
        lowered = name.lower()
        return lowered in self.functions or self.is_aggregate(lowered)

    def is_aggregate(self, lowered: str) -> bool:
        if lowered in self.aggregates:
            return True
        return any(
            lowered.endswith(ending) and self.is_aggregate(lowered.removesuffix(ending))
            for ending in self.endings
        )


@dataclass(frozen=True)
class Function:
    """One row of the engine's catalogue."""

    name: str
    alias_to: str
    is_aggregate: bool
    kind: str


def catalogue(known: Iterable[Function], endings: Iterable[str]) -> Catalogue:
    """Choose from what an engine knows. An alias may be called when what it stands for may."""
    listed = list(known)
    plain = {f.name for f in listed if not f.is_aggregate and not f.alias_to and is_harmless(f)}
    sums = {f.name for f in listed if f.is_aggregate and not f.alias_to} - NOT_THESE_AGGREGATES
    plain |= {f.name for f in listed if f.alias_to in plain} - NOT_THESE
    sums |= {f.name for f in listed if f.alias_to in sums}
    lowered = frozenset(name.lower() for name in plain | SYNTAX)
    endings = tuple(sorted(ending.lower() for ending in endings))
    return Catalogue(lowered, frozenset(name.lower() for name in sums), endings)


def is_harmless(function: Function) -> bool:
    if function.name in HARMLESS:
        return True
    return function.kind in HARMLESS_KINDS and function.name not in NOT_THESE
