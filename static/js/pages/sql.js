/** The SQL page: Ctrl+Enter runs, names are inserted at the cursor, a mistake is marked in the text. */

const editor = () => document.getElementById('sql-text');
const form = () => document.getElementById('sql-form');

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  if (event.target !== editor() && event.target.form !== form()) return;
  event.preventDefault();
  form().requestSubmit(document.getElementById('sql-run'));
});

document.addEventListener('click', (event) => {
  const name = event.target.closest?.('[data-insert]');
  if (name) insert(name.dataset.insert);
  const again = event.target.closest?.('[data-statement]');
  if (again) replace(again.dataset.statement);
  if (event.target.closest?.('#sql-place')) mark();
  // A file is a plain download: htmx must not swap it into the page.
  const plain = event.target.closest?.('[data-plain]');
  if (plain) {
    event.preventDefault();
    sendPlainly(plain.formAction);
  }
});

document.addEventListener('htmx:after:swap', mark);

function insert(text) {
  const field = editor();
  field.focus();
  const before = field.value.slice(0, field.selectionStart);
  const space = before && !/[\s(,.'`]$/.test(before) ? ' ' : '';
  field.setRangeText(space + text, field.selectionStart, field.selectionEnd, 'end');
}

function replace(text) {
  const field = editor();
  field.value = text;
  field.focus();
  document.getElementById('sql-recent')?.hidePopover();
}

/** Select what the message complains of, and bring its line into view. */
function mark() {
  const { start, end } = document.getElementById('sql-answer')?.dataset ?? {};
  if (start === undefined) return;
  const field = editor();
  field.focus();
  field.setSelectionRange(Number(start), Math.max(Number(end), Number(start) + 1));
  const line = field.value.slice(0, Number(start)).split('\n').length - 1;
  field.scrollTop = Math.max(0, line * parseFloat(getComputedStyle(field).lineHeight) - field.clientHeight / 2);
}

/** Post the form outside of htmx: the browser keeps the file it answers. */
function sendPlainly(action) {
  const copy = document.createElement('form');
  copy.method = 'post';
  copy.action = action;
  copy.hidden = true;
  for (const [name, value] of new FormData(form())) {
    const input = document.createElement('textarea');
    input.name = name;
    input.value = String(value);
    copy.append(input);
  }
  document.body.append(copy);
  copy.submit();
  copy.remove();
}
