/**
 * <step-list> around an <ol>: its rows are dragged by [data-grip]. Every row holds a disabled input
 * `was` with its number; after a drop all of them are sent with the form, in the new order, so that
 * what refers to a row by its number can follow. By keyboard the rows' own buttons move them.
 */

class StepList extends HTMLElement {
  /** @type {HTMLElement|null} */
  #row = null;
  #started = '';

  connectedCallback() {
    this.addEventListener('pointerdown', (event) => this.#start(event));
    this.addEventListener('pointermove', (event) => this.#move(event));
    this.addEventListener('pointerup', () => this.#drop());
    this.addEventListener('pointercancel', () => this.#drop());
  }

  get #rows() { return [...this.querySelectorAll('ol > li')]; }

  get #order() { return this.#rows.map((row) => row.querySelector('[name="was"]').value).join(); }

  #start(event) {
    const grip = event.target.closest('[data-grip]');
    if (!grip || event.button !== 0) return;
    event.preventDefault();
    this.#row = grip.closest('li');
    this.#started = this.#order;
    this.#row.classList.add('is-dragged');
    this.setPointerCapture(event.pointerId);
  }

  #move(event) {
    if (!this.#row) return;
    const over = this.#rows.find((row) => {
      const box = row.getBoundingClientRect();
      return row !== this.#row && event.clientY >= box.top && event.clientY <= box.bottom;
    });
    if (!over) return;
    const box = over.getBoundingClientRect();
    const own = this.#row.getBoundingClientRect();
    const goesDown = own.top < box.top;
    // Rows of unequal height must not swap to and fro: the pointer has to be past what will be there.
    if (goesDown && event.clientY > box.bottom - own.height) over.after(this.#row);
    if (!goesDown && event.clientY < box.top + own.height) over.before(this.#row);
  }

  #drop() {
    if (!this.#row) return;
    this.#row.classList.remove('is-dragged');
    this.#row = null;
    if (this.#order === this.#started) return;
    const inputs = this.querySelectorAll('[name="was"]');
    inputs.forEach((input) => { input.disabled = false; });
    inputs[0].dispatchEvent(new Event('change', { bubbles: true }));
  }
}

customElements.define('step-list', StepList);
