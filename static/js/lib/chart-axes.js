/** Axes and hovers in words: 12.4k, 3.2 GB, 250 ms; days and times. */

import { extent, values } from 'portal/lib/figure.js';
import { humanize, ticks } from 'portal/lib/format.js';

const HALF_DAY_MS = 43_200_000;

export const isVertical = (data) => data.length > 0 && data.every((trace) => (!trace.type || ['scatter', 'bar'].includes(trace.type)) && trace.orientation !== 'h');

/** Humanised ticks: 12.4k, 3.2 GB, 250 ms. */
export function labelAxis(layout, data, unit) {
  const right = data.filter((trace) => trace.yaxis === 'y3');
  const { right_unit: rightUnit = unit, axis_unit: own = unit, ...limits } = layout.meta ?? {};
  label(layout, 'yaxis', right.length ? data.filter((trace) => trace.yaxis !== 'y3') : data, own, limits);
  if (right.length) label(layout, 'yaxis3', right, rightUnit, {});
}

function label(layout, name, data, unit, limits) {
  const axis = layout[name] ?? {};
  if (axis.tickvals || axis.tickformat || axis.type === 'log') return;
  const [least, high] = layout.barnorm || data.some((trace) => trace.groupnorm) ? [0, 100] : extent(data, layout.barmode);
  if (!Number.isFinite(least) || !Number.isFinite(high)) return;
  const range = axis.range ?? rangeOf(axis.rangemode === 'tozero' ? Math.min(0, least) : least, high, limits);
  const { values: tickvals, labels: ticktext } = ticks(range[0], range[1], unit);
  layout[name] = { range, tickmode: 'array', tickvals, ticktext, ...axis };
}

/** What the axis shows: the values with some room, and the limits that somebody set. */
function rangeOf(least, most, { min, max, soft_min: softMin, soft_max: softMax, zero_centered: isCentered }) {
  const low = min ?? Math.min(least, softMin ?? least);
  const high = max ?? Math.max(most, softMax ?? most);
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  if (isCentered) {
    const reach = Math.max(Math.abs(low), Math.abs(high)) + room;
    return [-reach, reach];
  }
  const range = [min ?? (low < 0 ? low - room : low), max ?? high + room];
  return range[0] < range[1] ? range : [range[0], range[0] + 1];
}

/** The hover's title: the day for daily buckets, the time as well for shorter ones. */
export function nameMoments(layout, data) {
  const moments = data.filter((trace) => trace.type !== 'pie').flatMap((trace) => values(trace.x)).filter((x) => typeof x === 'string');
  if (!moments.length || layout.xaxis?.hoverformat || moments.some((x) => !/^\d{4}-\d\d/.test(x))) return;
  const isDaily = moments.every((x) => !/T|\d \d/.test(x) || /[T ]00:00(:00)?(\.0+)?(Z|[+-]\d\d:?\d\d)?$/.test(x));
  layout.xaxis = { ...layout.xaxis, hoverformat: isDaily ? '%a %-d %b %Y' : '%a %-d %b %Y, %H:%M' };
}

export function labelPoints(trace, unit, decimals) {
  const kind = trace.type ?? 'scatter';
  if (kind === 'funnel' || (kind === 'bar' && trace.orientation === 'h')) labelBars(trace, trace.meta?.unit ?? unit, decimals);
  if (!['scatter', 'bar'].includes(kind) || trace.hovertemplate || trace.hoverinfo || trace.orientation === 'h') return;
  const own = trace.meta?.unit ?? unit;
  trace.customdata ??= values(trace.y).map((y) => humanize(y, own, decimals));
  const note = { compare: ' (before)', incomplete: ' (so far)' }[trace.meta?.role] ?? '';
  trace.hovertemplate = `%{customdata}${note}<extra>${trace.name ? '%{fullData.name}' : ''}</extra>`;
}

/** Lying bars say their value; a funnel also what it is of the first step. */
function labelBars(trace, unit, decimals) {
  if (trace.text || trace.texttemplate || trace.hovertemplate) return;
  trace.text = values(trace.x).map((x) => humanize(x, unit, decimals));
  trace.texttemplate = trace.type === 'funnel' ? '%{text}  %{percentInitial:.0%}' : '%{text}';
  trace.hovertemplate = `%{y}: ${trace.texttemplate}<extra>${trace.name ? '%{fullData.name}' : ''}</extra>`;
}

/** One single moment gets a day around it; lying bars say their values themselves. */
export function fitAxis(layout, data) {
  const drawn = data.filter((trace) => !trace.type || ['scatter', 'bar'].includes(trace.type));
  if (drawn.length && drawn.every((trace) => trace.orientation === 'h')) layout.xaxis = { showticklabels: false, showgrid: false, zeroline: false, ...layout.xaxis };
  for (const trace of drawn) if (trace.type !== 'bar' && (trace.mode ?? 'lines') === 'lines' && values(trace.y).filter((y) => y != null).length === 1) trace.mode = 'markers';
  const moments = new Set(drawn.flatMap((trace) => values(trace.x)));
  const at = moments.size === 1 ? Date.parse([...moments][0]) : NaN;
  if (Number.isNaN(at) || typeof [...moments][0] !== 'string') return;
  layout.xaxis = { range: [at - HALF_DAY_MS, at + HALF_DAY_MS].map((edge) => new Date(edge).toISOString().replace('Z', '')), ...layout.xaxis };
}
