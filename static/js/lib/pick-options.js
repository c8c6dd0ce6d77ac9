/** What a <pick-field> offers: a datalist's options, or a property's values from the server. */

import { humanize } from 'portal/lib/format.js';
import { requestJSON } from 'portal/lib/http.js';

/** @typedef {{value: string, note: string}} Option */

/**
 * @param {string} id of a datalist
 * @returns {Option[]}
 */
export function listed(id) {
  const options = document.getElementById(id)?.querySelectorAll('option') ?? [];
  return [...options].map((option) => ({ value: option.value, note: option.textContent.trim() }));
}

/**
 * Options that hold all words: those that begin with the text first, then by their own order.
 * @param {Option[]} options
 * @param {string} wanted
 * @param {boolean} [inNotes] whether a note may hold the words, too
 */
export function ranked(options, wanted, inNotes = false) {
  const text = wanted.toLowerCase();
  const words = text.split(/\s+/).filter(Boolean);
  const rank = ({ value, note }) => {
    const name = (inNotes ? `${value} ${note}` : value).toLowerCase();
    if (!words.every((word) => name.includes(word))) return 3;
    if (name.startsWith(text)) return 0;
    return name.split(/[\s_.:/$-]+/).some((part) => part.startsWith(words[0])) ? 1 : 2;
  };
  return options.map((option) => [rank(option), option]).filter(([at]) => at < 3).sort(([a], [b]) => a - b).map(([, option]) => option);
}

/**
 * Ask for the values of the property that a form names: in prefix + "property", or in `by`.
 * @param {string} address
 * @param {{form: HTMLFormElement, prefix: string, event: string|null, wanted: string}} asked prefix of the fields' names; event: of which, null where the form says it
 * @param {AbortSignal} signal
 * @returns {Promise<Option[]|null>} null: a newer question is under way, or there is no answer
 */
export async function valuesOf(address, { form, prefix, event, wanted }, signal) {
  const field = (name) => form.elements[`${prefix}${name}`];
  const property = (field('property') ?? form.elements.by)?.value.trim();
  if (!property) return [];
  const query = new URLSearchParams({ property, of: field('of')?.value ?? 'event', op: field('op')?.value ?? '=', q: wanted.replaceAll('"', '') });
  const of = event ?? eventOf(form);
  if (of) query.set('event', of);
  for (const name of ['from', 'to', 'tz']) {
    const given = new URLSearchParams(location.search).get(name);
    if (given) query.set(name, given);
  }
  try {
    const answer = await requestJSON(`${address}?${query}`, { signal });
    return answer.values.map(({ text, type, found }) => ({ value: text, note: `${type}, ${humanize(found)} ${answer.of}` }));
  } catch {
    return null; // the field still takes what is typed
  }
}

/** The event of the row that the filter is for; none when it is for all. */
function eventOf(form) {
  const choice = form.elements.new_in;
  const option = choice?.selectedOptions?.[0];
  return option?.dataset.event ?? form.dataset.event ?? '';
}
