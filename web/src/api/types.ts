// The shapes of the server's answers, under the page's names. They are the server's own schema
// (`npm run schema` writes schema.d.ts); only what a schema cannot say is said here.
import type { components } from './schema';

type Schemas = components['schemas'];

/** GET answers carry every field; the schema is shared with PUT, where each may be left out. */
type Complete<T> = T extends object ? { [K in keyof T]-?: Complete<Exclude<T[K], undefined>> } : T;

export type Period = '1D' | '1W' | '1M' | '3M' | '6M' | '1A';

export type Session = Schemas['SessionView'];
export type Account = Schemas['AccountView'];
export type Position = Schemas['PositionView'];
export type Order = Schemas['OrderView'];
export type PortfolioHistory = Omit<Schemas['HistoryView'], 'equity' | 'base_value'> & {
  equity: (number | null)[]; // null where the broker knows none
  base_value: number | null;
};
export type Vote = Omit<Schemas['VoteView'], 'action'> & { action: 'buy' | 'sell' | '' };
export type IndicatorName = Vote['indicator'];
export type Signal = Omit<Schemas['SignalView'], 'votes'> & { votes: Vote[] };
export type Action = Signal['action'];
export type WatchedSymbol = Schemas['WatchedView'];
export type BrokerageAccount = Schemas['BrokerageView'];
export type NewAccount = Required<Schemas['AccountAddInputBody']>;
export type AccountChange = Schemas['AccountUpdateInputBody'];
export type Status = Schemas['StatusView'];
export type Settings = Complete<Schemas['Strategy']>;
export type ExecutionSettings = Settings['execution'];
export type RiskLimits = Settings['risk'];
export type SignalMode = Settings['signal_mode'];
export type Decision = Omit<Schemas['DecisionView'], 'votes' | 'order'> & {
  votes: Vote[];
  order: Schemas['DecidedOrderView'] | null; // null when nothing was ordered
};
export type Cycle = Omit<Schemas['CycleView'], 'decisions'> & { decisions: Decision[] };


/** A trading state with who put it in force and why. */
export type Standing = Schemas['StandingView'];
export type TradingState = Standing['state'];
export type Reconciliation = Schemas['ReconciliationView'];
export type AccountTrading = Omit<Schemas['AccountTradingView'], 'reconciliation'> & { reconciliation: Reconciliation | null };
export type Trading = Omit<Schemas['TradingView'], 'account' | 'accounts' | 'limits' | 'installation_limits'> & {
  account: AccountTrading | null; // the active one
  accounts: AccountTrading[];
  limits: RiskLimits;
  installation_limits: RiskLimits;
};
/** For which accounts something is done; the active one when nothing is said. */
export type Reach = { account?: string; all?: boolean };
export type Flattened = Schemas['FlattenedView'];
export type InstallationFlattened = Schemas['AdminFlattenedView'];
export type InstallationTrading = Omit<Schemas['AdminTradingView'], 'limits'> & { limits: RiskLimits };
/** What one account does, and whether that is its own or the user's. */
export type AccountStrategy = { own: boolean; settings: Settings };
export type AccountWatchlist = Schemas['AccountWatchlistView'];
export type CycleHead = Schemas['CycleHeadView'];
export type OrderLife = Schemas['OrderLifeView'];
export type Fill = Schemas['FillView'];
export type Explanation = Omit<Schemas['ExplanationView'], 'newest' | 'cycle' | 'decision' | 'order'> & {
  newest: CycleHead | null;
  cycle: CycleHead | null;
  decision: Decision | null;
  order: OrderLife | null;
};

/** What each named event of /api/stream carries. */
export interface StreamEvents {
  account: Account;
  positions: Position[];
  orders: Order[];
  signals: Signal[];
  cycle: Cycle;
  status: Status;
  trading: Trading;
  problem: { error: string };
}
export type Topic = keyof StreamEvents;

/** A way to show who one is. */
export type Method = 'password' | 'totp' | 'recovery_code' | 'passkey';
export type Role = Schemas['RecordView']['role'];
export type Registration = Schemas['AdminSettingsView']['registration'];
export type Security = Schemas['IdentityView'];
export type Passkey = Schemas['PasskeyView'];
export type OpenSession = Schemas['OpenSessionView'];
export type ApiToken = Schemas['TokenView'];
export type NewToken = Schemas['TokenAddInputBody'];
export type Scope = ApiToken['scopes'][number];
export type UserRecord = Schemas['RecordView'];
/** A link with a secret in its fragment; shown once. */
export type OneTimeLink = Schemas['LinkView'];
export type RateLimits = Schemas['RateLimitsView'];
export type Finding = Schemas['FindingView'];
export type Invite = Schemas['InviteView'];
export type AuditEntry = Schemas['AuditEntryView'];
export type AuditReport = Omit<Schemas['AuditVerifyView'], 'checkpoint' | 'problem'> & {
  checkpoint: Schemas['CheckpointView'] | null;
  problem: Schemas['AuditProblemView'] | null;
};
