/**
 * What editing does to a dashboard's document: pure functions, a document in, a new one out. The shape
 * of a document is said in dashboards/document.py.
 *
 * @typedef {{x: number, y: number, w: number, h: number, tab?: string}} Position
 * @typedef {{id: string, title: string, position: Position, config: {kind: string}}} Widget
 */

import { bottom, compacted, freePlace, moved, reading, reordered, resized, stepped } from 'portal/editor/layout.js';
import { sections } from 'portal/lib/rows.js';

export const isRow = (widget) => widget.config?.kind === 'row';

/** The tab that a widget stands in; without a tab of its own, the first. */
export const tabOf = (document, widget) => widget.position.tab || (document.tabs?.[0]?.id ?? '');

export const widgetOf = (document, id) => document.widgets.find((widget) => widget.id === id);

export const onTab = (document, tab) => document.widgets.filter((widget) => tabOf(document, widget) === tab);

export const titleOf = (widget) => widget.title || (isRow(widget) ? 'Untitled row' : 'Untitled widget');

const areaOf = ({ id, position: { x, y, w, h } }) => ({ id, x, y, w, h });

export const areasOf = (document, tab) => onTab(document, tab).map(areaOf);

export const inReadingOrder = (document, tab) => reading(areasOf(document, tab)).map((area) => widgetOf(document, area.id));

/** What stands where, for lib/rows.js. */
export const standing = (document, tab) => onTab(document, tab).map((widget) => ({ ...areaOf(widget), isRow: isRow(widget) }));

/** Rows whose document says that they are folded. */
export const foldedRows = (document) => new Set(document.widgets.filter((widget) => isRow(widget) && widget.config.collapsed).map((widget) => widget.id));

/** Take areas over into the document. */
function withAreas(document, areas) {
  const places = new Map(areas.map((area) => [area.id, area]));
  const placed = (widget) => {
    const place = places.get(widget.id);
    return place ? { ...widget, position: { ...widget.position, x: place.x, y: place.y, w: place.w, h: place.h } } : widget;
  };
  return { ...document, widgets: document.widgets.map(placed) };
}

const tabOfIds = (document, ids) => tabOf(document, widgetOf(document, [...ids][0]));

/** Ids that are taken together: a row with what belongs to it. */
function withMembers(document, ids) {
  const found = sections(standing(document, tabOfIds(document, ids))).filter((section) => ids.has(section.id));
  return new Set([...ids, ...found.flatMap((section) => section.members)]);
}

/** Put a row, with what belongs to it, at another place among the rows of its tab. */
function rowAt(document, id, place) {
  const tab = tabOfIds(document, [id]);
  const areas = areasOf(document, tab);
  const order = sections(standing(document, tab));
  const own = order.find((section) => section.id === id);
  const others = order.filter((section) => section !== own);
  const sorted = [...others.slice(0, place), own, ...others.slice(place)];
  let top = Math.min(...order.map((section) => section.begin)) - 1;
  const shifts = new Map();
  for (const section of sorted) {
    for (const member of [section.id, ...section.members]) shifts.set(member, top + 1 - section.begin);
    top += 1 + section.end - section.begin;
  }
  return withAreas(document, areas.map((area) => ({ ...area, y: area.y + (shifts.get(area.id) ?? 0) })));
}

const rowOf = (document, ids) => [...ids].map((id) => widgetOf(document, id)).find(isRow);

export function movedBy(document, ids, dx, dy) {
  const row = rowOf(document, ids);
  const tab = tabOfIds(document, ids);
  if (!row) return withAreas(document, moved(areasOf(document, tab), ids, dx, dy));
  const above = sections(standing(document, tab)).filter((section) => section.id !== row.id && (section.begin + section.end) / 2 <= row.position.y + dy);
  return rowAt(document, row.id, above.length);
}

/** A step with the keys; a row goes past the row before or after it. */
export function movedStep(document, ids, dx, dy) {
  const row = rowOf(document, ids);
  const tab = tabOfIds(document, ids);
  if (!row) return withAreas(document, stepped(areasOf(document, tab), ids, dx, dy));
  const at = sections(standing(document, tab)).findIndex((section) => section.id === row.id);
  return dy ? rowAt(document, row.id, Math.max(0, at + dy)) : document;
}

