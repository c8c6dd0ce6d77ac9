/** Tabs of a dashboard's document: pure functions, a document in, a new one out. */

import { areasOf, onTab, tabOf } from 'portal/editor/document.js';
import { bottom, compacted } from 'portal/editor/layout.js';

const FIRST = 'Overview';

/** A free id for a tab, of its title. */
function freeTab(tabs, title) {
  const base = title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 50) || 'tab';
  let found = base;
  for (let number = 2; tabs.some((tab) => tab.id === found); number += 1) found = `${base}-${number}`;
  return found;
}

/** Add a tab; the first one that is added gets a companion for what stood there before. */
export function tabAdded(document, title) {
  const before = document.tabs.length ? document.tabs : [{ id: 'overview', title: FIRST }];
  const tab = { id: freeTab(before, title), title };
  return { document: { ...document, tabs: [...before, tab] }, tab: tab.id };
}

export const tabRenamed = (document, id, title) => ({ ...document, tabs: document.tabs.map((tab) => (tab.id === id ? { ...tab, title } : tab)) });

/** Take a tab and what stands on it away; when one tab is left, the page has none. */
export function tabRemoved(document, id) {
  const gone = new Set(onTab(document, id).map((widget) => widget.id));
  const tabs = document.tabs.filter((tab) => tab.id !== id);
  const kept = document.widgets.filter((widget) => !gone.has(widget.id)).map((widget) => withTab(widget, tabs.length > 1 ? tabOf(document, widget) : ''));
  return { ...document, tabs: tabs.length > 1 ? tabs : [], widgets: kept };
}

export function tabMoved(document, id, by) {
  const tabs = [...document.tabs];
  const at = tabs.findIndex((tab) => tab.id === id);
  const to = at + by;
  if (at < 0 || to < 0 || to >= tabs.length) return document;
  const fixed = document.widgets.map((widget) => withTab(widget, tabOf(document, widget))); // the first tab changes
  [tabs[at], tabs[to]] = [tabs[to], tabs[at]];
  return { ...document, tabs, widgets: fixed };
}

/** Put widgets below what stands on another tab. */
export function movedToTab(document, ids, tab) {
  const top = bottom(areasOf(document, tab));
  const moving = document.widgets.filter((widget) => ids.has(widget.id));
  const highest = Math.min(...moving.map((widget) => widget.position.y));
  const widgets = document.widgets.map((widget) => {
    if (!ids.has(widget.id)) return widget;
    return withTab({ ...widget, position: { ...widget.position, y: top + widget.position.y - highest } }, tab);
  });
  return document.tabs.reduce((found, { id }) => closedUp(found, id), { ...document, widgets });
}

function closedUp(document, tab) {
  const places = new Map(compacted(areasOf(document, tab)).map((area) => [area.id, area]));
  const widgets = document.widgets.map((widget) => (places.has(widget.id) ? { ...widget, position: { ...widget.position, y: places.get(widget.id).y } } : widget));
  return { ...document, widgets };
}

function withTab(widget, tab) {
  const { tab: _before, ...position } = widget.position;
  return { ...widget, position: tab ? { ...position, tab } : position };
}
