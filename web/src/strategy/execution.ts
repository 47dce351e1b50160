// How orders are made of decisions, as a form: every number as the text that is typed. Pure.
import type { ExecutionSettings } from '../api/types';
import { aboveUpTo, between, check, optional, required, wholeBetween } from '../forms/rules';
import type { StrategyForm } from './form';

export interface ExecutionForm {
  sizeBy: ExecutionSettings['size_by'];
  dollars: string;
  shares: string;
  riskPct: string;
  atrPeriod: string;
  atrMultiple: string;
  wholeShares: boolean;
  limitOffsetPct: string;
  maxSlippagePct: string; // empty: off, as the three below
  extendedHours: boolean;
  stopLossPct: string;
  takeProfitPct: string;
  trailingStopPct: string;
  foreign: ExecutionSettings['foreign'];
}

/** A number of which zero means off, or not chosen yet. */
const orEmpty = (number: number) => (number === 0 ? '' : String(number));

export function toExecutionForm(execution: ExecutionSettings): ExecutionForm {
  return {
    sizeBy: execution.size_by,
    dollars: orEmpty(execution.dollars),
    shares: orEmpty(execution.shares),
    riskPct: orEmpty(execution.risk_pct),
    atrPeriod: orEmpty(execution.atr_period),
    atrMultiple: orEmpty(execution.atr_multiple),
    wholeShares: execution.whole_shares,
    limitOffsetPct: String(execution.limit_offset_pct),
    maxSlippagePct: orEmpty(execution.max_slippage_pct),
    extendedHours: execution.extended_hours,
    stopLossPct: orEmpty(execution.stop_loss_pct),
    takeProfitPct: orEmpty(execution.take_profit_pct),
    trailingStopPct: orEmpty(execution.trailing_stop_pct),
    foreign: execution.foreign,
  };
}

/** The settings that a form without problems stands for. */
export function toExecution(form: ExecutionForm): ExecutionSettings {
  return {
    size_by: form.sizeBy,
    dollars: Number(form.dollars),
    shares: Number(form.shares),
    risk_pct: Number(form.riskPct),
    atr_period: Number(form.atrPeriod),
    atr_multiple: Number(form.atrMultiple),
    whole_shares: form.wholeShares,
    limit_offset_pct: Number(form.limitOffsetPct),
    max_slippage_pct: Number(form.maxSlippagePct),
    extended_hours: form.extendedHours,
    stop_loss_pct: Number(form.stopLossPct),
    take_profit_pct: Number(form.takeProfitPct),
    trailing_stop_pct: Number(form.trailingStopPct),
    foreign: form.foreign,
  };
}

type Ordering = Pick<StrategyForm, 'orderType' | 'timeInForce' | 'execution'>;

/** What is wrong with each field of how orders are made; what is not shown has no problem. */
export function executionProblems({ orderType, timeInForce, execution: form }: Ordering) {
  const by = (size: ExecutionForm['sizeBy'], text: string, rule: (text: string) => string) =>
    form.sizeBy === size ? check(text, required('The number'), rule) : '';
  const whole = form.wholeShares && !/^\d+$/.test(form.shares.trim()) ? 'Whole shares only, as chosen below.' : '';
  return {
    dollars: by('dollars', form.dollars, (text) => (aboveUpTo(0, 1e9)(text) || Number(text) < 1 ? 'At least $1: no broker takes a smaller order.' : '')),
    shares: by('shares', form.shares, (text) => aboveUpTo(0, 1e9)(text) || whole),
    riskPct: by('volatility', form.riskPct, aboveUpTo(0, 100)),
    atrPeriod: by('volatility', form.atrPeriod, wholeBetween(1, 1000)),
    atrMultiple: by('volatility', form.atrMultiple, aboveUpTo(0, 100)),
    limitOffsetPct: orderType === 'limit' ? check(form.limitOffsetPct, required('The offset'), between(-50, 50)) : '',
    maxSlippagePct: orderType === 'market' ? check(form.maxSlippagePct, optional(aboveUpTo(0, 50))) : '',
    stopLossPct: check(form.stopLossPct, optional(aboveUpTo(0, 99))) || (form.stopLossPct && atOnce(timeInForce)),
    takeProfitPct: check(form.takeProfitPct, optional(aboveUpTo(0, 1000))) || (form.takeProfitPct && atOnce(timeInForce)),
    trailingStopPct: check(form.trailingStopPct, optional(between(0.1, 99))) || trailingAlone(form),
    extendedHours: form.extendedHours ? extendedProblem({ orderType, timeInForce, execution: form }) : '',
  };
}

const legs = (form: ExecutionForm) => form.stopLossPct.trim() !== '' || form.takeProfitPct.trim() !== '';

const atOnce = (force: StrategyForm['timeInForce']) => (force === 'ioc' ? 'Needs orders that last until the session ends, or until canceled.' : '');

const trailingAlone = (form: ExecutionForm) =>
  form.trailingStopPct.trim() !== '' && legs(form) ? 'Not together with a stop loss or take profit: only one order can hold the shares.' : '';

function extendedProblem({ orderType, timeInForce, execution }: Ordering): string {
  if (orderType !== 'limit' && Number(execution.maxSlippagePct) <= 0) return 'Outside regular hours the broker takes limit orders only.';
  if (timeInForce !== 'day') return 'Outside regular hours orders last until the session ends.';
  return legs(execution) ? 'Not together with a stop loss or take profit: the broker refuses such orders.' : '';
}
