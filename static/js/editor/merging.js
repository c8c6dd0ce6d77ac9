/** What a person decided about a conflict, put into a merged document. Pure. */

import { areasOf, tabOf } from 'portal/editor/document.js';
import { compacted } from 'portal/editor/layout.js';

/**
 * @typedef {{part: 'dashboard'|'variable'|'widget', key: string, field: string, base: any, yours: any, theirs: any}} Conflict
 */

/** The server's merged document has one's own side; put theirs where `picks` says so. */
export function decided(merged, conflicts, picks) {
  const found = conflicts.reduce((document, conflict, index) => (picks[index] === 'theirs' ? withTheirs(document, conflict) : document), structuredClone(merged));
  return settled(found);
}

function withTheirs(document, { part, key, field, theirs }) {
  if (part === 'dashboard') return { ...document, [field]: theirs };
  const [list, name] = part === 'widget' ? ['widgets', 'id'] : ['variables', 'name'];
  const others = document[list].filter((one) => one[name] !== key);
  const own = document[list].find((one) => one[name] === key);
  if (!field) return { ...document, [list]: theirs ? [...others, theirs] : others };
  return { ...document, [list]: document[list].map((one) => (one === own ? withField(own, field, theirs) : one)) };
}

/** A field of a widget as the merge names it: `title`, `config.unit`, `source and query`. */
function withField(part, field, value) {
  if (field.includes(' and ')) return field.split(' and ').reduce((found, name, index) => ({ ...found, [name]: value[index] }), part);
  if (!field.startsWith('config.')) return { ...part, [field]: value };
  const { [field.slice(7)]: _before, ...config } = part.config;
  return { ...part, config: value == null ? config : { ...config, [field.slice(7)]: value } };
}

/** Places that come from both sides may lie on one another; those below give way. */
function settled(document) {
  const tabs = new Set(document.widgets.map((widget) => tabOf(document, widget)));
  const places = new Map([...tabs].flatMap((tab) => compacted(areasOf(document, tab))).map((area) => [area.id, area]));
  return { ...document, widgets: document.widgets.map((widget) => ({ ...widget, position: { ...widget.position, y: places.get(widget.id).y } })) };
}

const FIELDS = { title: 'Title', description: 'Description', position: 'Place', 'source and query': 'Query', source: 'Source', query: 'Query', refresh_interval: 'Refresh interval', name: 'Name', tags: 'Tags', time: 'Time range', tabs: 'Tabs', annotations: 'Marks on charts', links: 'Links', 'config.kind': 'Picture' };

/** What a conflict is about: "Title of “Page views”". */
export function subject(conflict, titles) {
  const field = FIELDS[conflict.field] ?? conflict.field.replace('config.', '').replaceAll('_', ' ').replace(/^./, (letter) => letter.toUpperCase());
  if (conflict.part === 'dashboard') return `${field} of the dashboard`;
  const what = conflict.part === 'variable' ? `the variable ${conflict.key}` : `“${titles.get(conflict.key) || conflict.key}”`;
  return conflict.field ? `${field} of ${what}` : what.replace(/^./, (letter) => letter.toUpperCase());
}

/** One side in words or as JSON. */
export function sideText(conflict, value) {
  if (value == null) return conflict.field ? 'not set' : 'Removed';
  if (!conflict.field) return `Kept: ${value.title || value.name || value.id}`;
  if (conflict.field === 'position') return `column ${value.x + 1}, row ${value.y + 1}; ${value.w} wide, ${value.h} high${value.tab ? `; tab ${value.tab}` : ''}`;
  if (conflict.field === 'source and query') return `${value[0]}: ${value[1]}`;
  return typeof value === 'string' ? value || 'empty' : JSON.stringify(value, null, 1);
}
