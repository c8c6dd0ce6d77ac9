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
 */
export function ranked(options, wanted) {
  const text = wanted.toLowerCase();
  const words = text.split(/\s+/).filter(Boolean);
  const rank = ({ value }) => {
    const name = value.toLowerCase();
    if (!words.every((word) => name.includes(word))) return 3;
    if (name.startsWith(text)) return 0;
    return name.split(/[\s_.:/$-]+/).some((part) => part.startsWith(words[0])) ? 1 : 2;
  };
  return options.map((option) => [rank(option), option]).filter(([at]) => at < 3).sort(([a], [b]) => a - b).map(([, option]) => option);
}

/**
 * Ask for the values of the property that a filter form names, or the field `by` of a builder.
 * @param {string} address
 * @param {HTMLFormElement} form
 * @param {string} wanted
 * @param {AbortSignal} signal
 * @returns {Promise<Option[]|null>} null: a newer question is under way, or there is no answer
 */
export async function valuesOf(address, form, wanted, signal) {
  const property = (form.elements.new_property ?? form.elements.by)?.value.trim();
  if (!property) return [];
  const query = new URLSearchParams({ property, of: form.elements.new_of?.value ?? 'event', op: form.elements.new_op?.value ?? '=', q: wanted.replaceAll('"', '') });
  const event = eventOf(form);
  if (event) query.set('event', event);
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
