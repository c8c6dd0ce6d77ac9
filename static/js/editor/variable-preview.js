/** What variables would offer that are not saved yet, and a document with another name for one. */

import { requestJSON } from 'portal/lib/http.js';

/**
 * @param {string} uid of the dashboard
 * @param {object[]} variables
 * @param {AbortSignal} signal
 * @returns {Promise<{states: object[], problem: {field: string, message: string}|null}|null>} null: a newer question is under way
 */
export async function previewOf(uid, variables, signal) {
  try {
    const answer = await requestJSON(`/api/v1/dashboards/${uid}/variables/preview`, { method: 'POST', body: { variables }, signal });
    return { states: answer.variables, problem: null };
  } catch (failure) {
    if (failure.name === 'AbortError') return null;
    return { states: [], problem: { field: failure.field ?? 'variables[0]', message: failure.message } };
  }
}

/** The document in which a variable has another name, with every use of it. */
export async function renamedIn(uid, document, from, to) {
  const answer = await requestJSON(`/api/v1/dashboards/${uid}/rename-variable`, { method: 'POST', body: { document, from, to } });
  return answer.document;
}
