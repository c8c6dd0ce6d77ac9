"""Properties that mean nothing here, or say what holds anyway. Pure.

Whatever stands in neither table and was not taken is in the import's report.
"""

from __future__ import annotations

import re
from typing import Any

# What belongs to Grafana's own bookkeeping, its editor, or a place that is ours to choose. A path is
# relative to its panel ("panel.…"), wherever that stands; indexes are [].
OWN = frozenset({
    # the dashboard
    "__inputs", "__requires", "__elements", "id", "gnetId", "version", "revision", "iteration", "pluginVersion",
    "schemaVersion", "meta", "originalTitle", "hideControls", "sharedCrosshair", "panels", "rows",
    "overwrite", "inputs", "folderId", "folderUid", "message", "templating.enable", "annotations.enable",
    "timepicker.collapse", "timepicker.notice", "timepicker.now", "timepicker.status", "timepicker.type",
    "timepicker.enable", "time.now", "slug", "expires", "canSave",
    # annotations that Grafana keeps itself
    "annotations.list[].builtIn", "annotations.list[].type", "annotations.list[].$$hashKey",
    # variables
    "templating.list[].current", "templating.list[].definition", "templating.list[].skipUrlSync",
    "templating.list[].tagsQuery", "templating.list[].tagValuesQuery", "templating.list[].tags",
    "templating.list[].useTags", "templating.list[].options[].selected", "templating.list[].$$hashKey",
    "templating.list[].hideLabel", "templating.list[].rootStateKey", "templating.list[].index",
    "templating.list[].global", "templating.list[].error", "templating.list[].state", "templating.list[].id",
    "templating.list[].refresh_on_load", "templating.list[].queryValue", "templating.list[].tagsText",
    "templating.list[].allFormat", "templating.list[].multiFormat", "templating.list[].tagsUpdateMode",
    # links
    "links[].icon", "links[].targetBlank", "links[].$$hashKey",
    # rows of old schemas
    "rows[].height", "rows[].editable", "rows[].showTitle", "rows[].titleSize", "rows[].panels", "rows[].$$hashKey",
    "rows[].repeatIteration", "rows[].repeatRowId", "rows[].scopedVars", "rows[].id",
    # panels
    "panel.id", "panel.pluginVersion", "panel.editable", "panel.error", "panel.isNew", "panel.renderer",
    "panel.cacheTimeout", "panel.queryCachingTTL", "panel.hideTimeOverride", "panel.fieldConfig.defaults.unitScale",
    "panel.scopedVars", "panel.repeatIteration", "panel.repeatPanelId", "panel.repeatedByRow", "panel.$$hashKey",
    "panel.height", "panel.span", "panel.minSpan", "panel.hideEmpty", "panel.options.fieldOptions.thresholds[].index",
    "panel.titleSize", "panel.showTitle", "panel.repeatRowId", "panel.collapse", "panel.panels", "panel.x", "panel.y",
    "panel.datasourceErrorVariables", "panel.datasourceResolvedVariables", "panel.valueFontSize",
    "panel.prefixFontSize", "panel.postfixFontSize", "panel.pointradius", "panel.dashLength", "panel.spaceLength",
    "panel.aliasColors.$$hashKey", "panel.legend.sideWidth", "panel.fontSize", "panel.scroll", "panel.tableColumn",
    "panel.style", "panel.styles[].$$hashKey", "panel.options.pluginVersion", "panel.options.alertThreshold",
    "panel.options.dataLinks", "panel.maxPerRow$", "panel.libraryPanel.meta", "panel.libraryPanel.version",
    "panel.libraryPanel.model", "panel.libraryPanel.description", "panel.libraryPanel.type", "panel.key",
    "panel.fieldConfig.overrides[].__systemRef", "panel.fieldConfig.overrides[].$$hashKey", "panel.gridPos.static",
    "panel.fieldConfig.overrides[].matcher.options.prefix", "panel.fieldConfig.overrides[].matcher.options.readOnly",
    "panel.options.sizing", "panel.options.minVizHeight", "panel.options.minVizWidth", "panel.options.maxVizHeight",
    "panel.fieldConfig.defaults.custom.stacking.group", "panel.fieldConfig.defaults.custom.barAlignment",
    "panel.fieldConfig.defaults.custom.barWidthFactor", "panel.fieldConfig.defaults.custom.inspect",
    "panel.fieldConfig.defaults.custom.group",
    # queries
    "panel.targets[].editorMode", "panel.targets[].metric", "panel.targets[].step", "panel.targets[].refId",
    "panel.targets[].target", "panel.targets[].dsType", "panel.targets[].useBackend", "panel.targets[].$$hashKey",
    "panel.targets[].requestId", "panel.targets[].disableTextWrap", "panel.targets[].fullMetaSearch",
    "panel.targets[].includeNullMetadata", "panel.targets[].key", "panel.targets[].queryType",
    "panel.targets[].builderOptions", "panel.targets[].calculatedInterval", "panel.targets[].textEditor",
    "panel.targets[].range", "panel.targets[].resolution", "panel.targets[].qryType",
    "panel.targets[].utcOffsetSec",
    # what an editor of another data source left behind in a query of Prometheus
    "panel.targets[].measurement", "panel.targets[].policy", "panel.targets[].resultFormat",
    "panel.targets[].groupBy", "panel.targets[].select", "panel.targets[].tags", "panel.targets[].alias",
    "panel.targets[].orderByTime", "panel.targets[].rawQuery", "panel.targets[].bucketAggs",
    "panel.targets[].metrics", "panel.targets[].timeField", "panel.targets[].group",
})  # fmt: skip
# What Grafana writes down although it is what happens anyway; another value is reported.
USUAL: dict[str, tuple[Any, ...]] = {
    "editable": (True, False), "graphTooltip": (0, 1, 2), "style": ("dark", "light"), "fiscalYearStartMonth": (0,),
    "weekStart": ("", "browser", "monday"), "liveNow": (False, True), "preload": (False,), "timepicker.hidden": (False,),
    "timepicker.nowDelay": ("",), "timezone": ("", "browser"), "time.to": ("now",),
    "panel.transparent": (True, False), "panel.targets[].intervalFactor": (1,), "panel.targets[].format": ("time_series", "heatmap", "table"),
    "templating.list[].refresh": (0, 1, 2, True, False), "templating.list[].allowCustomValue": (True, False),
    "templating.list[].auto_count": (30,), "templating.list[].auto_min": ("10s",), "templating.list[].auto": (False,),
    "templating.list[].query.qryType": (0, 1, 2, 3, 4, 5), "templating.list[].static": (False,),
    "links[].asDropdown": (False, True),
    "panel.fieldConfig.defaults.custom.axisBorderShow": (False,),
    "panel.fieldConfig.defaults.custom.axisGridShow": (True,), "panel.fieldConfig.defaults.fieldMinMax": (False,),
    "panel.fieldConfig.defaults.custom.axisColorMode": ("text",),
    "panel.fieldConfig.defaults.custom.axisPlacement": ("auto", "left"),
    "panel.fieldConfig.defaults.custom.axisCenteredZero": (False,),
    "panel.fieldConfig.defaults.custom.gradientMode": ("none", "opacity", "hue"),
    "panel.fieldConfig.defaults.custom.insertNulls": (False,),
    "panel.fieldConfig.defaults.custom.lineStyle.fill": ("solid",),
    "panel.fieldConfig.defaults.custom.pointSize": (1, 2, 3, 4, 5, 6),
    "panel.fieldConfig.defaults.custom.showPoints": ("auto", "never"),
    "panel.fieldConfig.defaults.custom.showValues": (False,),
    "panel.fieldConfig.defaults.custom.spanNulls": (False, 0),
    "panel.fieldConfig.defaults.custom.lineInterpolation": ("linear",),
    "panel.fieldConfig.defaults.custom.stacking.mode": ("none",),
    "panel.fieldConfig.defaults.custom.scaleDistribution.type": ("linear",),
    "panel.fieldConfig.defaults.custom.thresholdsStyle.mode": ("off",),
    "panel.fieldConfig.defaults.custom.hideFrom.legend": (False,),
    "panel.fieldConfig.defaults.custom.hideFrom.tooltip": (False,),
    "panel.fieldConfig.defaults.custom.hideFrom.viz": (False,),
    "panel.fieldConfig.defaults.custom.hideFrom.graph": (False,),
    "panel.fieldConfig.defaults.custom.align": ("auto",),
    "panel.fieldConfig.defaults.custom.filterable": (True, False),
    "panel.fieldConfig.defaults.custom.wrapText": (False,),
    "panel.fieldConfig.defaults.custom.wrapHeaderText": (False,),
    "panel.fieldConfig.defaults.custom.displayMode": ("auto",),
    "panel.fieldConfig.defaults.custom.cellOptions.type": ("auto",),
    "panel.fieldConfig.defaults.custom.cellOptions.wrapText": (False,),
    "panel.fieldConfig.defaults.color.mode": ("palette-classic", "palette-classic-by-name", "thresholds"),
    "panel.fieldConfig.defaults.nullValueMode": ("connected", "null"),
    "panel.fieldConfig.defaults.writeable": (True, False), "panel.fieldConfig.defaults.filterable": (True, False),
    "panel.options.legend.displayMode": ("list",), "panel.options.legend.placement": ("bottom",),
    "panel.options.legend.showLegend": (True,), "panel.options.legend.asTable": (False,),
    "panel.options.legend.isVisible": (True,),
    "panel.options.tooltip.mode": ("multi", "single"), "panel.options.tooltip.sort": ("none", "desc", "asc"),
    "panel.options.tooltip.hideZeros": (False,), "panel.options.tooltip.yHistogram": (False,),
    "panel.options.tooltip.showColorScale": (False,), "panel.options.tooltipOptions.mode": ("multi", "single"),
    "panel.options.orientation": ("auto",), "panel.options.justifyMode": ("auto", "center"),
    "panel.options.textMode": ("auto",), "panel.options.wideLayout": (True, False),
    "panel.options.percentChangeColorMode": ("standard",), "panel.options.showPercentChange": (False,),
    "panel.options.reduceOptions.values": (False,), "panel.options.reduceOptions.fields": ("", "/^Value$/"),
    "panel.options.reduceOptions.calcs": (["lastNotNull"], ["last"]), "panel.options.reduceOptions.calcs[]": ("lastNotNull", "last"),
    "panel.options.showThresholdLabels": (False,), "panel.options.showThresholdMarkers": (True,),
    "panel.options.displayMode": ("gradient", "lcd", "basic"), "panel.options.namePlacement": ("auto",),
    "panel.options.valueMode": ("color",), "panel.options.showUnfilled": (True,),
    "panel.options.cellHeight": ("sm", "md", "lg"), "panel.options.showHeader": (True,),
    "panel.options.showTypeIcons": (False,), "panel.options.frameIndex": (0,),
    "panel.options.footer.show": (False,), "panel.options.footer.enablePagination": (True, False),
    "panel.options.footer.countRows": (False,), "panel.options.footer.reducer": (["sum"], []),
    "panel.options.footer.reducer[]": ("sum",), "panel.options.footer.fields": ("",),
    "panel.options.pieType": ("pie",), "panel.options.enablePagination": (True, False),
    "panel.options.code.language": ("plaintext",), "panel.options.code.showLineNumbers": (False,),
    "panel.options.code.showMiniMap": (False,), "panel.options.graph": ({},),
    "panel.options.barWidth": (0.97,), "panel.options.groupWidth": (0.7,), "panel.options.barRadius": (0,),
    "panel.options.fullHighlight": (False,), "panel.options.showValue": ("auto",), "panel.options.xTickLabelRotation": (0,),
    "panel.options.xTickLabelSpacing": (0,), "panel.options.stacking": ("none",),
    "panel.linewidth": (1, 2), "panel.points": (False,), "panel.steppedLine": (False,), "panel.dashes": (False,),
    "panel.nullPointMode": ("null", "connected", "null as zero"), "panel.percentage": (False,), "panel.stack": (False,),
    "panel.lines": (True,), "panel.bars": (False,), "panel.fill": (0, 1), "panel.fillGradient": (0,),
    "panel.tooltip.shared": (True, False), "panel.tooltip.sort": (0, 1, 2), "panel.tooltip.value_type": ("individual", "cumulative"),
    "panel.tooltip.msResolution": (True, False), "panel.tooltip.query_as_alias": (True,),
    "panel.xaxis.mode": ("time",), "panel.xaxis.show": (True,), "panel.yaxis.align": (False,), "panel.yaxis.alignLevel": (0,),
    "panel.legend.show": (True,), "panel.legend.hideEmpty": (False, True), "panel.legend.hideZero": (False,),
    "panel.x-axis": (True,), "panel.y-axis": (True,), "panel.zerofill": (True,),
    "panel.yaxes[].show": (True,), "panel.yaxes[].logBase": (1, 2), "panel.hiddenSeries": (False,),
    "panel.exceptionFormat": ("",), "panel.bars_stack": (False,), "panel.gridPos.h": (), "panel.expand": (False,),
    "panel.colorBackground": (False,), "panel.colorValue": (False,), "panel.mappingType": (1, 2, "1"),
    "panel.valueMaps[].op": ("=",), "panel.colorPrefix": (False,), "panel.colorPostfix": (False,),
    "panel.gauge.show": (False,), "panel.gauge.thresholdLabels": (False, True), "panel.gauge.thresholdMarkers": (False, True),
    "panel.sparkline.fillColor": ("rgba(31, 118, 189, 0.18)",), "panel.sparkline.lineColor": ("rgb(31, 120, 193)",),
    "panel.showHeader": (True,), "panel.pageSize": (None, 100), "panel.transform": ("table",),
}  # fmt: skip
# A flag that says no changes nothing, unless it is a thing that is on by itself.
ON_BY_ITSELF = frozenset({
    "showLegend", "showHeader", "showUnfilled", "showThresholdMarkers", "show", "showTitle", "isVisible", "lines",
    "axisGridShow", "keepTime", "enable", "showValue", "includeVars", "showTime", "visible",
})  # fmt: skip


def is_meaningless(path: tuple[str | int, ...], value: Any) -> bool:
    """Tell whether a property may go unsaid."""
    if not path:
        return False
    if value in (None, "", [], {}) and not isinstance(value, bool | int | float):
        return True
    pattern = pattern_of(path)
    if pattern in ("panels", "rows", "rows[].panels", "panel.panels", "__elements") or is_list_item(
        path
    ):
        return False  # walked into
    if pattern in OWN:
        return True
    known = USUAL.get(pattern)
    if known is not None and any(value == one and type(value) is type(one) for one in known):
        return True
    return value is False and str(path[-1]) not in ON_BY_ITSELF


def is_list_item(path: tuple[str | int, ...]) -> bool:
    return (
        bool(path)
        and isinstance(path[-1], int)
        and pattern_of(path[:-1]) in ("panels", "panel.panels", "rows")
    )


def pattern_of(path: tuple[str | int, ...]) -> str:
    """Write a path without indexes, from its innermost panel on."""
    text = ""
    for part in path:
        text += "[]" if isinstance(part, int) else f".{part}" if text else part
    found = re.match(r"(?:.*\.)?panels\[\]\.(.*)", text)
    return f"panel.{found[1]}" if found else text
