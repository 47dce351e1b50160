// The brokerage accounts of the reader.
import { api } from '../api/api';
import type { AccountChange, BrokerageAccount, NewAccount } from '../api/types';
import { live } from './live.svelte';

class Accounts {
  /** Null until the server has answered. */
  list = $state.raw<BrokerageAccount[] | null>(null);

  get active(): BrokerageAccount | null {
    return this.list?.find((account) => account.active) ?? null;
  }

  async load(): Promise<void> {
    this.list = await api.accounts();
  }

  async add(account: NewAccount): Promise<string> {
    const answer = await api.addAccount(account);
    await this.#reload();
    return answer.warning ?? '';
  }

  async change(name: string, change: AccountChange): Promise<string> {
    const answer = await api.changeAccount(name, change);
    await this.#reload();
    return answer?.warning ?? '';
  }

  async delete(name: string): Promise<void> {
    await api.deleteAccount(name);
    await this.#reload();
  }

  async activate(name: string): Promise<void> {
    await api.activateAccount(name);
    await this.#reload();
  }

  /** Turns an account's automation on or off. */
  async automate(name: string, on: boolean): Promise<void> {
    await api.changeAccount(name, { automated: on });
    await this.load();
    if (live.status && this.active?.name === name) {
      live.status = { ...live.status, automation: on, next_run: this.active.next_run };
    }
  }

  forget(): void {
    this.list = null;
  }

  /** After a change the stream must be about the account that is active now, under its name now. */
  async #reload(): Promise<void> {
    const before = JSON.stringify(this.active);
    await this.load();
    if (before !== JSON.stringify(this.active)) live.restart();
  }
}

export const accounts = new Accounts();
