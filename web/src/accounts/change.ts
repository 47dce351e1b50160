// What an account form changes, and what is wrong with it. Pure.
import type { AccountChange, BrokerageAccount } from '../api/types';
import { atMost, check, required } from '../forms/rules';

export interface AccountFields {
  name: string;
  apiKey: string;
  secretKey: string;
  paper: boolean;
}

/** Problems by field. A known account needs new keys only together, or when paper and live are changed. */
export function accountProblems(fields: AccountFields, account: BrokerageAccount | null) {
  const needed = !account || fields.apiKey !== '' || fields.secretKey !== '' || movesMoney(fields, account);
  return {
    name: check(fields.name, required('The name'), atMost(80, 'A name')),
    apiKey: needed ? check(fields.apiKey, required('The API key')) : '',
    secretKey: needed ? check(fields.secretKey, required('The secret key')) : '',
  };
}

/** Only what differs from the account. */
export function accountChange(fields: AccountFields, account: BrokerageAccount): AccountChange {
  const change: AccountChange = {};
  if (fields.name.trim() !== account.name) change.name = fields.name.trim();
  if (fields.apiKey.trim() !== '') change.api_key = fields.apiKey.trim();
  if (fields.secretKey.trim() !== '') change.secret_key = fields.secretKey.trim();
  if (movesMoney(fields, account)) change.paper = fields.paper;
  return change;
}

/** Paper and live keys differ at the broker, so a change of one needs the other's keys. */
const movesMoney = (fields: AccountFields, account: BrokerageAccount) => !account.demo && fields.paper !== account.paper;
