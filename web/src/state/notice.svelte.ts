// The last short message about what was done, said once to screen readers too.

class Notice {
  text = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string): void {
    this.text = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.text = ''), 8000);
  }

  clear(): void {
    this.text = '';
  }
}

export const notice = new Notice();
