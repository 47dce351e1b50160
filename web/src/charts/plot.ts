// The drawing itself, with lightweight-charts. The library's own logo brings a <style> element that
// the content security policy refuses, so the attribution is a link under the chart instead.
import {
  AreaSeries, ColorType, createChart, HistogramSeries, LineStyle,
  type IChartApi, type IPriceLine, type ISeriesApi, type Time, type UTCTimestamp,
} from 'lightweight-charts';
import { money, signedMoney } from '../format/number';
import { clockTime, dateTime, day, sessionDay } from '../format/time';
import { faded, type Colors } from './colors';
import type { DayResult, Point } from './shape';

function look(colors: Colors, intraday: boolean) {
  return {
    autoSize: true,
    layout: {
      background: { type: ColorType.Solid, color: colors.surface },
      textColor: colors.muted,
      fontSize: 12,
      fontFamily: getComputedStyle(document.body).fontFamily,
      attributionLogo: false,
    },
    grid: { vertLines: { visible: false }, horzLines: { color: colors.line } },
    rightPriceScale: { borderVisible: false, minimumWidth: 84 },
    timeScale: { borderColor: colors.line, timeVisible: intraday, secondsVisible: false, fixLeftEdge: true, fixRightEdge: true },
    crosshair: { vertLine: { color: colors.muted, labelBackgroundColor: colors.text }, horzLine: { color: colors.muted, labelBackgroundColor: colors.text } },
    handleScroll: false,
    handleScale: false,
  };
}

/** Times are drawn in the reader's zone; days are New York's. */
const zoned = (intraday: boolean) => ({
  localization: { timeFormatter: (time: Time) => label(time, intraday) },
  timeScale: {
    tickMarkFormatter: (time: Time, mark: number) => (mark >= 3 ? clockTime(Number(time) * 1000) : dayLabel(time, intraday)),
  },
});

function label(time: Time, intraday: boolean): string {
  return intraday ? dateTime(Number(time) * 1000) : sessionDay(momentOf(time));
}

function dayLabel(time: Time, intraday: boolean): string {
  return (intraday ? day(momentOf(time)) : sessionDay(momentOf(time))).replace(/,.*/, '');
}

/** A bar of a day carries its date, a point of the equity its second. */
function momentOf(time: Time): string | number {
  return typeof time === 'string' ? `${time}T12:00:00-05:00` : Number(time) * 1000;
}

export interface Plot<T> {
  draw(content: T, colors: Colors): void;
  remove(): void;
}

export interface EquityDrawing {
  points: Point[];
  base: number | null;
  intraday: boolean;
}

/** An area with the start value as a dashed line. */
export function equityPlot(box: HTMLElement, colors: Colors): Plot<EquityDrawing> {
  const chart = createChart(box, look(colors, false));
  const series: ISeriesApi<'Area'> = chart.addSeries(AreaSeries, {
    lineWidth: 2, priceFormat: { type: 'custom', minMove: 0.01, formatter: money }, priceLineVisible: false,
  });
  let line: IPriceLine | null = null;
  return {
    draw({ points, base, intraday }, colors) {
      repaint(chart, colors, intraday);
      series.applyOptions({ lineColor: colors.accent, topColor: faded(colors.accent, 0.22), bottomColor: faded(colors.accent, 0.02) });
      series.setData(points.map(({ time, value }) => ({ time: time as UTCTimestamp, value })));
      if (line) series.removePriceLine(line);
      line = base === null ? null : series.createPriceLine({
        price: base, color: colors.muted, lineStyle: LineStyle.Dashed, lineWidth: 1, axisLabelVisible: false, title: 'start',
      });
      chart.timeScale().fitContent();
    },
    remove: () => chart.remove(),
  };
}

/** A single day must not fill the whole chart. */
const widestBar = 48; // pixels

/** Bars around zero. */
export function dailyPlot(box: HTMLElement, colors: Colors): Plot<DayResult[]> {
  const chart = createChart(box, look(colors, false));
  chart.timeScale().applyOptions({ maxBarSpacing: widestBar });
  const series = chart.addSeries(HistogramSeries, {
    base: 0, priceFormat: { type: 'custom', minMove: 0.01, formatter: signedMoney }, priceLineVisible: false, lastValueVisible: false,
  });
  return {
    draw(days, colors) {
      repaint(chart, colors, false);
      series.setData(days.map(({ day, value }) => ({ time: day, value, color: value < 0 ? colors.loss : colors.gain })));
      chart.timeScale().fitContent();
    },
    remove: () => chart.remove(),
  };
}

function repaint(chart: IChartApi, colors: Colors, intraday: boolean): void {
  const { timeScale, ...rest } = look(colors, intraday);
  const { timeScale: marks, localization } = zoned(intraday);
  chart.applyOptions({ ...rest, localization, timeScale: { ...timeScale, ...marks } });
}
