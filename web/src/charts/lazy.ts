// The drawing library is loaded when the first chart is shown, not before the reader signs in.
import type { Colors } from './colors';
import type { EquityDrawing, Plot } from './plot';
import type { DayResult } from './shape';

export type MakePlot<T> = (box: HTMLElement, colors: Colors) => Promise<Plot<T>>;

export const equityPlot: MakePlot<EquityDrawing> = async (box, colors) => (await import('./plot')).equityPlot(box, colors);
export const dailyPlot: MakePlot<DayResult[]> = async (box, colors) => (await import('./plot')).dailyPlot(box, colors);
