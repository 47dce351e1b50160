// Light, dark, or as the system says. The choice is kept in this browser.

export type Theme = 'system' | 'light' | 'dark';
const order: Theme[] = ['system', 'light', 'dark'];
const key = 'theme';

class ThemeState {
  chosen = $state<Theme>(stored());
  /** Grows whenever the colours on the screen change; charts read their colours again. */
  revision = $state(0);

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.revision++);
    this.#paint();
  }

  next(): void {
    this.chosen = order[(order.indexOf(this.chosen) + 1) % order.length] ?? 'system';
    try {
      localStorage.setItem(key, this.chosen);
    } catch {
      // A browser that keeps nothing still changes its colours.
    }
    this.#paint();
    this.revision++;
  }

  #paint(): void {
    if (this.chosen === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.chosen;
  }
}

function stored(): Theme {
  try {
    return order.find((theme) => theme === localStorage.getItem(key)) ?? 'system';
  } catch {
    return 'system';
  }
}

export const theme = new ThemeState();
