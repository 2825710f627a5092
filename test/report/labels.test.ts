import { describe, expect, test } from 'vitest';
import { spread } from '#minillm/report/figure/label-layout.js';
import { clearest, labelPlaces, type Path } from '#minillm/report/figure/reference-label.js';

describe('labels beside a chart', () => {
  test('that do not collide stay where they want to be', () => {
    expect(spread([100, 50, 200], 16, 0, 300)).toEqual([100, 50, 200]);
  });

  test('that collide share the shift, keep their order and their distance', () => {
    expect(spread([100, 104], 16, 0, 300)).toEqual([94, 110]);
    const placed = spread([100, 101, 99, 100], 16, 0, 300);
    const sorted = [...placed].sort((a, b) => a - b);
    expect(sorted.every((y, index) => index === 0 || y - (sorted[index - 1] ?? 0) >= 16)).toBe(true);
    expect(placed.indexOf(Math.min(...placed))).toBe(2);
  });

  test('stay within the chart', () => {
    expect(spread([-50, 0, 500], 16, 0, 100)).toEqual([8, 24, 92]);
  });
});

describe("a reference's name", () => {
  const places = labelPlaces([0, 400], 100, 120, 'right');

  test('stands at its preferred side where no curve is', () => {
    expect(clearest(places, [])).toMatchObject({ left: 280, y: 90 });
  });

  test('goes below the line, or along it, to where no curve runs', () => {
    const above: Path = [
      [0, 88],
      [400, 88],
    ];
    const throughTheEnd: Path = [
      [300, 0],
      [300, 300],
    ];
    expect(clearest(places, [above])?.y).toBeGreaterThan(100);
    const moved = clearest(places, [throughTheEnd]);
    expect((moved?.left ?? 999) + 120).toBeLessThan(300);
  });
});