export function resizedTo(document, id, area) {
  const widget = widgetOf(document, id);
  if (isRow(widget)) return document;
  return withAreas(document, resized(areasOf(document, tabOf(document, widget)), id, area));
}

/** One place earlier or later, on a screen with one column. */
export const movedInOrder = (document, id, by) => withAreas(document, reordered(areasOf(document, tabOf(document, widgetOf(document, id))), id, by));

/** A key that no widget has: the title's words, numbered where they are taken. */
export function freeId(document, title) {
  const taken = new Set(document.widgets.map((widget) => widget.id));
  const base = title.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 50) || 'widget';
  let found = base;
  for (let number = 2; taken.has(found); number += 1) found = `${base}-${number}`;
  return found;
}

const onto = (position, tab) => (tab ? { ...position, tab } : position);

/** Add a widget at the first free place; a row goes to the end. */
export function added(document, widget, tab, size = widget.position ?? { w: 12, h: 6 }) {
  const areas = areasOf(document, tab);
  const place = isRow(widget) ? { x: 0, y: bottom(areas), w: 24, h: 1 } : freePlace(areas, size.w, size.h, lastSection(document, tab));
  const made = { description: '', refresh_interval: 30_000, query: '', ...widget, id: freeId(document, widget.title || widget.config.kind), position: onto(place, tab) };
  return { document: { ...document, widgets: [...document.widgets, made] }, id: made.id };
}

const lastSection = (document, tab) => sections(standing(document, tab)).at(-1)?.begin ?? 0;

export function removed(document, ids) {
  const left = { ...document, widgets: document.widgets.filter((widget) => !ids.has(widget.id)) };
  return [...new Set([...ids].map((id) => tabOf(document, widgetOf(document, id))))].reduce((found, tab) => withAreas(found, compacted(areasOf(found, tab))), left);
}

/** Replace what a widget shows; its key and its place stay. */
export function replaced(document, id, widget) {
  return { ...document, widgets: document.widgets.map((one) => (one.id === id ? { ...widget, id, position: one.position } : one)) };
}

/** Put copies of widgets on a tab, as they stood to one another, below all else. */
export function withCopies(document, widgets, tab) {
  const top = bottom(areasOf(document, tab));
  const highest = Math.min(...widgets.map((widget) => widget.position.y));
  let found = document;
  const ids = [];
  for (const widget of widgets) {
    const { x, y, w, h } = widget.position;
    const copy = { ...structuredClone(widget), id: freeId(found, widget.title || widget.config.kind), position: onto({ x, y: top + y - highest, w, h }, tab) };
    ids.push(copy.id);
    found = { ...found, widgets: [...found.widgets, copy] };
  }
  return { document: withAreas(found, compacted(areasOf(found, tab))), ids };
}

/** Copies beside the originals: at the first free place below where these begin. */
export function duplicated(document, ids) {
  const originals = inReadingOrder(document, tabOfIds(document, ids)).filter((widget) => withMembers(document, ids).has(widget.id));
  const tab = tabOfIds(document, ids);
  if (originals.length !== 1) return withCopies(document, originals, tab);
  const [{ position }] = originals;
  const made = withCopies(document, originals, tab);
  const place = freePlace(areasOf(document, tab), position.w, position.h, position.y);
  const areas = areasOf(made.document, tab).map((area) => (area.id === made.ids[0] ? { ...area, ...place } : area));
  return { document: withAreas(made.document, compacted(areas)), ids: made.ids };
}

// Words that the server derives from the rest.
const DERIVED = new Set(['type', 'size']);

/** A text that is equal for documents that mean the same, whatever the order of fields and widgets. */
export function canonical(document) {
  const widgets = [...document.widgets].sort((a, b) => (a.id < b.id ? -1 : 1));
  return JSON.stringify({ ...document, widgets }, function sorted(_name, value) {
    if (!value || typeof value !== 'object' || Array.isArray(value)) return value;
    const isWidget = value.position && value.config;
    return Object.fromEntries(Object.keys(value).filter((name) => !(isWidget && DERIVED.has(name))).sort().map((name) => [name, value[name]]));
  });
}
