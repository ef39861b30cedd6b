/** Which calls are wanted: the form, the address, and `state.filter`, which are always the same. */

const TYPING_MS = 300;

export class Filters {
  #form;
  #state;
  #typing = 0;

  constructor(form, state) {
    this.#form = form;
    this.#state = state;
    form.addEventListener("input", ({ target }) => {
      clearTimeout(this.#typing);
      if (target.type === "search") this.#typing = setTimeout(() => this.#tell(), TYPING_MS);
    });
    form.addEventListener("change", ({ target }) => {
      if (target.type !== "search") this.#tell();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** As the address has it. */
  read() {
    for (const [name, value] of new URLSearchParams(location.search)) {
      const field = this.#form.elements[name];
      if (field?.type === "checkbox") field.checked = true;
      else if (field) field.value = value;
    }
    this.#tell();
  }

  clear() {
    this.#form.reset();
    this.#tell();
  }

  #tell() {
    const chosen = [...new FormData(this.#form)].filter(([, value]) => value.trim() !== "");
    const filter = new URLSearchParams(chosen);
    history.replaceState(null, "", (filter.size ? `?${filter}` : location.pathname) + location.hash);
    this.#state.set({ filter });
  }
}
