import type { Grade } from '../store/define.ts';
import type { Colors } from './colors.ts';

export function paintGrade(grade: Grade, text: string, colors: Colors): string {
  switch (grade) {
    case 'durable':
      return colors.green(text);
    case 'atomic':
    case 'inconclusive':
      return colors.yellow(text);
    case 'lossy':
      return colors.red(text);
    default:
      return grade satisfies never;
  }
}
