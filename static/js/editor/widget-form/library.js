/**
 * Library widgets in the editor: one definition on many dashboards. A linked box shows the library's
 * definition; it is edited for all of them, or unlinked and edited here alone.
 */

import { el, icon, toast } from 'portal/lib/dom.js';
import { requestJSON } from 'portal/lib/http.js';
import { input, labelled, select, textButton } from 'portal/editor/widget-form/fields.js';

/** What a library widget says of a box; the rest (title, place, repeat) is the box's own. */
export const DEFINED = ['description', 'source', 'query', 'refresh_interval', 'config'];
const OWN_CONFIG = ['library', 'repeat'];

/** A box's definition, as the library keeps it. */
export function definitionOf(widget) {
  const found = structuredClone(Object.fromEntries(DEFINED.map((name) => [name, widget[name]])));
  for (const name of OWN_CONFIG) delete found.config[name];
  return found;
}

/** The box with a definition of the library; what is the box's own stays. */
export function withDefinition(widget, definition, uid) {
  const own = Object.fromEntries(OWN_CONFIG.filter((name) => name in widget.config).map((name) => [name, widget.config[name]]));
  const config = { ...structuredClone(definition.config), ...own };
  if (uid) config.library = uid;
  else delete config.library;
  return { ...widget, ...structuredClone(definition), config };
}

const others = (entry) => (entry.dashboards === 1 ? '1 dashboard' : `${entry.dashboards} dashboards`);

/**
 * @param {{choices: any, widget: any, entry: any, isShared: boolean, link: (uid: string) => void, unlink: () => void, share: () => void, drop: () => void, saved: (entry: any) => void}} given
 */
export function libraryPart(given) {
  const { choices, entry } = given;
  if (!choices.library.may && !entry) return el('div', {});
  if (entry && given.isShared) return sharedBar(given);
  if (entry) return linkedBar(given);
  return freeBar(given);
}

function linkedBar({ entry, share, unlink, choices }) {
  return el('div', { class: 'notice wf-library', role: 'group', 'aria-label': 'Library widget' }, icon('package'),
    el('div', {}, el('p', {}, 'This box shows ', el('a', { href: entry.url }, `“${entry.name}”`), ` of the library, which stands on ${others(entry)}.`),
      el('div', { class: 'wf-buttons' },
        choices.library.may ? textButton('pencil', 'Edit for all', share) : null,
        textButton('copy', 'Unlink, edit only here', unlink))));
}

function sharedBar({ entry, widget, drop, saved }) {
  const save = textButton('save', `Save for ${others(entry)}`, async () => {
    save.disabled = true;
    try {
      saved(await requestJSON(entry.api, { method: 'PUT', body: { definition: definitionOf(widget()), version: entry.version } }));
      toast(`“${entry.name}” is changed on ${others(entry)}.`, 'success');
    } catch (problem) {
      save.disabled = false;
      toast(problem.message, 'critical');
    }
  }, { class: 'button button-s button-primary' });
  return el('div', { class: 'notice notice-warning wf-library', role: 'group', 'aria-label': 'Library widget' }, icon('package'),
    el('div', {}, el('p', {}, `You edit “${entry.name}” for every dashboard that it stands on.`),
      el('div', { class: 'wf-buttons' }, save, textButton('undo-2', 'Drop these changes', drop))));
}

function freeBar({ choices, widget, link, saved }) {
  const name = input(widget().title, () => {}, { maxlength: '120', placeholder: 'Name in the library' });
  const save = textButton('package', 'Save to library', async () => {
    try {
      const entry = await requestJSON(choices.library.api, { method: 'POST', body: { name: name.value, definition: definitionOf(widget()) } });
      choices.library.entries.push(entry);
      saved(entry);
      toast(`“${entry.name}” is in the library; this box shows it.`, 'success');
    } catch (problem) {
      toast(problem.message, 'critical');
      name.focus();
    }
  });
  const entries = choices.library.entries;
  const use = select('', [['', entries.length ? 'Choose…' : 'Nothing in the library yet'], ...entries.map((one) => [one.uid, `${one.name} (${others(one)})`])], (uid) => { if (uid) link(uid); });
  return el('div', { class: 'wf-stack' }, labelled('Use from the library', use),
    el('div', { class: 'wf-save-library' }, labelled('Or keep this one there', name), save),
    el('p', { class: 'hint' }, 'A library widget has one definition on many dashboards: changed once, changed everywhere.'));
}
