// The shapes of the server's answers. Field names are the server's own.

export type Action = 'buy' | 'sell' | 'hold';
export type Period = '1D' | '1W' | '1M' | '3M' | '6M' | '1A';
export type IndicatorName = 'rsi' | 'sma' | 'macd' | 'bollinger';
export type SignalMode = 'unanimous' | 'majority' | 'any';

export interface Session {
  signed_in: boolean;
  user?: { username: string; email: string; role: string };
  registration_open: boolean;
  first_user: boolean;
  demo: boolean;
  version: string;
}

export interface Account {
  name: string;
  paper: boolean;
  demo: boolean;
  equity: number | null;
  last_equity: number | null;
  cash: number | null;
  buying_power: number | null;
  portfolio_value: number | null;
  market_open: boolean;
}

export interface Position {
  symbol: string;
  side: string;
  qty: number | string;
  avg_entry: number | null;
  current_price: number | null;
  market_value: number | null;
  unrealized_pl: number | null;
  unrealized_plpc: number | null; // a fraction
}

export interface Order {
  id: string;
  client_order_id: string | null;
  symbol: string;
  side: string;
  type: string | null;
  qty: string | null;
  notional: string | null;
  filled_qty: string | null;
  filled_avg_price: string | null;
  status: string;
  submitted_at: string | null;
  filled_at: string | null;
}

export interface PortfolioHistory {
  timestamp: number[]; // seconds, the left edge of each interval
  equity: (number | null)[];
  profit_loss: (number | null)[];
  profit_loss_pct: (number | null)[];
  base_value: number | null;
  timeframe: string; // 15Min, 1H or 1D
}

export interface Vote {
  indicator: IndicatorName;
  action: 'buy' | 'sell' | '';
  values: { name: string; number: number }[] | null;
  reason?: string;
  problem?: string;
}

export interface Signal {
  symbol: string;
  name: string;
  action: Action;
  strength: number; // 0 to 100
  price: number | null;
  change_pct: number | null; // percent
  bar_time: string | null;
  votes: Vote[] | null;
}

export interface WatchedSymbol {
  symbol: string;
  name: string;
}

export interface BrokerageAccount {
  name: string;
  api_key: string; // its first characters only
  paper: boolean;
  active: boolean;
  demo: boolean;
  automated: boolean;
  next_run: string | null;
  created_at: string;
}

export interface NewAccount {
  name: string;
  api_key: string;
  secret_key: string;
  paper: boolean;
}

export type AccountChange = Partial<NewAccount & { automated: boolean }>;

export interface Status {
  running: boolean;
  market_open: boolean;
  market_time: string | null;
  next_open: string | null;
  next_close: string | null;
  automation: boolean;
  next_run: string | null;
  demo: boolean;
}

export interface Settings {
  timeframe: string;
  lookback_days: number;
  rsi: { enabled: boolean; period: number; overbought: number; oversold: number };
  sma: { enabled: boolean; short_period: number; long_period: number };
  macd: { enabled: boolean; fast_period: number; slow_period: number; signal_period: number };
  bollinger: { enabled: boolean; period: number; std_dev: number };
  signal_mode: SignalMode;
  signal_min_agree: number;
  order_type: string;
  time_in_force: string;
  position_size_pct: number;
  max_positions: number;
  allow_short: boolean;
  schedule_interval_minutes: number;
  schedule_cron: string | null;
  schedule_market_hours_only: boolean;
}

export interface Decision {
  symbol: string;
  action: Action;
  strength: number;
  votes: Vote[] | null;
  bar_time: string | null;
  price: number | null;
  skip: string | null;
  sentence: string;
  order: {
    client_order_id: string;
    side: string;
    qty: string | number | null;
    notional: string | number | null;
    state: string;
  } | null;
}

export interface Cycle {
  id: string;
  slot: string;
  market_time: string | null;
  started_at: string;
  finished_at: string | null;
  outcome: 'running' | 'done' | 'failed' | 'skipped';
  problem: string | null;
  dry_run: boolean;
  decisions: Decision[] | null;
}

/** What each named event of /api/stream carries. */
export interface StreamEvents {
  account: Account;
  positions: Position[];
  orders: Order[];
  signals: Signal[];
  cycle: Cycle;
  status: Status;
  problem: { error: string };
}
export type Topic = keyof StreamEvents;
