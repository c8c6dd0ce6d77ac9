/** The editor of a dashboard: puts its parts together, and says what happens. */

import 'portal/editor/widget-form/form.js';
import { EditBoard } from 'portal/editor/board.js';
import { Commands } from 'portal/editor/commands.js';
import { onTab, titleOf, widgetOf } from 'portal/editor/document.js';
import { Drafts } from 'portal/editor/drafts.js';
import { Feed } from 'portal/editor/feed.js';
import { bindKeys } from 'portal/editor/keys.js';
import { openAddMenu, openBoxMenu } from 'portal/editor/menus.js';
import { askForDraft, Notices } from 'portal/editor/notices.js';
import { Panel } from 'portal/editor/panel.js';
import { dragging } from 'portal/editor/pointer.js';
import { Saver } from 'portal/editor/saving.js';
import { Session } from 'portal/editor/session.js';
import { openSettings } from 'portal/editor/settings.js';
import { ask, EditTabs } from 'portal/editor/tab-bar.js';
import { jsonScript, toast } from 'portal/lib/dom.js';

const given = jsonScript('editor-state');
const find = (name) => document.querySelector(`[data-editor-${name}]`);

const board = /** @type {EditBoard} */ (document.querySelector('edit-board'));
const tabs = /** @type {EditTabs} */ (document.querySelector('edit-tabs'));
const kinds = new Map(given.kinds.map((kind) => [kind.kind, kind]));
const session = new Session({ document: given.document, version: given.version });
const commands = new Commands(session, board, kinds);
const saver = new Saver(session, given.uid);
const drafts = new Drafts(session, given.uid);
const notices = new Notices(find('notice'));
const panel = new Panel({ session, board, commands, sheet: find('panel'), uid: given.uid });
const feed = new Feed({ session, board, uid: given.uid, onState: said, onChanged: (version) => savedElsewhere(version) });

const actions = {
  add: () => openAddMenu(find('add'), kinds, { add: (kind) => addKind(kind), addTab: () => tabs.add(), paste: () => commands.paste() }),
  addTab: () => tabs.add(),
  turnTab: (by) => tabs.turn(by),
  settings: () => openSettings(session, given.uid),
  open: (id) => panel.open(id),
  close: () => panel.close(),
  save: (withNote) => (withNote ? ask('Save with a note', 'What changed, and why', '', (note) => save(note)) : save('')),
  undo: () => session.undo(),
  redo: () => session.redo(),
  discard,
};

function addKind(kind) {
  const id = commands.add(kind);
  queueMicrotask(() => panel.open(id)); // after the menu has given the focus back
}

let isSaving = false;

async function save(note) {
  if (isSaving) return;
  if (!session.isChanged) {
    session.say('Everything is saved.');
    toast('Everything is saved already.');
    return;
  }
  isSaving = true;
  find('save').setAttribute('aria-disabled', 'true');
  try {
    const done = await saver.save(note);
    if (done) await afterSave(done);
    else session.say('Not saved: the conflict is not decided. Your draft is kept.');
  } catch (problem) {
    failed(problem);
  } finally {
    isSaving = false;
    show();
  }
}

async function afterSave({ version, joined }) {
  notices.clear('elsewhere');
  await drafts.discard().catch(() => undefined); // the draft equals what is saved; the next change replaces it
  toast(joined ? `Saved as version ${version}, together with what ${joined} changed.` : `Saved as version ${version}.`, 'success');
}

/** The server names the field: "widgets[3].query: …"; the widget is opened. */
function failed(problem) {
  const index = /^widgets?\[(\d+)\]/.exec(problem.field ?? '')?.[1];
  const widget = index === undefined ? null : session.document.widgets[Number(index)];
  toast(widget ? `“${titleOf(widget)}”: ${problem.message}` : problem.message, 'critical');
  if (widget) board.focusBox(widget.id);
  if ([403, 404].includes(problem.status)) shut(problem.status);
}

/** Somebody else saved: say so at once; nothing of the draft is lost. */
async function savedElsewhere(version) {
  if (isSaving || version <= session.version) return;
  const who = await saver.who(version).catch(() => 'Somebody');
  if (version <= session.version) return;
  if (!session.isChanged) {
    await saver.join().catch(failed);
    notices.show('elsewhere', `${who} saved version ${session.version}; you see it now.`, []);
    return;
  }
  notices.show('elsewhere', `${who} saved version ${version} meanwhile. Your changes are not lost.`, [
    ['Join it with mine', () => join()],
    ['See what changed', () => window.open(`/dashboards/${given.uid}/versions/`, '_blank', 'noopener')],
  ]);
}

