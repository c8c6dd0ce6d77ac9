/** What the editor needs to know of the portal: sources, kinds, units; asked once a dashboard. */

import { requestJSON } from 'portal/lib/http.js';

const asked = new Map();

/** @param {string} uid of the dashboard */
export function choicesOf(uid) {
  if (!asked.has(uid)) {
    const found = requestJSON(`/dashboards/${encodeURIComponent(uid)}/widget-form/`);
    found.catch(() => asked.delete(uid));
    asked.set(uid, found);
  }
  return asked.get(uid);
}

/**
 * Which pictures a widget's answer can be: by kind why not, "" where it can.
 * @returns {Promise<Map<string, string>|null>}
 */
export async function fitsOf(choices, widget) {
  const given = new URLSearchParams(location.search);
  const range = Object.fromEntries(['from', 'to', 'tz'].filter((name) => given.get(name)).map((name) => [name, given.get(name)]));
  const answer = await requestJSON(choices.pictures, { method: 'POST', body: { widget, ...range } });
  return answer.fits && new Map(Object.entries(answer.fits));
}
