// The reader's clock, once a second, so that ages grow by themselves.

class Now {
  at = $state(Date.now());

  constructor() {
    setInterval(() => (this.at = Date.now()), 1000);
  }
}

export const now = new Now();