async function join() {
  try {
    if (await saver.join()) notices.show('elsewhere', `Joined: this is based on version ${session.version} now. Save when it is right.`, []);
  } catch (problem) {
    failed(problem);
  }
}

async function discard() {
  await drafts.discard().catch(failed);
  session.change('Discarded all changes', session.base);
  session.say('All changes are discarded. Ctrl Z brings them back.');
}

/** The right is gone, or the session: nothing can be changed or seen here any longer. */
function shut(status) {
  drafts.stop();
  feed.close();
  panel.close();
  const reasons = { 401: 'You are signed out.', 403: 'You may no longer change this dashboard.', 404: 'You may no longer see this dashboard.' };
  notices.shut(reasons[status], { 401: `/accounts/login/?next=${encodeURIComponent(location.pathname)}`, 403: `/dashboards/${given.uid}/`, 404: '/dashboards/' }[status]);
}

function said(state) {
  const shown = document.querySelector('live-state');
  if (shown) shown.state = { 'signed-out': 'offline', revoked: 'offline' }[state] ?? state;
  if (state === 'signed-out') shut(401);
  if (state === 'revoked') shut(404);
}

/** What the page says around the board. */
function show() {
  find('name').textContent = session.document.name;
  find('empty').hidden = onTab(session.document, session.tab).length > 0;
  for (const [name, words] of [['undo', session.undoes], ['redo', session.redoes]]) {
    find(name).setAttribute('aria-disabled', String(!words));
    find(name).title = words ? `${name === 'undo' ? 'Undo' : 'Redo'}: ${words}` : '';
  }
  find('save').setAttribute('aria-disabled', String(!session.isChanged || isSaving));
  find('discard').hidden = !session.isChanged;
}

function start(hasDraft) {
  board.start(session, kinds);
  tabs.start(session);
  dragging(board, session);
  bindKeys({ session, board, commands, actions });
  board.addEventListener('board:open', ({ detail }) => panel.open(detail.id));
  board.addEventListener('board:fold', ({ detail }) => commands.fold(detail.id));
  board.addEventListener('board:menu', ({ detail }) => openBoxMenu(detail.button, detail.id, { session, commands, actions }));
  document.addEventListener('click', ({ target }) => actions[target.closest?.('[data-editor-act]')?.dataset.editorAct]?.());
  session.addEventListener('change', show);
  session.addEventListener('say', ({ detail }) => { find('said').textContent = detail.words; });
  drafts.addEventListener('state', ({ detail }) => { find('state').textContent = detail.words; });
  drafts.addEventListener('editors', ({ detail }) => notices.editors(find('editors'), detail.editors));
  drafts.addEventListener('version', ({ detail }) => { if (detail.version > session.version) savedElsewhere(detail.version); });
  drafts.addEventListener('shut', ({ detail }) => shut(detail.status));
  feed.open();
  drafts.start(hasDraft);
  show();
  const wanted = widgetOf(session.document, location.hash.slice(1) || new URLSearchParams(location.search).get('widget'));
  if (wanted) panel.open(wanted.id);
}

/** A draft from before: go on with it, or not. One whose base is no longer kept is based on what is there. */
async function begin() {
  const draft = Array.isArray(given.draft?.document?.widgets) ? newest(given.draft) : newest(null);
  const goesOn = draft && (await askForDraft(draft));
  start(Boolean(given.draft));
  if (!goesOn) {
    if (given.draft) await drafts.discard().catch(failed);
    return;
  }
  const base = draft.base ? { base: draft.base, version: draft.base_version } : { base: session.base, version: session.version };
  session.adopt({ ...base, document: draft.document, words: 'Went on with the draft' });
}

/** Of the server's draft and what this tab still held, the newer; both are based on a version. */
function newest(draft) {
  const held = drafts.recovered();
  if (!held) return draft;
  if (held.base_version === given.version) return { ...held, base: given.document };
  return draft?.base_version === held.base_version ? { ...held, base: draft.base } : draft;
}

begin();
